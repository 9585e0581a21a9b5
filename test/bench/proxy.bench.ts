/**
 * What a message costs on its way through the proxy: parsed, judged, routed and written, on a transport that costs next to
 * nothing; as a ratio to parsing the same bytes alone, and what a call costs more when it is diverted. CPU time of the
 * whole process, garbage collection included. Rounds are interleaved and the median is taken. Run: `node test/bench/proxy.bench.ts`.
 */
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { parseMessage } from '../../src/sip/message/parse.ts'
import { tokenHeader } from '../../src/sip/auth/b2bua-token.ts'
import { Lab, type LabFlow, signer } from './proxy/lab.ts'
import { requestBytes, requestOf, responseBytes } from './proxy/traffic.ts'

setFlagsFromString('--expose-gc')
/** Collects garbage, lest that of the preparation be counted. */
const collect = runInNewContext('gc') as (options: { readonly type: 'minor' }) => void

const rounds = 9
const messagesPerRound = 2000
/** Messages that come in one turn of the event loop. */
const burst = 20

/** One kind of message: who sends it, who gets it, and how the next of its kind is made. */
interface Case {
  readonly name: string
  readonly diverts?: boolean
  readonly trust?: 'token' | 'user-agent'
  readonly from: (lab: Lab) => LabFlow
  readonly to: (lab: Lab) => LabFlow
  readonly next: (lab: Lab) => Promise<Buffer> | Buffer
}

const phone = (lab: Lab): LabFlow => lab.phone
const next = (lab: Lab): LabFlow => lab.next
const b2bua = (lab: Lab): LabFlow => lab.b2bua
const request = (method: string, fields: readonly (readonly [string, string])[] = []): Buffer =>
  requestBytes(method, '192.0.2.17:5060', { fields })

/** What comes out of the proxy for a message. */
async function passed(lab: Lab, bytes: Buffer, from: LabFlow, to: LabFlow): Promise<Buffer> {
  const before = to.sent
  lab.deliver(bytes, from)
  await setImmediate()
  if (to.sent === before) throw new Error(`the proxy did not pass on:\n${bytes.toString('latin1')}`)
  return to.last
}

/** The route set of a call from the phone, as the caller has it; that of the callee is its reverse. */
let routeSet: readonly string[] = []
const byName: readonly (readonly [string, string])[] = [[tokenHeader, 'k1q3zf-AAAAAAAAAAAAAAAAAAAAAA']]

const cases: readonly Case[] = [
  { name: 'REGISTER', from: phone, to: next, next: () => request('REGISTER') },
  { name: 'MESSAGE', from: phone, to: next, next: () => request('MESSAGE') },
  {
    ...{ name: 'BYE of the caller', from: phone, to: next },
    next: () => inDialog('BYE', '192.0.2.17:5060', [...routeSet, '<sip:192.0.2.5;lr>']),
  },
  {
    ...{ name: 'INFO of the callee, by flow token', from: next, to: phone },
    next: () => inDialog('INFO', '192.0.2.5:5060', [...routeSet].reverse()),
  },
  {
    ...{ name: '200 of a MESSAGE', from: next, to: phone },
    next: async (lab) => responseBytes(await passed(lab, request('MESSAGE'), lab.phone, lab.next), 200),
  },
  { name: 'INVITE', from: phone, to: next, next: () => request('INVITE') },
  {
    ...{ name: '200 of an INVITE', from: next, to: phone },
    next: async (lab) => responseBytes(await passed(lab, request('INVITE'), lab.phone, lab.next), 200),
  },
  { name: 'INVITE, diverted', diverts: true, from: phone, to: b2bua, next: () => request('INVITE') },
  {
    ...{ name: 'INVITE, forged token, diverted', diverts: true, from: phone, to: b2bua },
    next: () => request('INVITE', byName),
  },
  {
    ...{ name: 'INVITE, diverted, trust=user-agent', diverts: true, trust: 'user-agent', from: phone, to: b2bua },
    next: () => request('INVITE'),
  },
  {
    ...{ name: 'INVITE of the B2BUA, token checked', diverts: true, from: b2bua, to: next },
    next: () => {
      const callId = `b2b${Math.random().toString(36).slice(2)}`
      const plain = requestBytes('INVITE', '192.0.2.6:6067', { callId })
      const fields = [
        ['Route', '<sip:192.0.2.5;lr>'],
        [tokenHeader, signer.sign(requestOf(plain))],
      ] as const
      return requestBytes('INVITE', '192.0.2.6:6067', { callId, fields })
    },
  },
]

