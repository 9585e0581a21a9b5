import { type Clock } from '../base/clock.ts'
import { CodedError } from '../base/coded-error.ts'
import { type MediaEngine } from '../media/media-engine.ts'
import { type TransactionLayer } from '../sip/transaction/transaction-layer.ts'
import { formatAddress, type Flow } from '../sip/transport/flow.ts'
import { type TransportLayer } from '../sip/transport/transport-layer.ts'
import { LineLimit } from './line-limit.ts'
import { type LogFields } from './log-line.ts'
import { type Log } from './log.ts'

/** The layers that tell something. */
export interface LoggedStack {
  readonly transport: TransportLayer
  readonly transactions: TransactionLayer
}

/** Writes into the log what transports and transactions tell about themselves. */
export function logStack({ transport, transactions }: LoggedStack, log: Log, clock: Clock): void {
  const limit = new LineLimit(clock)
  const warn = (text: string, fields: LogFields): void => {
    limit.pass(text, (more) => log.warning(text, { ...fields, ...more }))
  }
  const fail = (text: string, fields: LogFields): void => {
    limit.pass(text, (more) => log.error(text, { ...fields, ...more }))
  }
  transport.events.on('flowOpened', (flow) => log.debug('connection opened', ends(flow)))
  transport.events.on('flowClosed', (flow, error) => {
    log.debug('connection closed', { ...ends(flow), error: error?.message })
  })
  transport.events.on('malformed', (flow, error) => {
    warn('malformed message', { ...ends(flow), code: error.code, error: error.message })
  })
  transport.events.on('refused', (remote, error) => {
    warn('connection refused', { peer: formatAddress(remote), error: error.message })
  })
  transport.events.on('socketError', (local, error) => {
    fail('socket error', { local: formatAddress(local), error: error.message })
  })
  transport.onHandlerError = (error) => fail('a message could not be handled', { error: stackOf(error) })
  transactions.events.on('failed', (message, error) => {
    const callId = message.headers.get('Call-ID')
    // a peer's fault has a status of its own; everything else is ours
    if (error instanceof CodedError && error.status < 500)
      warn('message refused', { 'call-id': callId, error: error.message })
    else fail('a message could not be handled', { 'call-id': callId, error: stackOf(error) })
  })
  transactions.events.on('undelivered', (message, error) => {
    warn('a message did not leave', { 'call-id': message.headers.get('Call-ID'), error: error.message })
  })
  transactions.events.on('dropped', (_message, flow, why) => warn('message dropped', { ...ends(flow), why }))
}

/** Writes into the log what the media engine tells about itself. */
export function logMedia({ events }: MediaEngine, log: Log): void {
  events.on('workerDied', ({ worker, sessions, error }) => {
    log.error('a media worker died', { worker, calls: sessions, error: error.message })
  })
  events.on('zrtpSecretsNotKept', ({ error }) => {
    log.error('the retained secrets of ZRTP are kept in memory only', { error: error.message })
  })
  events.on('cipherFallback', ({ why }) => {
    log.warning('SRTP costs more: the OpenSSL inside Node cannot be called directly', { why })
  })
  events.on('ordinaryPriority', ({ why }) => {
    log.message('media has no precedence on this machine: LimitNICE=-7 in its systemd unit would give it some', { why })
  })
  events.on('packetIoFallback', ({ why }) => {
    log.warning("media goes through Node's own sockets, which cost more: the driver of Linux does not run here", {
      why,
    })
  })
  events.on('keyExchangeDied', ({ error }) => log.error('the key exchange worker died', { error: error.message }))
  events.on('workerReplaced', ({ worker }) => log.message('media worker replaced', { worker }))
}

/** Writes into the log what those threw who were told something. */
export function logListenerErrors(events: { onListenerError: (error: unknown) => void }, log: Log): void {
  events.onListenerError = (error) => log.error('an observer failed', { error: stackOf(error) })
}

function ends(flow: Flow): { readonly protocol: string; readonly peer: string } {
  return { protocol: flow.protocol, peer: formatAddress(flow.remote) }
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
