/**
 * What one call costs in signalling: INVITE, 180, 200, ACK and BYE on both legs, the description rewritten twice, SDES keys made
 * for leg B. Everything is the server's own but the sockets and the media worker, which are other threads' and the system's
 * work: messages pass as bytes, ports are numbers. The baseline parses and writes the same messages, and does nothing with
 * them. Run: `node test/bench/signalling.bench.ts`.
 */
import { systemClock } from '../../src/base/clock.ts'
import { everythingCrosses } from '../../src/base/header-policy.ts'
import { defaultCryptoSuites } from '../../src/base/encryption.ts'
import { allowedMethods } from '../../src/b2bua/allowed-methods.ts'
import { B2bua } from '../../src/b2bua/b2bua.ts'
import { relayedOptions } from '../../src/b2bua/option-tags.ts'
import { type MediaEngine, type MediaSession } from '../../src/media/media-engine.ts'
import { parseMessage, serialize } from '../../src/sip/message/parse.ts'
import { type SipMessage, type SipResponse } from '../../src/sip/message/message.ts'
import { type TransactionTransport, TransactionLayer } from '../../src/sip/transaction/transaction-layer.ts'
import { type Flow } from '../../src/sip/transport/flow.ts'
import { UserAgent } from '../../src/sip/usage/user-agent.ts'

const rounds = 7
const callsARound = Number(process.env['CALLS'] ?? 3000)
/** Calls that are under way at a time, as when some come in one turn of the event loop. */
const atOnce = 10

const server = '192.0.2.1:5060'
const [caller, callee] = ['192.0.2.10:5060', '192.0.2.20:5060']

/** What the phones answer to what the server sends, as bytes. */
const phones: { [address: string]: (text: string) => string[] } = {}

/** The wire of the bench: what is sent is answered in the next turn. */
class Wire implements TransactionTransport {
  onMessage: (message: SipMessage, flow: Flow) => void = () => undefined
  onFlowClosed: (flow: Flow) => void = () => undefined
  readonly passed: Buffer[] = []
  recording = false

  flowTo({ host, port }: { readonly host: string; readonly port: number }): Promise<Flow> {
    return Promise.resolve(this.flow(`${host}:${port}`))
  }

  respond(response: SipResponse, flow: Flow): void {
    flow.send(serialize(response))
  }

  flow(peer: string): Flow {
    const [host = '', port = ''] = peer.split(':')
    return {
      ...{ id: peer === caller ? 1 : 2, protocol: 'tcp', reliable: true, secure: false, closed: false },
      ...{ local: { host: '192.0.2.1', port: 5060 }, remote: { host, port: Number(port) } },
      ...{ sentBy: server, contact: `sip:${server};transport=tcp` },
      send: (bytes) => {
        if (this.recording) this.passed.push(bytes)
        const text = bytes.toString('latin1')
        setImmediate(() => {
          for (const answer of phones[peer]!(text)) this.receive(Buffer.from(answer, 'latin1'), peer)
        })
      },
    }
  }

  receive(bytes: Buffer, peer: string): void {
    if (this.recording) this.passed.push(bytes)
    this.onMessage(parseMessage(bytes), this.flow(peer))
  }
}

const sdp = (profile: string, ...lines: string[]): string =>
  [
    ...['v=0', 'o=alice 2890844526 2890844526 IN IP4 192.0.2.17', 's=Talk', 'c=IN IP4 192.0.2.17', 't=0 0'],
    ...[`m=audio 7078 ${profile} 96 0 8 101`, 'a=rtpmap:96 opus/48000/2', 'a=fmtp:96 useinbandfec=1'],
    ...['a=rtpmap:101 telephone-event/8000', 'a=rtcp-fb:* ccm tmmbr', ...lines, ''],
  ].join('\r\n')

function message(start: string, headers: readonly string[], body = ''): string {
  const type = body === '' ? [] : ['Content-Type: application/sdp']
  return [start, ...headers, ...type, `Content-Length: ${body.length}`, '', body].join('\r\n')
}

const headersOf = (text: string, ...names: string[]): string[] =>
  text.split('\r\n').filter((line) => names.some((name) => line.startsWith(`${name}: `)))

const answer = (text: string, status: string, tag: string, contact: string, body = ''): string =>
  message(
    `SIP/2.0 ${status}`,
    [
      ...headersOf(text, 'Via', 'From', 'Call-ID', 'CSeq', 'Record-Route'),
      ...headersOf(text, 'To').map((to) => (to.includes(';tag=') ? to : `${to};tag=${tag}`)),
      `Contact: <sip:${contact};transport=tcp>`,
    ],
    body,
  )

let calls = 0
let ended = 0
let onEnded: () => void = () => undefined

const requestOf = (method: string, call: number, uri: string, seq: number, to: string, body = ''): string =>
  message(
    `${method} ${uri} SIP/2.0`,
    [
      `Via: SIP/2.0/TCP ${caller};branch=z9hG4bK${call}.${seq}.${method};rport`,
      `From: "Alice" <sip:alice@sip.example.org>;tag=a${call}`,
      `To: ${to}`,
      `CSeq: ${seq} ${method}`,
      `Call-ID: call-${call}`,
      'Max-Forwards: 70',
      'Supported: replaces, outbound, gruu, path',
      'Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, NOTIFY, MESSAGE, SUBSCRIBE, INFO, PRACK, UPDATE',
      `Contact: <sip:alice@${caller};transport=tcp>;+sip.instance="<urn:uuid:0d5a6f0e>"`,
      'User-Agent: Linphone/5.2.0 (belle-sip/5.2.0)',
    ],
    body,
  )

