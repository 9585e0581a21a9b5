import { type Diversion } from '../../proxy-module/diversion/diversion.ts'
import { type ServerPool } from '../../proxy-module/diversion/server-pool.ts'
import { type Proxy } from '../../proxy-module/proxy/proxy.ts'
import { type Clock } from '../base/clock.ts'
import { CodedError } from '../base/coded-error.ts'
import { LineLimit } from '../operation/line-limit.ts'
import { type LogFields } from '../operation/log-line.ts'
import { type Log } from '../operation/log.ts'
import { type SipMessage } from '../sip/message/message.ts'
import { formatAddress } from '../sip/transport/flow.ts'

/** Writes into the log what the proxy and its diversion tell about themselves. */
export function logProxy(proxy: Proxy, diversion: Diversion, pool: ServerPool, log: Log, clock: Clock): void {
  const limit = new LineLimit(clock)
  const warn = (text: string, fields: LogFields): void => {
    limit.pass(text, (more) => log.warning(text, { ...fields, ...more }))
  }
  proxy.events.on('diverted', (request, server) => {
    log.debug('call diverted', { ...named(request), uri: request.uri, server })
  })
  proxy.events.on('answered', (request, flow, status) => {
    log.debug('request answered', {
      ...named(request),
      method: request.method,
      peer: formatAddress(flow.remote),
      status,
    })
  })
  proxy.events.on('undelivered', (message, error) => {
    warn('a message could not be sent on', { ...named(message), error: error.message })
  })
  proxy.events.on('dropped', (message, flow, why) => {
    warn('message dropped', { ...named(message), peer: formatAddress(flow.remote), why })
  })
  proxy.events.on('failed', (message, error) => {
    // a peer's fault has a status of its own; everything else is ours
    if (error instanceof CodedError && error.status < 500) {
      warn('message refused', { ...named(message), error: error.message })
      return
    }
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error)
    limit.pass('failed', (more) =>
      log.error('a message could not be handled', { ...named(message), error: what, ...more }),
    )
  })
  pool.events.on('died', (uri, why) => {
    log.warning('a B2BUA does not answer: calls go to the others', { server: uri.raw, why })
  })
  pool.events.on('returned', (uri) => log.message('a B2BUA answers again', { server: uri.raw }))
  diversion.events.on('distrusted', (request, verdict) => {
    warn(`a request with a ${verdict} token is taken for a phone's`, named(request))
  })
}

function named({ headers }: SipMessage): { readonly 'call-id': string | undefined } {
  return { 'call-id': headers.get('Call-ID') }
}
