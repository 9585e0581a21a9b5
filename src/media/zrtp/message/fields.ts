import { ZrtpError } from '../zrtp-error.ts'

/** Reads a message field by field. */
export class Fields {
  readonly #message: Buffer
  #at: number

  /** @param at bytes to leave out */
  constructor(message: Buffer, at: number) {
    this.#message = message
    this.#at = at
  }

  /** @throws ZrtpError `ZRTP_MALFORMED` when the message is too short */
  take(length: number): Buffer {
    const end = this.#at + length
    if (end > this.#message.length) throw new ZrtpError('ZRTP_MALFORMED', 'a message of ZRTP is too short')
    const field = this.#message.subarray(this.#at, end)
    this.#at = end
    return field
  }

  name(): string {
    return this.take(4).toString('latin1')
  }

  word(): number {
    return this.take(4).readUInt32BE(0)
  }

  get left(): number {
    return this.#message.length - this.#at
  }

  /** @throws ZrtpError `ZRTP_MALFORMED` when something is left */
  end(): void {
    if (this.left !== 0) throw new ZrtpError('ZRTP_MALFORMED', 'a message of ZRTP is too long')
  }
}
