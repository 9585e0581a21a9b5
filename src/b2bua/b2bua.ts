import { type Clock } from '../base/clock.ts'
import { type EncryptionMode } from '../base/encryption.ts'
import { TypedEmitter } from '../base/typed-emitter.ts'
import { type Dialog } from '../sip/dialog/dialog.ts'
import { dialogKey } from '../sip/dialog/dialog-key.ts'
import { type Headers } from '../sip/message/headers.ts'
import { type ServerTransaction } from '../sip/transaction/server-transaction.ts'
import { type IncomingInvite } from '../sip/usage/incoming-invite.ts'
import { type InviteSession } from '../sip/usage/invite-session.ts'
import { type UserAgent } from '../sip/usage/user-agent.ts'
import { type KeyExchangeReport, type MediaEngine } from '../media/media-engine.ts'
import { CallAdmission } from './call-admission.ts'
import { type Application, type Destination } from './application.ts'
import { Call } from './call.ts'
import { verdictOf } from './call-error.ts'
import { type CallSummary } from './call-summary.ts'
import { type CallSettings } from './call-settings.ts'
import { endReasons, type EndReason } from './end-reason.ts'
import { relayedOptions } from './option-tags.ts'
import { ReferRelay } from './refer-relay.ts'
import { parseTargetDialog, type BridgedDialogs } from './replaces.ts'
import { reasonHeader, warning } from './reason-headers.ts'

/** What the calls tell the operator. No argument holds a secret. */
export interface B2buaEvents {
  /** Leg B's INVITE is about to leave for this destination. */
  routed: [call: Call, destination: Destination]
  answered: [call: Call]
  /** The recipient refused an encryption mode, and is called again with another one. */
  fallback: [call: Call, refused: EncryptionMode, why: string]
  /** A handshake has brought a leg's keys. */
  keyed: [call: Call, report: KeyExchangeReport]
  /** Survived, but worth a look. */
  warning: [call: Call, what: string]
  ended: [call: Call, summary: CallSummary]
  /** An INVITE that never became a call. */
  turnedAway: [invite: IncomingInvite, reason: EndReason, detail: string | undefined]
}

/** What the calls are made with. */
export interface B2buaOptions {
  readonly userAgent: UserAgent
  readonly engine: MediaEngine
  readonly clock: Clock
  /** The application with the rules in force now; a call keeps what it got. */
  readonly application: () => Application
  /** The settings in force now; likewise. */
  readonly settings: () => CallSettings
}

/** Seconds after which a caller who was turned away at shutdown may try again. */
const retryAfterShutdown = '10'

/** The back-to-back user agent: admits calls, holds them, and ends them when it must stop. */
export class B2bua implements BridgedDialogs {
  readonly events = new TypedEmitter<B2buaEvents>()
  readonly #options: B2buaOptions
  readonly #calls = new Set<Call>()
  readonly #refers: ReferRelay
  readonly #admission: CallAdmission
  #draining = false
  #fallbacks = 0
  #onEmpty: (() => void) | undefined

  constructor(options: B2buaOptions) {
    this.#options = options
    this.#refers = new ReferRelay(options.clock)
    this.#admission = new CallAdmission(options.clock)
    options.userAgent.onInvite = (invite) => this.#admit(invite)
    options.userAgent.onRequest = (transaction) => this.#receiveOutside(transaction)
  }

  /** How often a recipient was called again with another encryption mode. */
  get fallbacks(): number {
    return this.#fallbacks
  }

  /** Calls that are not over. */
  get calls(): ReadonlySet<Call> {
    return this.#calls
  }

  /** Part of {@link BridgedDialogs}. */
  farDialog(callId: string, localTag: string, remoteTag: string): Dialog | undefined {
    return this.#callWith(dialogKey(callId, localTag, remoteTag))?.far.dialog
  }

  /**
   * Turns new calls away with 503, gives those in progress `grace` milliseconds, and then ends them with BYE, CANCEL or a
   * final response. Resolves when no call is left; the transactions of the last requests may still be under way.
   */
  async stop(grace: number): Promise<void> {
    this.#draining = true
    if (this.#calls.size === 0) {
      this.#refers.stop()
      return
    }
    const empty = new Promise<void>((resolve) => {
      this.#onEmpty = resolve
    })
    const timer = this.#options.clock.after(grace, () => {
      for (const call of [...this.#calls]) call.end('shutdown')
    })
    await empty
    timer.cancel()
    this.#refers.stop()
  }