function inDialog(method: string, sentBy: string, routes: readonly string[]): Buffer {
  const fields = routes.map((route) => ['Route', route] as const)
  return requestBytes(method, sentBy, { uri: 'sip:bob@192.0.2.40:5060', toTag: 'aXb7Kw1Vq0', fields })
}

/** CPU of this process for `run` over all messages, in microseconds a message. */
async function cpuOf(messages: readonly Buffer[], run: (bytes: Buffer) => void): Promise<number> {
  collect({ type: 'minor' })
  const start = process.cpuUsage()
  for (let i = 0; i < messages.length; i++) {
    run(messages[i]!)
    if (i % burst === burst - 1) await setImmediate()
  }
  await setImmediate()
  const { user, system } = process.cpuUsage(start)
  return (user + system) / messages.length
}

let sink = 0

/** One round of a case: what its messages cost to parse alone, and in the proxy. */
async function measure(one: Case): Promise<readonly [parse: number, proxy: number]> {
  const lab = new Lab({ diverts: one.diverts ?? false, trust: one.trust ?? 'token' })
  try {
    const invite = requestOf(
      await passed(lab, request('INVITE'), lab.phone, one.diverts === true ? lab.b2bua : lab.next),
    )
    routeSet = invite.headers.values('Record-Route').reverse()
    const messages: Buffer[] = []
    while (messages.length < messagesPerRound) messages.push(await one.next(lab))
    const parse = await cpuOf(messages, (bytes) => (sink += parseMessage(bytes).body.length))
    const [from, to] = [one.from(lab), one.to(lab)]
    const before = to.sent
    const proxy = await cpuOf(messages, (bytes) => lab.deliver(bytes, from))
    if (to.sent - before < messages.length) throw new Error(`${one.name}: ${to.sent - before} of ${messages.length}`)
    return [parse, proxy]
  } finally {
    lab.close()
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!
}

const results = new Map(cases.map(({ name }) => [name, { parse: [] as number[], proxy: [] as number[] }]))
for (let round = 0; round <= rounds; round++) {
  // each begins with another case: what a case leaves to the garbage collector falls on all alike
  for (const one of [...cases.slice(round), ...cases.slice(0, round)]) {
    const [parse, proxy] = await measure(one)
    if (round === 0) continue // warms up
    results.get(one.name)!.parse.push(parse)
    results.get(one.name)!.proxy.push(proxy)
  }
}
console.log(`µs of CPU a message, median of ${rounds} interleaved rounds`)
console.log(`${' '.repeat(36)}  parse   proxy   ratio`)
const medians = new Map([...results].map(([name, { parse, proxy }]) => [name, [median(parse), median(proxy)] as const]))
for (const [name, [parse, proxy]] of medians) {
  const cells = [parse.toFixed(1), proxy.toFixed(1), (proxy / parse).toFixed(1)].map((cell) => cell.padStart(7))
  console.log(name.padEnd(36), cells.join(' '))
}
for (const name of ['INVITE, diverted', 'INVITE, forged token, diverted']) {
  const [through, diverted] = [medians.get('INVITE')!, medians.get(name)!]
  const more = diverted[1] - diverted[0] - (through[1] - through[0])
  console.log(`${name}: ${more.toFixed(1)} µs more than one passed through (${(more / diverted[0]).toFixed(1)} parses)`)
}
process.exitCode = sink > 0 ? 0 : 1
