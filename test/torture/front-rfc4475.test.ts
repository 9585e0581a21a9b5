/** Every torture message of RFC 4475 sent to a proxy in front mode, with a real next hop behind it. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { readHead } from '../../src/sip/message/head.ts'
import { defaultLimits } from '../../src/sip/message/limits.ts'
import { type SipRequest } from '../../src/sip/message/message.ts'
import { parseVia } from '../../src/sip/message/via.ts'
import { FrontSite, otherLoopback } from '../support/proxy/front-site.ts'
import { ackText } from '../support/torture/sip-text.ts'
import { UdpWire, type Wire } from '../support/torture/wire.ts'
import { readTorture } from './outcome.ts'

/**
 * `passes`: it reached the next hop as it came but for what a proxy writes, and the answer found back. A status: the proxy
 * answered it. `silence`: it was dropped. `waits`: the rest is waited for. `closed`: the connection ended. Where UDP and TCP
 * differ, both are stated.
 */
const outcomes: Readonly<Record<string, readonly [outcome: string, why: string]>> = {
  wsinv: ['passes', 'white space and folding everywhere'],
  intmeth: ['passes', 'every character that is legal; an unknown method'],
  esc01: ['passes', '% escapes are kept, not decoded'],
  escnull: ['passes', '%00 is no NUL'],
  esc02: ['passes', 'RE%47IST%45R is another method than REGISTER'],
  lwsdisp: ['passes', 'no space before <'],
  longreq: ['passes', 'long values of everything'],
  dblreq: [
    'passes | passes, passes',
    'a datagram ends with its Content-Length; on a stream the INVITE behind it is next',
  ],
  semiuri: ['passes', 'semicolons belong to the user'],
  transports: ['passes', 'unknown transports in Via'],
  mpart01: ['passes', 'a multipart body is only bytes'],
  unreason: ['silence', 'a response whose Via is not ours'],
  noreason: ['silence', 'a response whose Via is not ours'],
  badinv01: ['400', 'empty parameters in Via; its host says where the answer goes'],
  clerr: ['400 | waits', 'the body is shorter than its Content-Length; on a stream the rest may come yet'],
  ncl: ['400 | 400, closed', 'a negative Content-Length; on a stream the next message could be anywhere'],
  scalar02: ['400', 'CSeq beyond 2³¹'],
  scalarlg: ['silence', 'a response with a CSeq beyond 2³¹'],
  quotbal: ['400', 'an open quote in To'],
  ltgtruri: ['400', '<> around the Request-URI'],
  lwsruri: ['400', 'white space in the Request-URI'],
  lwsstart: ['400', 'two spaces in the request line'],
  trws: ['400', 'spaces behind the request line'],
  escruri: ['400', 'headers in the Request-URI'],
  baddate: ['passes', 'Date is for the recipient'],
  regbadct: ['passes', 'Contact is for the registrar'],
  badaspec: ['400', 'white space in the URI of To'],
  baddn: ['passes', 'a comma in an unquoted display name hurts nobody'],
  badvers: ['505', 'SIP/7.0'],
  mismatch01: ['400', 'OPTIONS with a CSeq of INVITE'],
  mismatch02: ['400', 'an unknown method with a CSeq of INVITE'],
  bigcode: ['silence', 'a response with a status of ten digits'],
  badbranch: ['passes', 'a branch that is the cookie alone'],
  insuf: ['400', 'no From, To, Call-ID'],
  unkscm: ['416', 'an unknown scheme'],
  novelsc: ['416', 'a known scheme that is not of SIP'],
  unksm2: ['passes', 'other schemes in To and From are for the recipient'],
  bext01: ['420', 'Proxy-Require of something unknown'],
  invut: ['passes', 'an unknown Content-Type is for the recipient'],
  regaut01: ['passes', 'an unknown authorization scheme is for the registrar'],
  multi01: ['400', 'two From, To, Call-ID, CSeq'],
  mcl01: ['400 | 400, closed', 'two Content-Length that differ'],
  bcast: ['silence', 'a response whose Via is not ours: it is not forwarded to the broadcast address'],
  zeromf: ['200', 'OPTIONS with no hops left ends here'],
  cparam01: ['passes', 'an unknown parameter of Contact'],
  cparam02: ['passes', 'an unknown parameter of the URI in Contact'],
  regescrt: ['passes', 'headers in the URI of Contact'],
  sdp01: ['passes', 'Accept is for the recipient'],
  inv2543: [
    'passes | 400, closed',
    'of RFC 2543: no Contact, no branch; on a stream one without Content-Length is the end',
  ],
}

/** What a proxy writes or counts in a request. */
const written = /^(?:Via|v|Max-Forwards|Max-Breadth|Record-Route|Path|Content-Length|l):/i

/**
 * The lines of a head that the proxy has no business with, in their spelling: every byte but the white space around the colon
 * and that of folding, which §7.3.1 lets anybody replace.
 */
