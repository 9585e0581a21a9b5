import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { SipStub } from './peers/sip-stub.ts'
import { headerValues, onlyHeader, type TracedMessage } from './peers/sip-trace.ts'
import { B2buaServer } from './server/b2bua-server.ts'
import { userAgent } from './server/flexisip-conf.ts'
import { scratchFolder } from './server/site.ts'

// Flexisip's side is spoken by hand here, to the byte as a real Flexisip 2.7 sends it: its proxy removed its own Routes and left
// the one that module::B2bua put, without ;lr, as the last header field.

const callerUri = 'sip:alice@sip.example.org'
const calleeUri = 'sip:sdesbob@sip.example.org'
const callerContact = 'sip:alice@127.0.0.1:5080'
const calleeContact = 'sip:bob@127.0.0.1:5090'
/** As leg A's proxy recorded them: outgoing transport first. */
const recordRoutes = ['<sip:127.0.0.1:5060;transport=tcp;lr>', '<sip:127.0.0.1:5060;lr>']
const route = '<sip:127.0.0.1:6067;transport=tcp>'

const offer = sdp('30002 RTP/AVP 0 8 101', ['rtpmap:101 telephone-event/8000', 'sendrecv'])
const answer = sdp('30004 RTP/SAVP 0 8 101', [
  'rtpmap:101 telephone-event/8000',
  'crypto:1 AES_CM_128_HMAC_SHA1_80 inline:DTWSXEn5w6yk5tje1kU+y7/nIQO1o9lczmolVVgh',
  'sendrecv',
])

function sdp(media: string, attributes: readonly string[]): string {
  return ['v=0', 'o=bench 1 1 IN IP4 127.0.0.1', 's=bench', 'c=IN IP4 127.0.0.1', 't=0 0', `m=audio ${media}`]
    .concat(
      attributes.map((attribute) => `a=${attribute}`),
      '',
    )
    .join('\r\n')
}

function text(lines: readonly string[], body = ''): string {
  const type = body === '' ? [] : ['Content-Type: application/sdp']
  return [...lines, ...type, `Content-Length: ${body.length}`, '', body].join('\r\n')
}

/** The parts of leg A's requests that a CANCEL or an ACK repeats. */
function legARequest(method: string, call: string, extra: readonly string[] = [], toTag = '', cseq = 1): string[] {
  return [
    `${method} ${calleeUri} SIP/2.0`,
    `Via: SIP/2.0/TCP 127.0.0.1;rport;branch=z9hG4bK.${call}${cseq}`,
    'Max-Forwards: 69',
    `From: "Alice" <${callerUri}>;tag=wkpj42jc`,
    `To: <${calleeUri}>${toTag}`,
    `Call-ID: ${call}@bench`,
    `CSeq: ${cseq} ${method}`,
    ...extra,
  ]
}

function invite(call: string, routes: readonly string[] = [route]): string {
  return text(
    [
      ...legARequest('INVITE', call, [
        'Via: SIP/2.0/UDP 127.0.0.1:5080;rport=5080;branch=z9hG4bKs4460cyu6tym',
        ...recordRoutes.map((value) => `Record-Route: ${value}`),
        `Contact: <${callerContact}>`,
        'User-Agent: bench-ua/1.0',
        'Subject: crosses',
        `P-Asserted-Identity: <${callerUri}>`,
        'Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO',
        'Supported: replaces, outbound',
      ]),
      ...routes.map((value) => `Route: ${value}`),
    ],
    offer,
  )
}

/** An answer to a request of the server, as the far proxy passes it on. */
function response(request: TracedMessage, status: string, extra: readonly string[] = [], body = ''): string {
  const copied = ['Via', 'From', 'Call-ID', 'CSeq'].flatMap((name) =>
    headerValues(request, name).map((value) => `${name}: ${value}`),
  )
  const to = onlyHeader(request, 'To')
  const tag = to.includes(';tag=') ? '' : ';tag=guapw0il'
  return text([`SIP/2.0 ${status}`, ...copied, `To: ${to}${tag}`, ...extra], body)
}

/** What a 2xx and a 180 of the callee carry besides. */
const dialogHeaders = [
  'Record-Route: <sip:127.0.0.1:5060;lr>',
  'Record-Route: <sip:127.0.0.1:5060;transport=tcp;lr>',
  `Contact: <${calleeContact}>`,
]