phones[callee] = (text) => {
  if (text.startsWith('INVITE ')) {
    const key = 'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj'
    return [answer(text, '180 Ringing', 'bob', callee), answer(text, '200 OK', 'bob', callee, sdp('RTP/SAVP', key))]
  }
  return text.startsWith('BYE ') ? [answer(text, '200 OK', 'bob', callee)] : []
}

phones[caller] = (text) => {
  if (!text.startsWith('SIP/2.0 200')) return []
  const call = Number(/^Call-ID: call-(\d+)/m.exec(text)![1])
  if (/^CSeq: \d+ BYE/m.test(text)) {
    ended++
    onEnded()
    return []
  }
  const to = headersOf(text, 'To')[0]!.slice(4)
  const uri = /<(.*)>/.exec(headersOf(text, 'Contact')[0]!)![1]!
  return [requestOf('ACK', call, uri, 1, to), requestOf('BYE', call, uri, 2, to)]
}

let port = 10_000
const session: MediaSession = {
  openStream: () => {
    const local = (): { address: string; rtpPort: number; rtcpPort: number } => {
      port = port >= 60_000 ? 10_000 : port + 2
      return { address: '192.0.2.1', rtpPort: port, rtcpPort: port + 1 }
    }
    return Promise.resolve({ a: local(), b: local() })
  },
  update: () => undefined,
  together: (work) => work(),
  sendDtmf: () => undefined,
  counters: () => ({ streams: [] }),
  close: () => Promise.resolve(),
}
const engine = { openSession: () => Promise.resolve(session) } as unknown as MediaEngine

const wire = new Wire()
const [host = ''] = callee.split(':')
const transactions = new TransactionLayer({
  transport: wire,
  resolver: { resolve: () => Promise.resolve([{ protocol: 'tcp', host, port: 5060 }]) },
  clock: systemClock,
})
const userAgent = new UserAgent({
  ...{ transactions, clock: systemClock, userAgent: 'Flexisip-B2BUA/1.0' },
  requestHeaders: [
    ['X-Flexisip-B2BUA', 'ignore'],
    ['flexisip-b2bua', 'ignore'],
  ],
  ...{ supported: ['timer'], passed: relayedOptions },
  allow: allowedMethods,
})
new B2bua({
  ...{ userAgent, engine, clock: systemClock },
  application: () => ({
    name: 'bench',
    decide: ({ recipient }) => ({
      ...{ kind: 'destination', uri: recipient, route: [`<sip:${callee};transport=tcp;lr>`], mode: 'sdes' },
      ...{ suites: defaultCryptoSuites, fallback: [], because: 'the bench says so' },
    }),
  }),
  settings: () => ({
    ...{ maxCalls: 1000, maxDuration: 0, unansweredTimeout: 240_000, followRedirects: false },
    admission: { callRate: 0, callRatePerSource: 0, loopDelay: 500 },
    ...{ headerPolicy: everythingCrosses, codecs: {}, suites: defaultCryptoSuites },
    media: {
      ...{ localAddress: '192.0.2.1', audioPorts: { min: 0, max: 0 }, videoPorts: { min: 0, max: 0 } },
      noRtpTimeout: 30,
    },
  }),
})

function place(): void {
  const call = ++calls
  const invite = requestOf('INVITE', call, 'sip:bob@sip.example.org', 1, '<sip:bob@sip.example.org>', sdp('RTP/AVP'))
  wire.receive(Buffer.from(invite, 'latin1'), caller)
}

/** @returns microseconds of CPU a call */
async function placeCalls(count: number, together = atOnce): Promise<number> {
  const last = ended + count
  const before = process.cpuUsage()
  await new Promise<void>((resolve) => {
    let left = count - together
    onEnded = () => {
      if (left-- > 0) place()
      else if (ended === last) resolve()
    }
    for (let i = 0; i < together; i++) place()
  })
  const { user, system } = process.cpuUsage(before)
  return (user + system) / count
}

/** @returns microseconds of CPU for the messages of a call, each read and written once */
function baseline(messages: readonly Buffer[], count: number): number {
  const before = process.cpuUsage()
  for (let i = 0; i < count; i++) for (const bytes of messages) serialize(parseMessage(bytes))
  const { user, system } = process.cpuUsage(before)
  return (user + system) / count
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!

wire.recording = true
await placeCalls(1, 1)
wire.recording = false
const messages = wire.passed.splice(0)
await placeCalls(callsARound)
baseline(messages, callsARound)
const [whole, bare]: [number[], number[]] = [[], []]
for (let round = 0; round < rounds; round++) {
  whole.push(await placeCalls(callsARound))
  bare.push(baseline(messages, callsARound))
}
const [call, floor] = [median(whole), median(bare)]
const ratio = (call / floor).toFixed(1)
console.log(
  `one call, ${messages.length} messages: ${call.toFixed(0)} us of CPU; ` +
    `baseline, the same messages parsed and written: ${floor.toFixed(0)} us; ratio ${ratio}`,
)
transactions.close()