  #callWith(key: string): { readonly call: Call; readonly far: InviteSession } | undefined {
    for (const call of this.#calls) {
      const far = call.farSession(key)
      if (far !== undefined) return { call, far }
    }
    return undefined
  }

  /**
   * A REFER in no dialog that names one of a call here (RFC 4538) concerns that call: it goes into the dialog of its other leg, and
   * what is told of it into the one that it makes.
   * @returns false for all that is no REFER
   */
  #receiveOutside(transaction: ServerTransaction): boolean {
    const { method, headers } = transaction.request
    if (method !== 'REFER') return false
    const { userAgent } = this.#options
    const value = headers.get('Target-Dialog')
    const target = value === undefined ? undefined : parseTargetDialog(value)
    const found = target && this.#callWith(dialogKey(target.callId, target.ownTag, target.otherTag))
    if (found === undefined) {
      const [status, why] =
        value === undefined
          ? [403, 'a REFER outside of a call must name it in Target-Dialog']
          : [481, 'Target-Dialog names no call']
      userAgent.reply(transaction, status, { headers: [warning(why)] })
      return true
    }
    const session = userAgent.openDialog(transaction)
    session.onRequest = (request) => this.#refers.relay(session, request, undefined, found.call.rules)
    try {
      this.#refers.refer(session, transaction, found.far, found.call.rules, insideDialog(headers))
    } catch (error) {
      session.reply(transaction, verdictOf(error).status)
      session.release()
    }
    return true
  }

  #admit(invite: IncomingInvite): void {
    if (this.#draining) {
      this.#turnAway(invite, 'shutdown', [['Retry-After', retryAfterShutdown]])
      return
    }
    const settings = this.#options.settings()
    const refusal = this.#admission.refusalOf(invite.source.host, settings.admission)
    if (refusal !== undefined) {
      const headers = [reasonHeader('overload'), ['Retry-After', String(refusal.retryAfter)]] as const
      this.#turnAway(invite, 'overload', headers, refusal.why)
      return
    }
    if (this.#calls.size >= settings.maxCalls) {
      this.#turnAway(invite, 'max-calls', [reasonHeader('max-calls')])
      return
    }
    let call: Call
    try {
      call = this.#createCall(invite, settings)
    } catch (error) {
      this.#turnAway(invite, verdictOf(error).reason, [])
      return
    }
    invite.provisional(100)
    this.#calls.add(call)
    this.#admission.watch()
    call.start()
  }

  /** @throws CodedError for a To that names nobody */
  #createCall(invite: IncomingInvite, settings: CallSettings): Call {
    const { userAgent, engine, clock, application } = this.#options
    return new Call(invite, {
      userAgent,
      engine,
      clock,
      settings,
      application: application(),
      dialogs: this,
      refers: this.#refers,
      onRouted: (call, destination) => this.events.emit('routed', call, destination),
      onAnswered: (call) => this.events.emit('answered', call),
      onFallback: (call, refused, why) => {
        this.#fallbacks++
        this.events.emit('fallback', call, refused, why)
      },
      onKeyed: (call, report) => this.events.emit('keyed', call, report),
      onWarning: (call, what) => this.events.emit('warning', call, what),
      onEnded: (call, summary) => this.#remove(call, summary),
    })
  }

  #turnAway(
    invite: IncomingInvite,
    reason: EndReason,
    headers: readonly (readonly [string, string])[],
    detail?: string,
  ): void {
    invite.refuseOnce(endReasons[reason].status, { headers })
    this.events.emit('turnedAway', invite, reason, detail)
  }

  #remove(call: Call, summary: CallSummary): void {
    this.#calls.delete(call)
    this.events.emit('ended', call, summary)
    if (this.#calls.size > 0) return
    this.#admission.unwatch()
    this.#onEmpty?.()
  }
}

/** What a REFER of its own dialog has not where it goes inside of one: the name of that dialog, and that it must be known. */
function insideDialog(headers: Headers): ReadonlyMap<string, string | undefined> {
  const required = headers
    .values('Require')
    .filter((tag) => tag.toLowerCase() !== 'tdialog' && relayedOptions.includes(tag.toLowerCase()))
  return new Map([
    ['target-dialog', undefined],
    ['require', required.length === 0 ? undefined : required.join(', ')],
  ])
}
