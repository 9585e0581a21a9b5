import { type Headers } from '../sip/message/headers.ts'
import { type SipRequest } from '../sip/message/message.ts'
import { type ServerTransaction } from '../sip/transaction/server-transaction.ts'
import { type InviteSession } from '../sip/usage/invite-session.ts'
import { type DtmfKey } from '../media/dtmf/telephone-event.ts'
import { type CallMedia, type LegName } from './call-media.ts'
import { mediaType, type Leg } from './leg.ts'

/** The media type in which keys are sent, and read. */
const relayType = 'application/dtmf-relay'
/** The other one in which they are read: the key alone, as a rule. */
const plainType = 'application/dtmf'

/** Event codes of RFC 4733 §3.2 by their place. `!` is the hook flash, as PBXs write it. */
const signals = '0123456789*#ABCD!'

/** Milliseconds of a key that does not say how long it was pressed, and the limits of what is said. */
const usualDuration = 160
const shortest = 100
const longest = 5000

/** Keys that may wait for the call's answer, or for one to those before them, on one leg. */
const mostWaiting = 16

/** Says whether who wrote a message takes INFO; `undefined` when it does not say (RFC 3261 §20.5). */
export function takesInfo(headers: Headers): boolean | undefined {
  return headers.has('Allow') ? headers.values('Allow').some((method) => method.trim() === 'INFO') : undefined
}

/**
 * The key of an INFO, if it is one. There is no RFC for these bodies: Cisco's `Signal=5` and `Duration=160` lines, of which the
 * latter may be missing, or in `application/dtmf` the bare key. Some write the event code in the key's place.
 */
export function readKey({ method, headers, body }: SipRequest): DtmfKey | undefined {
  const type = mediaType(headers.get('Content-Type') ?? '')
  if (method !== 'INFO' || (type !== relayType && type !== plainType)) return undefined
  if (headers.has('Info-Package') || body.length > 256) return undefined
  const text = body.toString('latin1')
  const bare = type === plainType ? text.trim() : undefined
  const signal = /^\s*signal\s*=\s*(\S+)\s*$/im.exec(text)?.[1] ?? bare
  const event = signal === undefined ? -1 : eventOf(signal)
  if (event < 0) return undefined
  const duration = /^\s*duration\s*=\s*(\d{1,6})\s*$/im.exec(text)?.[1]
  return { event, duration: within(duration === undefined ? usualDuration : Number(duration)) }
}

/** The body of an INFO with a key. */
export function writeKey({ event, duration }: DtmfKey): Buffer {
  return Buffer.from(`Signal=${signals[event]!}\r\nDuration=${within(duration)}\r\n`)
}

function eventOf(signal: string): number {
  if (signal.length === 1) return signals.indexOf(signal.toUpperCase())
  return /^1[0-6]$/.test(signal) ? Number(signal) : -1
}

const within = (duration: number): number => Math.min(longest, Math.max(shortest, duration))

/**
 * Translates keys between the legs of a call where only one of them has telephone events: the other one's come, and are sent,
 * in INFO. Everything else crosses without it.
 */
export class DtmfRelay {
  readonly #onWarning: (what: string) => void
  /** Keys for each leg, the one that is under way first. */
  readonly #keys: Record<LegName, DtmfKey[]> = { a: [], b: [] }
  #warned = false

  /** @param onWarning a key was lost; said once a call */
  constructor(onWarning: (what: string) => void) {
    this.#onWarning = onWarning
  }

  /**
   * Takes an INFO with a key that the far phone gets as an event, and answers it.
   * @returns false for every other request: it crosses as it is
   */
  takes(near: InviteSession, far: LegName, transaction: ServerTransaction, media: CallMedia): boolean {
    const key = readKey(transaction.request)
    if (key === undefined || !media.sendDtmf(far, key)) return false
    near.reply(transaction, 200)
    return true
  }

  /**
   * Sends a key that came as an event to the far phone, after those before it: they must not overtake each other. One of early
   * media waits: there may be several early dialogs, and who will answer is not known.
   * @param far - its leg, as far as there is one
   */
  send(key: DtmfKey, name: LegName, far: Leg | undefined): void {
    const keys = this.#keys[name]
    if (keys.length > mostWaiting) {
      this.#lost(`${keys.length} keys wait for leg ${name}`)
      return
    }
    keys.push(key)
    if (keys.length === 1 && far?.session !== undefined) this.#next(far)
  }

  /** The call is answered: sends this leg's phone what has waited for that. */
  answered(far: Leg): void {
    this.#next(far)
  }

  #next(far: Leg): void {
    const keys = this.#keys[far.name]
    const [key] = keys
    const { session } = far
    if (key === undefined || session === undefined || session.state === 'terminated') return
    const done = (why?: string): void => {
      if (why !== undefined && session.state !== 'terminated') this.#lost(`leg ${far.name} answered INFO with ${why}`)
      keys.shift()
      this.#next(far)
    }
    session.request('INFO', {
      body: writeKey(key),
      contentType: relayType,
      listener: {
        onResponse: ({ status, reason }) => {
          if (status >= 200) done(status < 300 ? undefined : `${status} ${reason}`)
        },
        onFailure: (error) => done(error.message),
      },
    })
  }

  #lost(why: string): void {
    if (this.#warned) return
    this.#warned = true
    this.#onWarning(`a key was lost: ${why}`)
  }
}