function kept(text: string): string[] {
  const lines = text
    .slice(0, text.indexOf('\r\n\r\n'))
    .replace(/[ \t]*\r\n[ \t]+/g, ' ')
    .split('\r\n')
  const spelled = lines.map((line) => line.replace(/^([^:\s]+)\s*:\s*(.*?)\s*$/, '$1: $2'))
  return spelled.filter((line) => !written.test(line))
}

/** Checks that a request arrived as it was sent: `raw` are its bytes at the next hop. */
function assertPassed(sent: Buffer, request: SipRequest, raw: Buffer): void {
  assert.deepEqual(kept(raw.toString('latin1')), kept(sent.toString('latin1')))
  const { headers, end } = readHead(sent.toString('latin1'), defaultLimits)
  const [before, after] = [headers.values('Via'), request.headers.values('Via')]
  assert.equal(after.length, before.length + 1)
  assert.deepEqual(after.slice(2), before.slice(1))
  const [came, arrived] = [parseVia(before[0]!), parseVia(after[1]!)]
  assert.deepEqual([arrived.host, arrived.port, arrived.branch], [came.host, came.port, came.branch])
  assert.equal(Number(request.headers.get('Max-Forwards')), Number(headers.get('Max-Forwards') ?? 71) - 1)
  const length = headers.get('Content-Length')
  assert.deepEqual(request.body, sent.subarray(end, length === undefined ? undefined : end + Number(length)))
}

/** Any request but those of {@link ping} and the proxy's ACK. */
function isPassed(one: { readonly kind: string; readonly method?: string }): one is SipRequest {
  return one.kind === 'request' && one.method !== 'ACK' && one.method !== 'PING'
}

async function outcomeThrough(front: FrontSite, wire: Wire, bytes: Buffer, expected: string): Promise<string> {
  const { next } = front
  const found: string[] = []
  const datagrams: Buffer[] = []
  next.onDatagram = (datagram) => datagrams.push(datagram)
  let rest = bytes
  wire.send(bytes)
  for (const wanted of expected.split(', ')) {
    if (wanted === 'closed') {
      await wire.end()
      found.push('closed')
    } else if (wanted === 'passes') {
      const request = await next.next(isPassed, 'the request')
      assertPassed(
        rest,
        request,
        datagrams.find((one) => one.toString('latin1').startsWith(`${request.method} `))!,
      )
      rest = rest.subarray(rest.indexOf('\r\n\r\n') + 4 + request.body.length)
      front.answer(request, 603, { toTag: '' })
      const response = await wire.response('')
      if (request.method === 'INVITE') {
        await next.request('ACK')
        wire.send(ackText(response, { uri: request.uri }))
      }
      found.push(response.status === 603 ? 'passes' : String(response.status))
    } else if (wanted !== 'silence' && wanted !== 'waits') {
      found.push(String((await wire.response('')).status))
    }
  }
  // whatever else it would do, it does before this passes
  const last = wire.closed || expected === 'waits' ? await front.tcpPhone() : wire
  const ping = await front.pass(last, 'PING')
  front.answer(ping, 200)
  await last.response('PING', 200)
  const others = [...wire.received, ...next.received].filter((one) => one.kind === 'request' || one.status !== 100)
  if (others.length > 0) found.push(`and ${wire.summary()}; ${next.summary()}`)
  wire.received.length = 0
  next.received.length = 0
  if (found.length > 0) return found.join(', ')
  return expected === 'waits' && !wire.closed ? 'waits' : 'silence'
}

/** The ports in the Vias of the messages: where answers over UDP go. */
const viaPorts = [5050, 5070, 6050, 19823]

for (const protocol of ['udp', 'tcp'] as const) {
  test(`over ${protocol} each torture message crosses the proxy, or gets its answer`, async (t) => {
    const front = await FrontSite.start(t)
    const at = { host: otherLoopback(), port: 5060 }
    const datagrams = protocol === 'udp' ? await UdpWire.open(t, front.site.udp, at, viaPorts) : undefined
    for (const [name, [stated, why]] of Object.entries(outcomes)) {
      const [overUdp = '', overTcp = overUdp] = stated.split(' | ')
      const expected = protocol === 'udp' ? overUdp : overTcp
      await t.test(`${name} over ${protocol}: ${expected} (${why})`, async () => {
        const wire = datagrams ?? (await front.tcpPhone())
        const bytes = readTorture(`rfc4475/${name}.dat`)
        assert.equal(await outcomeThrough(front, wire, bytes, expected), expected)
      })
    }
    const phone = await front.phone()
    front.answer(await front.pass(phone, 'INVITE'), 200)
    await phone.response('INVITE', 200)
  })
}

test('no torture message is skipped', () => {
  const files = readdirSync(new URL('rfc4475/', import.meta.url)).map((name) => name.replace('.dat', ''))
  assert.deepEqual(Object.keys(outcomes).sort(), files.sort())
})
