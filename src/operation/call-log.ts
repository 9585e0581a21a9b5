import { type Clock } from '../base/clock.ts'
import { type B2bua } from '../b2bua/b2bua.ts'
import { type Call } from '../b2bua/call.ts'
import { type LegCounters, type SessionCounters } from '../media/session-counters.ts'
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
  b2bua.events.on('ended', (call, { reason, by, status, talked, media, detail }) => {
    const fields = {
      ...identity(call),
      to: call.recipient,
      ...modes(call),
      reason,
      by,
      status,
      seconds: talked?.toFixed(1),
      detail: detail || undefined,
      ...(media !== undefined && mediaFields(media)),
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

/** Streams of one call that the line tells of: a phone may describe more, and use them. */
const mostStreams = 8

/** What each stream of a call carried: `audio-a`, `audio-b`, `video-a`, …; with a number from the second of a kind. */
function mediaFields({ streams }: SessionCounters): Record<string, string> {
  const fields: Record<string, string> = {}
  const seen = { audio: 0, video: 0, other: 0 }
  for (const { kind, a, b } of streams.slice(0, mostStreams)) {
    const name = kind === 'audio' || kind === 'video' ? kind : 'other'
    const number = ++seen[name] === 1 ? '' : `-${seen[name]}`
    fields[`${name}${number}-a`] = received(a)
    fields[`${name}${number}-b`] = received(b)
  }
  return fields
}

/** The jitter is the greatest of the leg's sources, in milliseconds. What is seldom is told where it is not 0. */
function received(leg: LegCounters): string {
  const { rtpPacketsReceived: rx, rtpPacketsSent: tx, lost, late, duplicates: dup } = leg
  const jitter = Math.max(0, ...leg.sources.map((source) => source.jitter)).toFixed(1)
  const { replays, authenticationFailures: unauthentic, unknownSource: strangers, undeliverable } = leg
  const seldom = Object.entries({ replays, unauthentic, strangers, undeliverable }).filter(([, count]) => count > 0)
  return Object.entries({ rx, tx, lost, late, dup, jitter, ...Object.fromEntries(seldom) })
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')
}
