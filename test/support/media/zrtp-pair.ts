import { randomBytes } from 'node:crypto'
import { ownAlgorithms, type HelloAlgorithms } from '../../../src/media/zrtp/algorithms.ts'
import { sha256 } from '../../../src/media/zrtp/key-derivation.ts'
import { parsePacket } from '../../../src/media/zrtp/message/packet.ts'
import { ownHello } from '../../../src/media/zrtp/own-hello.ts'
import { MemorySecretCache, type SecretCache } from '../../../src/media/zrtp/secret-cache.ts'
import { type ZrtpError } from '../../../src/media/zrtp/zrtp-error.ts'
import { type ZrtpResult } from '../../../src/media/zrtp/zrtp-exchange.ts'
import { ZrtpSession } from '../../../src/media/zrtp/zrtp-session.ts'
import { ZrtpStream } from '../../../src/media/zrtp/zrtp-stream.ts'

export interface PairEndOptions {
  readonly zid?: Buffer
  readonly cache?: SecretCache
  readonly algorithms?: Partial<HelloAlgorithms>
  readonly auxSecret?: Buffer
  readonly trustedMitm?: boolean
  /** For a further stream of the session of an end. */
  readonly session?: ZrtpSession
}

/** One end, and what has become of it. */
export class PairEnd {
  readonly session: ZrtpSession
  readonly seed = randomBytes(32)
  readonly hello: Buffer
  readonly options: PairEndOptions
  /** Every packet that it sent. */
  readonly sent: Buffer[] = []
  stream!: ZrtpStream
  result: ZrtpResult | undefined
  error: ZrtpError | undefined

  constructor(options: PairEndOptions) {
    this.options = options
    const { zid = randomBytes(12), cache = new MemorySecretCache(), auxSecret, trustedMitm = false } = options
    const algorithms = { ...ownAlgorithms, ...options.algorithms }
    this.session =
      options.session ??
      new ZrtpSession({
        ...{ zid, cache, party: 'sip:a@example.org', algorithms, trustedMitm },
        ...(auxSecret !== undefined && { auxSecret }),
      })
    this.hello = ownHello({
      ...{ seed: this.seed, zid: this.session.zid, trustedMitm },
      algorithms: this.session.algorithms,
    })
  }

  /** How often it sent a message of a type. */
  said(type: string): number {
    return this.sent.filter((packet) => typeOf(packet) === type).length
  }

  /** The numbers of the errors that it has said. */
  get saidErrors(): readonly number[] {
    return this.sent.filter((packet) => typeOf(packet) === 'Error').map((packet) => packet.readUInt32BE(24))
  }
}

export interface PairOptions {
  readonly one?: PairEndOptions
  readonly two?: PairEndOptions
  /** Each end knows the other's Hello from the signalling. */
  readonly hashes?: boolean
  /** What becomes of a packet on its way: itself, others in its place, or none. */
  readonly wire?: (packet: Buffer, from: 'one' | 'two', pair: ZrtpPair) => readonly Buffer[]
  /** Milliseconds that a packet is on its way; 0 unless this says otherwise. */
  readonly delay?: (packet: Buffer, from: 'one' | 'two') => number
}

/** Type of the message in a packet, without the blanks behind it. */
export function typeOf(packet: Buffer): string {
  return parsePacket(packet)?.type ?? ''
}

/** Two ends of this server's own, with a clock and a wire of their own, on which an attacker may sit. */
export class ZrtpPair {
  readonly one: PairEnd
  readonly two: PairEnd
  now = 0
  readonly #options: PairOptions
  readonly #flying: { readonly at: number; readonly to: PairEnd; readonly packet: Buffer }[] = []

  constructor(options: PairOptions = {}) {
    this.#options = options
    this.one = new PairEnd(options.one ?? {})
    this.two = new PairEnd(options.two ?? {})
    this.#open('one', this.one, this.two)
    this.#open('two', this.two, this.one)
  }

  #open(name: 'one' | 'two', end: PairEnd, other: PairEnd): void {
    const { hashes = false, wire = (packet: Buffer): readonly Buffer[] => [packet], delay = () => 0 } = this.#options
    end.stream = new ZrtpStream(end.session, {
      ...{ ssrc: randomBytes(4).readUInt32BE(0), seed: end.seed, now: () => this.now },
      ...(hashes && { peerHash: sha256(other.hello) }),
      onSend: (bytes) => {
        const packet = Buffer.from(bytes)
        end.sent.push(packet)
        for (const one of wire(packet, name, this)) {
          this.#flying.push({ at: this.now + delay(packet, name), to: other, packet: one })
        }
      },
      onSecured: (result) => (end.result = result),
      onFailed: (error) => (end.error = error),
    })
  }

  /** Puts a packet on the wire. */
  inject(to: PairEnd, packet: Buffer): void {
    this.#flying.push({ at: this.now, to, packet })
  }

  /** Lets both speak, and time go by, until neither has more to say, at most for `limit` milliseconds. */
  run(limit = 60_000): this {
    const end = this.now + limit
    this.one.stream.start()
    this.two.stream.start()
    for (;;) {
      this.#deliver()
      const next = Math.min(...this.#flying.map(({ at }) => at), ...this.#timeouts())
      if (next > end) return this
      this.now = next
      for (const { stream } of [this.one, this.two]) if (stream.timeout === 0) stream.onTimeout()
    }
  }

  close(): void {
    this.one.stream.close()
    this.two.stream.close()
  }

  #deliver(): void {
    for (;;) {
      const place = this.#flying.findIndex(({ at }) => at <= this.now)
      if (place < 0) return
      const { to, packet } = this.#flying.splice(place, 1)[0]!
      to.stream.receive(packet)
    }
  }

  #timeouts(): readonly number[] {
    return [this.one, this.two].map(({ stream }) => this.now + (stream.timeout ?? Infinity))
  }
}