/** Marks by which every Flexisip knows the requests of the server. */
function assertMarked(request: TracedMessage): void {
  assert.equal(onlyHeader(request, 'User-Agent'), userAgent)
  assert.equal(onlyHeader(request, 'X-Flexisip-B2BUA'), 'ignore')
  assert.equal(onlyHeader(request, 'flexisip-b2bua'), 'ignore')
}

const branchOf = (message: TracedMessage): string | undefined =>
  /;branch=([^;]+)/.exec(headerValues(message, 'Via')[0] ?? '')?.[1]
const tagOf = (value: string): string | undefined => /;tag=([^;]+)/.exec(value)?.[1]

suite('leg B beside a real Flexisip proxy', { timeout: 90_000 }, () => {
  let server: B2buaServer
  /** The proxy as leg A comes from it. */
  let near: SipStub
  /** The proxy as outbound-proxy. */
  let far: SipStub
  let calls = 0
  let call = ''

  before(async () => {
    server = await B2buaServer.start({
      transport: 'sip:127.0.0.1:6067;transport=tcp',
      outboundProxy: 'sip:127.0.0.1:5060;transport=tcp',
      folder: join(scratchFolder('leg-b-wire'), 'b2bua'),
      encryptionRules: ['sdes .*@sip\\.example\\.org'],
    })
  })
  after(async () => {
    assert.equal(await server.stop(), 0, 'the server stops with status 0')
  })
  beforeEach(async () => {
    call = `jh8fjq4lyftmid6nx2o${++calls}`
    far = await SipStub.listen(5060)
    near = await SipStub.connect(6067)
  })
  afterEach(() => Promise.all([near.close(), far.close()]))

  /** Brings a call up. */
  async function establish(): Promise<{ legB: TracedMessage; legA200: TracedMessage }> {
    near.send(invite(call))
    const { message: legB, reply } = await far.next('INVITE')
    reply(response(legB, '180 Ringing', dialogHeaders))
    await near.next(180)
    reply(response(legB, '200 OK', dialogHeaders, answer))
    const { message: legA200 } = await near.next(200)
    near.send(text(legARequest('ACK', call, [`Route: ${route}`], toTagOf(legA200))))
    return { legB, legA200 }
  }
  /** The caller hangs up. @returns the BYE of leg B */
  async function hangUp(legA200: TracedMessage): Promise<TracedMessage> {
    near.send(text(legARequest('BYE', call, [], toTagOf(legA200), 2)))
    await near.next(200)
    const { message: bye, reply } = await far.next('BYE')
    reply(response(bye, '200 OK'))
    return bye
  }
  const toTagOf = (message: TracedMessage): string => `;tag=${tagOf(onlyHeader(message, 'To')) ?? ''}`

  for (const routes of [[route], ['<sip:127.0.0.1:6067;transport=tcp;lr>'], []])
    test(`its INVITE is as Flexisip's own B2BUA sends it, leg A with Route ${routes.join() || 'absent'}`, async () => {
      near.send(invite(call, routes))
      await near.next(100)
      const { message: legB, reply } = await far.next('INVITE')

      assert.equal(legB.startLine, `INVITE ${calleeUri} SIP/2.0`)
      assert.equal(onlyHeader(legB, 'To').replace(/^<(.*)>$/, '$1'), calleeUri)
      const from = onlyHeader(legB, 'From')
      assert.equal(from.replace(/;tag=.*/, ''), `"Alice" <${callerUri}>`)
      assert.notEqual(tagOf(from), 'wkpj42jc')
      assert.ok((tagOf(from) ?? '').length >= 12, 'a tag that cannot be guessed')
      assert.notEqual(onlyHeader(legB, 'Call-ID'), `${call}@bench`)
      assert.equal(onlyHeader(legB, 'Max-Forwards'), '68', 'one less than on leg A, so that a loop dies')
      assert.equal(onlyHeader(legB, 'Route'), '<sip:127.0.0.1:5060;transport=tcp;lr>')
      assert.match(onlyHeader(legB, 'Contact'), /^<sip:(?:[^@>]+@)?127\.0\.0\.1:\d+;transport=tcp>$/)
      assert.match(onlyHeader(legB, 'Via'), /^SIP\/2\.0\/TCP 127\.0\.0\.1:\d+;/)
      assert.match(branchOf(legB) ?? '', /^z9hG4bK.{12,}/)
      assertMarked(legB)
      assert.deepEqual(headerValues(legB, 'Record-Route'), [])
      // end to end, and unlike Flexisip's own B2BUA: what no leg owns crosses as it came
      assert.equal(onlyHeader(legB, 'Subject'), 'crosses')
      assert.equal(onlyHeader(legB, 'P-Asserted-Identity'), `<${callerUri}>`)

      assert.equal(onlyHeader(legB, 'Content-Type'), 'application/sdp')
      assert.match(legB.body, /^m=audio \d+ RTP\/SAVP 0 8 101\r$/m)
      assert.doesNotMatch(legB.body, /^m=audio 30002 /m)
      assert.match(legB.body, /^c=IN IP4 127\.0\.0\.1\r$/m)
      assert.match(legB.body, /^a=rtpmap:101 telephone-event\/8000\r$/m)
      const suites = [...legB.body.matchAll(/^a=crypto:\d+ (\S+) inline:\S+\r$/gm)].map(([, name]) => name)
      assert.deepEqual(suites, [
        'AES_CM_128_HMAC_SHA1_80',
        'AES_CM_128_HMAC_SHA1_32',
        'AES_256_CM_HMAC_SHA1_80',
        'AES_256_CM_HMAC_SHA1_32',
        'AEAD_AES_128_GCM',
        'AEAD_AES_256_GCM',
      ])
      assert.doesNotMatch(legB.body, /^a=(?:fingerprint|setup|zrtp-hash)/m)

      reply(response(legB, '404 Not Found'))
      await far.next('ACK')
      await near.next(404)
    })

  test('To and Request-URI of leg B come from leg A’s To, whatever the Request-URI of leg A is', async () => {
    near.send(invite(call).replace(`INVITE ${calleeUri}`, 'INVITE sip:sdesbob@10.0.0.9:5070;ob'))
    const { message: legB, reply } = await far.next('INVITE')
    assert.equal(legB.startLine, `INVITE ${calleeUri} SIP/2.0`)
    reply(response(legB, '404 Not Found'))
    await near.next(404)
  })

  test('leg A is answered as leg B is: 180 when it rings, then 200 with leg A’s own encryption', async () => {
    const { legA200 } = await establish()
    assert.deepEqual(
      headerValues(legA200, 'Record-Route').flatMap((value) => value.split(/, */)),
      recordRoutes,
    )
    assert.equal(onlyHeader(legA200, 'Contact'), '<sip:127.0.0.1:6067;transport=tcp>')
    assert.equal(headerValues(legA200, 'Via').length, 2)
    assert.match(legA200.body, /^m=audio \d+ RTP\/AVP 0 8 101\r$/m)
    assert.doesNotMatch(legA200.body, /^a=crypto|^m=audio 30004 /m)
    await hangUp(legA200)
  })

  test('ACK and BYE of leg B follow the route set that the answer recorded, marked as the INVITE', async () => {
    const { legB, legA200 } = await establish()
    const { message: ack } = await far.next('ACK')
    const bye = await hangUp(legA200)
    for (const request of [ack, bye]) {
      assert.equal(request.startLine, `${request.method} ${calleeContact} SIP/2.0`)
      assert.deepEqual(
        headerValues(request, 'Route').flatMap((value) => value.split(/, */)),
        ['<sip:127.0.0.1:5060;transport=tcp;lr>', '<sip:127.0.0.1:5060;lr>'],
        'the recorded set from its end, and no Route set beforehand',
      )
      assert.equal(onlyHeader(request, 'Call-ID'), onlyHeader(legB, 'Call-ID'))
      assert.equal(tagOf(onlyHeader(request, 'From')), tagOf(onlyHeader(legB, 'From')))
      assert.equal(tagOf(onlyHeader(request, 'To')), 'guapw0il')
      assertMarked(request)
    }
    const number = (message: TracedMessage): number => Number(onlyHeader(message, 'CSeq').split(' ')[0])
    assert.equal(number(ack), number(legB))
    assert.equal(number(bye), number(legB) + 1)
    assert.notEqual(branchOf(ack), branchOf(legB))
  })

  test('a BYE of the callee ends leg A, to its Contact over its route set, with the reason', async () => {
    const { legB } = await establish()
    await far.next('ACK')
    const from = onlyHeader(legB, 'To')
    const to = onlyHeader(legB, 'From')
    const contact = onlyHeader(legB, 'Contact').replace(/^<(.*)>$/, '$1')
    const callId = onlyHeader(legB, 'Call-ID')
    const second = await SipStub.connect(6067)
    try {
      second.send(
        text([
          `BYE ${contact} SIP/2.0`,
          'Via: SIP/2.0/TCP 127.0.0.1;rport;branch=z9hG4bK.bye1',
          'Max-Forwards: 69',
          `From: ${from};tag=guapw0il`,
          `To: ${to}`,
          `Call-ID: ${callId}`,
          'CSeq: 1 BYE',
          'Reason: Q.850;cause=31;text="normal, unspecified"',
        ]),
      )
      await second.next(200)
    } finally {
      await second.close()
    }
    const { message: bye, reply } = await far.next('BYE')
    assert.equal(bye.startLine, `BYE ${callerContact} SIP/2.0`)
    assert.deepEqual(
      headerValues(bye, 'Route').flatMap((value) => value.split(/, */)),
      recordRoutes,
    )
    assert.equal(onlyHeader(bye, 'Call-ID'), `${call}@bench`)
    assert.match(onlyHeader(bye, 'Reason'), /^Q\.850;cause=31/)
    reply(response(bye, '200 OK'))
  })

  test('CANCEL repeats branch, Request-URI and Route of the INVITE, marked as it', async () => {
    near.send(invite(call))
    const { message: legB, reply } = await far.next('INVITE')
    reply(response(legB, '180 Ringing', dialogHeaders))
    await near.next(180)
    near.send(text(legARequest('CANCEL', call, [`Route: ${route}`])))
    await near.next(200)
    await near.next(487)
    const { message: cancel, reply: replyToCancel } = await far.next('CANCEL')
    assert.equal(cancel.startLine, `CANCEL ${calleeUri} SIP/2.0`)
    assert.equal(branchOf(cancel), branchOf(legB))
    assert.equal(headerValues(cancel, 'Via').length, 1)
    for (const name of ['Route', 'From', 'To', 'Call-ID'])
      assert.equal(onlyHeader(cancel, name), onlyHeader(legB, name), name)
    assert.equal(onlyHeader(cancel, 'CSeq'), onlyHeader(legB, 'CSeq').replace('INVITE', 'CANCEL'))
    assertMarked(cancel)
    replyToCancel(response(cancel, '200 OK'))
    reply(response(legB, '487 Request Terminated'))
    const { message: ack } = await far.next('ACK')
    assert.equal(branchOf(ack), branchOf(legB))
    assertMarked(ack)
  })

  test('CANCEL waits for the first answer of leg B (RFC 3261 §9.1)', async () => {
    near.send(invite(call))
    const { message: legB, reply } = await far.next('INVITE')
    near.send(text(legARequest('CANCEL', call, [`Route: ${route}`])))
    await near.next(487)
    await sleep(300)
    assert.deepEqual(far.unread, [])
    reply(response(legB, '100 Trying'))
    const { message: cancel, reply: replyToCancel } = await far.next('CANCEL')
    replyToCancel(response(cancel, '200 OK'))
    reply(response(legB, '487 Request Terminated'))
    await far.next('ACK')
  })

  for (const status of [302, 404, 480, 486, 488, 503, 600, 603])
    test(`${status} of leg B reaches leg A with its Reason, Warning and Retry-After`, async () => {
      near.send(invite(call))
      const { message: legB, reply } = await far.next('INVITE')
      const said = ['Reason: Q.850;cause=17;text="user busy"', 'Warning: 399 gw "said so"', 'Retry-After: 18']
      reply(response(legB, `${status} As It Is`, said))
      const { message: ack } = await far.next('ACK')
      assertMarked(ack)
      const { message: refused } = await near.next(status)
      for (const line of said) assert.equal(`${line.split(':')[0]}: ${onlyHeader(refused, line.split(':')[0]!)}`, line)
      near.send(text(legARequest('ACK', call, [], toTagOf(refused))))
    })

  test('no call, dialog or media port is left behind', async () => {
    const { counts } = await server.holdingsWhen(
      ({ counts: { calls, dialogs } }) => calls === 0 && dialogs === 0,
      10_000,
    )
    assert.deepEqual({ calls: counts['calls'], dialogs: counts['dialogs'] }, { calls: 0, dialogs: 0 })
  })
})
