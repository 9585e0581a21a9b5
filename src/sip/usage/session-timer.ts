import { randomInt } from 'node:crypto'
import { type Clock, type Timer } from '../../base/clock.ts'
import { type DialogRole } from './usage-context.ts'
import { decimal } from '../message/characters.ts'
import { type Headers } from '../message/headers.ts'
import { type SipRequest, type SipResponse } from '../message/message.ts'
import { findParameter, readParameters } from '../message/parameters.ts'
import { type HeaderList } from '../transaction/header-list.ts'
import { type Refusal } from './request-checks.ts'

/** Seconds: the shortest session interval that is taken (RFC 4028 §5). */
const leastInterval = 90
/** Milliseconds before the end of a session at which it is given up, at most (RFC 4028 §10). */
const margin = 32_000
/** Milliseconds after which a refresh that was refused for the moment is tried again. */
const retryDelay = 4000

/** What the timer asks of its session. */
export interface SessionTimerOwner {
  /** A refresh is due: an UPDATE or a re-INVITE is to be sent, and its outcome told. */
  onRefreshDue(): void
  /** Nobody has refreshed the session in time: it is over. */
  onExpired(): void
}

/** A Session-Expires value (RFC 4028 §4). */
interface SessionExpires {
  /** Seconds. */
  readonly interval: number
  readonly refresher: 'uac' | 'uas' | undefined
}

/**
 * The session timer of one dialog (RFC 4028). It runs where the peer asks for it, never by itself: each leg of a call has its
 * own, refreshed by whoever was agreed on, and a session that is not is ended.
 */
export class SessionTimer {
  readonly #clock: Clock
  readonly #role: DialogRole
  readonly #owner: SessionTimerOwner
  /** Seconds; `undefined`: the session does not expire. */
  #interval: number | undefined
  /** The peer's, in seconds. */
  #least = leastInterval
  /** This server is the one that refreshes. */
  #local = false
  #refresh: Timer | undefined
  #expiry: Timer | undefined

  /** @param role of this server in the dialog: both sides of a glare wait, the caller longer (RFC 3261 §14.1) */
  constructor(clock: Clock, role: DialogRole, owner: SessionTimerOwner) {
    this.#clock = clock
    this.#role = role
    this.#owner = owner
  }

  /** The refusal of an interval that is too short, where the peer can learn from it (RFC 4028 §6). */
  static refusalOf({ headers }: SipRequest): Refusal | undefined {
    const wanted = readSessionExpires(headers)
    if (wanted === undefined || wanted.interval >= leastInterval || !supportsTimer(headers)) return undefined
    return { status: 422, headers: [['Min-SE', String(leastInterval)]] }
  }

  /**
   * What a 2xx of this server to an INVITE or UPDATE says; the timer starts anew, or ends where the request has none.
   * Without a word about it the caller refreshes, if it can (RFC 4028 §9).
   */
  answer({ headers }: SipRequest): HeaderList {
    const wanted = readSessionExpires(headers)
    if (wanted === undefined) {
      this.stop()
      return []
    }
    const able = supportsTimer(headers)
    const refresher = able ? (wanted.refresher ?? 'uac') : 'uas'
    this.#start(Math.max(wanted.interval, leastInterval), refresher === 'uas')
    const value = `${this.#interval};refresher=${refresher}`
    return refresher === 'uac'
      ? [
          ['Session-Expires', value],
          ['Require', 'timer'],
        ]
      : [['Session-Expires', value]]
  }

  /** What an INVITE or UPDATE of this server inside the dialog says. */
  offer(): HeaderList {
    if (this.#interval === undefined) return []
    const value = `${this.#interval};refresher=${this.#local ? 'uac' : 'uas'}`
    const least = this.#least > leastInterval ? [['Min-SE', String(this.#least)] as const] : []
    return [['Session-Expires', value], ...least]
  }

  /** The peer's 2xx to such a request, or to the INVITE that made the dialog. */
  accepted({ headers }: SipResponse): void {
    const agreed = readSessionExpires(headers)
    if (agreed === undefined) this.stop()
    else this.#start(agreed.interval, agreed.refresher !== 'uas')
  }

  /**
   * The peer has refused a refresh: 422 says what it wants, of everything else it may think otherwise in a while. Until the
   * session expires it is tried again.
   */
  refused({ status, headers }: SipResponse): void {
    const least = decimalOf(headers.get('Min-SE'))
    if (status === 422 && least !== undefined && this.#interval !== undefined && least > this.#interval) {
      this.#least = this.#interval = least
    }
    this.retry(status === 422 ? 0 : status === 491 ? this.#glareDelay() : retryDelay)
  }

  /**
   * Asks for a refresh again.
   * @param delay milliseconds
   */
  retry(delay = retryDelay): void {
    if (this.#interval === undefined || !this.#local) return
    this.#refresh?.cancel()
    this.#refresh = this.#clock.after(delay, () => this.#owner.onRefreshDue())
  }

  /** The session does not expire any more. */
  stop(): void {
    this.#interval = undefined
    this.#refresh?.cancel()
    this.#expiry?.cancel()
  }

  /** Milliseconds, in steps of 10. */
  #glareDelay(): number {
    return 10 * (this.#role === 'caller' ? randomInt(210, 401) : randomInt(0, 201))
  }

  #start(interval: number, local: boolean): void {
    this.stop()
    this.#interval = interval
    this.#local = local
    const length = interval * 1000
    if (local) this.#refresh = this.#clock.after(length / 2, () => this.#owner.onRefreshDue())
    this.#expiry = this.#clock.after(length - Math.min(margin, length / 3), () => {
      this.stop()
      this.#owner.onExpired()
    })
  }
}

function supportsTimer(headers: Headers): boolean {
  return [...headers.values('Supported'), ...headers.values('Require')].some((tag) => tag.toLowerCase() === 'timer')
}

/** One that cannot be read is none. */
function readSessionExpires(headers: Headers): SessionExpires | undefined {
  const value = headers.get('Session-Expires')
  if (value === undefined) return undefined
  const semicolon = value.indexOf(';')
  const interval = decimalOf(semicolon < 0 ? value : value.slice(0, semicolon).trimEnd())
  if (interval === undefined) return undefined
  const parameters = semicolon < 0 ? [] : (readParameters(value, semicolon, value.length) ?? [])
  const refresher = findParameter(parameters, 'refresher')?.value?.toLowerCase()
  return { interval, refresher: refresher === 'uac' || refresher === 'uas' ? refresher : undefined }
}

function decimalOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : decimal(text, 0, text.length, 0xffffffff)
}
