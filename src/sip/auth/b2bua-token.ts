import { createHmac, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto'
import { parseCSeq } from '../message/cseq.ts'
import { HeaderError } from '../message/header-error.ts'
import { type SipRequest } from '../message/message.ts'

/** The header field by which the proxy side knows a request of its own B2BUA. */
export const tokenHeader = 'X-Flexisip-B2BUA-Token'

/** What a token is worth; anything but `genuine` means that the request may be anybody's. */
export type TokenVerdict = 'genuine' | 'missing' | 'forged' | 'expired' | 'replayed'

/** Seconds that the two servers' clocks may differ, the way of the request included. */
const tolerance = 60
/** Bytes of the HMAC that a token has. */
const macLength = 16
/** `<seconds, base 36>-<base64url>`; eight digits of base 36 last for ninety thousand years. */
const tokenShape = /^([0-9a-z]{1,8})-([A-Za-z0-9_-]{22})$/
const longestToken = 8 + 1 + 22

/** Writes the tokens of the B2BUA's requests. */
export class TokenSigner {
  readonly #key: KeyObject
  readonly #now: () => number

  /**
   * @param key - 32 bytes that both servers share
   * @param now - milliseconds since the epoch: the other server has the same time, as no monotonic clock of a process has
   */
  constructor(key: Buffer, now: () => number) {
    this.#key = createSecretKey(key)
    this.#now = now
  }

  /**
   * Makes the value of {@link tokenHeader} for a request, good for this one transaction: what is sent again with another
   * branch needs another second, or another CSeq.
   * @param request - with its Call-ID and CSeq
   * @throws HeaderError when CSeq is malformed
   */
  sign(request: SipRequest): string {
    const time = secondsOf(this.#now).toString(36)
    return `${time}-${macOf(this.#key, time, request)}`
  }
}

/**
 * Tells the tokens that a {@link TokenSigner} with the same key has made, each for one transaction. A genuine token is
 * remembered until it expires, under its second, so that a whole second is forgotten at once; others take no memory.
 */
export class TokenVerifier {
  readonly #key: KeyObject
  readonly #now: () => number
  /** Transaction by MAC, by the second of the token: at most 121 seconds. */
  readonly #seen = new Map<number, Map<string, string>>()
  /** The second of the last sweep. */
  #sweptAt = 0
  /** The latest second that was forgotten: its tokens stay expired, even if the clock is set back. */
  #floor = -1

  /**
   * @param key - 32 bytes that both servers share
   * @param now - milliseconds since the epoch
   */
  constructor(key: Buffer, now: () => number) {
    this.#key = createSecretKey(key)
    this.#now = now
  }

  /** Tokens that are remembered. */
  get size(): number {
    let size = 0
    for (const transactions of this.#seen.values()) size += transactions.size
    return size
  }

  /**
   * Judges the token of a request, and remembers a genuine one. Never throws: what cannot be read is forged.
   * @param transactionKey - the same for retransmissions of the request and for nothing else: branch, sent-by and method
   *   (RFC 3261 §17.2.3)
   */
  verify(request: SipRequest, transactionKey: string): TokenVerdict {
    const now = secondsOf(this.#now)
    if (now !== this.#sweptAt) this.#forget(now)
    const count = request.headers.count(tokenHeader)
    if (count !== 1) return count === 0 ? 'missing' : 'forged'
    const value = request.headers.get(tokenHeader)!
    const parts = value.length > longestToken ? null : tokenShape.exec(value)
    if (parts === null) return 'forged'
    const [time, given] = [parts[1]!, parts[2]!]
    const mac = expectedMac(this.#key, time, request)
    if (mac === undefined || !timingSafeEqual(Buffer.from(given, 'latin1'), Buffer.from(mac, 'latin1'))) return 'forged'
    const second = Number.parseInt(time, 36)
    if (Math.abs(now - second) > tolerance || second <= this.#floor) return 'expired'
    return this.#remember(second, mac, transactionKey) ? 'genuine' : 'replayed'
  }

  /** Whether a request has a token of this key, be it of whichever time, and seen before or not: then it was made here. */
  isGenuine(request: SipRequest): boolean {
    const value = request.headers.get(tokenHeader)
    const [, time, given] = (value === undefined || value.length > longestToken ? null : tokenShape.exec(value)) ?? []
    return time !== undefined && given === expectedMac(this.#key, time, request)
  }

  /** Whether the token is new, or comes again with its own transaction. */
  #remember(second: number, mac: string, transactionKey: string): boolean {
    let transactions = this.#seen.get(second)
    if (transactions === undefined) this.#seen.set(second, (transactions = new Map<string, string>()))
    const known = transactions.get(mac)
    if (known !== undefined) return known === transactionKey
    // a copy: a slice of a message would keep all of it in memory
    transactions.set(mac, Buffer.from(transactionKey, 'latin1').toString('latin1'))
    return true
  }

  /** Forgets the seconds whose tokens have expired; once a second, so that a request costs a fraction of a step. */
  #forget(now: number): void {
    this.#sweptAt = now
    for (const second of this.#seen.keys()) {
      if (now - second <= tolerance) continue
      this.#seen.delete(second)
      if (second > this.#floor) this.#floor = second
    }
  }
}

function secondsOf(now: () => number): number {
  return Math.floor(now() / 1000)
}

/** The MAC that the request should have; undefined where the request is none that anybody signs. */
function expectedMac(key: KeyObject, time: string, request: SipRequest): string | undefined {
  try {
    return macOf(key, time, request)
  } catch (error) {
    if (!(error instanceof HeaderError)) throw error
    return undefined
  }
}

/**
 * The first 128 bits of the HMAC in base64url. No part can hold a line end, so that no two requests give the same text.
 * @throws HeaderError when CSeq is malformed, or not of the request's method: it would be signed for another method
 */
function macOf(key: KeyObject, time: string, { headers, method }: SipRequest): string {
  const cseq = parseCSeq(headers.get('CSeq') ?? '')
  if (cseq.method !== method) throw new HeaderError('SIP_CSEQ', 'The method of CSeq is not that of the request.')
  const text = `${time}\n${cseq.number}\n${method}\n${headers.get('Call-ID') ?? ''}`
  return createHmac('sha256', key).update(text, 'latin1').digest().toString('base64url', 0, macLength)
}
