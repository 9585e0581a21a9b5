import { type Clock } from '../base/clock.ts'
import { type B2bua } from '../b2bua/b2bua.ts'
import { type Call } from '../b2bua/call.ts'
import { LineLimit } from './line-limit.ts'
import { type Log } from './log.ts'

/** Writes what happens to calls into the log: one line when a call leaves for its recipient, one when it ends. */
export function logCalls(b2bua: B2bua, log: Log, clock: Clock): void {
  const limit = new LineLimit(clock)
  b2bua.events.on('routed', (call, destination) => {
    const { a, b } = call.modes
    log.message('call', { ...identity(call), to: call.recipient, 'leg-a': a, 'leg-b': b, because: destination.because })
  })
  b2bua.events.on('answered', (call) => log.debug('answered', { ...identity(call), ...modes(call) }))
  b2bua.events.on('fallback', (call, refused, why) => {
    log.warning('called again with another encryption', { ...identity(call), ...modes(call), refused, why })
  })
  b2bua.events.on('keyed', (call, { leg, stream, suite, zrtp }) => {
    const { sas, enrolled, verified, cache, algorithms } = zrtp ?? {}
    const details =
      zrtp === undefined
        ? {}
        : { sas, enrolled: enrolled || undefined, verified, cache, algorithms: algorithms?.join(' ') }
    const mode = call.modes[leg]
    log.message('media keys agreed', { ...identity(call), leg, stream: stream + 1, mode, suite, ...details })
  })
  b2bua.events.on('warning', (call, what) => log.warning(what, identity(call)))
  b2bua.events.on('ended', (call, { reason, by, status, talked, detail }) => {
    const fields = {
      ...identity(call),
      to: call.recipient,
      ...modes(call),
      reason,
      by,
      status,
      seconds: talked?.toFixed(1),
      detail: detail || undefined,
    }
    if (reason === 'internal-error') log.error('call ended', fields)
    else log.message('call ended', fields)
  })
  b2bua.events.on('turnedAway', (invite, reason, detail) => {
    const fields = { 'call-id': invite.request.headers.get('Call-ID'), from: invite.source.host, reason, detail }
    limit.pass('call refused', (more) => log.warning('call refused', { ...fields, ...more }))
  })
}

function identity(call: Call): { readonly call: string; readonly 'call-id': string } {
  return { call: call.id, 'call-id': call.callIds.a }
}

function modes(call: Call): { readonly 'leg-a': string | undefined; readonly 'leg-b': string | undefined } {
  return { 'leg-a': call.modes.a, 'leg-b': call.modes.b }
}
