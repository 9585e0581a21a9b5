/** Security cases 3 and 6: what a caller may write into the header fields of an INVITE. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clearAudio } from '../support/b2bua/descriptions.ts'
import { ackText, requestText, responseText, type Fields } from '../support/torture/sip-text.ts'
import { Victim } from '../support/torture/victim.ts'
import { wireOutcome } from '../support/torture/wire-outcome.ts'
import { TcpWire, type Wire } from '../support/torture/wire.ts'
import { until } from '../support/until.ts'

const body = clearAudio(40000)
const invite = (wire: Wire, fields: Fields, uri?: string): string =>
  requestText(wire, 'INVITE', { body, fields, ...(uri === undefined ? {} : { uri }) })

/** Request-URIs, and the outcome in the words of `wireOutcome`. */
const requestUris: readonly (readonly [uri: string, outcome: string])[] = [
  ['tel:+33123456789', 'calls'],
  ['tel:7042;phone-context=example.com', 'calls'],
  ['tel:', '400'],
  ['urn:service:sos', '416'],
  ['http://example.org/', '416'],
  ['mailto:bob@example.org', '416'],
  ['javascript:alert(1)', '416'],
  ['sip:%ff@sip.example.org', 'calls'],
  ['sip:%@sip.example.org', 'calls'],
  ['sip:%00@sip.example.org', 'calls'],
  ['sip:\xff\xfe@sip.example.org', 'calls'],
  ['sip:@sip.example.org', '400'],
  ['sip:', '400'],
  ['sip:bob@', '400'],
  ['sip:bob@sip.example.org:99999', '400'],
  ['sip:bob@sip.example.org:-1', '400'],
  ['sip:bob@[::1', '400'],
  ['sip:bob@sip.example.org?Route=%3Csip:evil%3E', '400'],
  ['bob', '400'],
  ['*', '400'],
  [`sip:${'b'.repeat(30_000)}@sip.example.org`, 'calls'],
  [`sip:bob@sip.example.org${';a=b'.repeat(5000)}`, 'calls'],
]

test('security case 3: Request-URIs of every kind', async (t) => {
  const victim = await Victim.start(t)
  for (const [uri, expected] of requestUris) {
    await t.test(`INVITE ${uri.slice(0, 60)}: ${expected}`, async (t) => {
      const wire = await victim.wire(t, 'udp')
      assert.equal(await wireOutcome(t, victim, wire, invite(wire, {}, uri), expected), expected)
    })
  }
  await victim.survived()
})

/** Recipients in To, whom leg B calls byte for byte, or the status that refuses them. */
const recipients: readonly (readonly [to: string, outcome: string])[] = [
  ['<tel:+33123456789>', 'tel:+33123456789'],
  ['tel:+33123456789', 'tel:+33123456789'],
  ['<urn:service:sos>', 'urn:service:sos'],
  ['<sip:%ff@sip.example.org>', 'sip:%ff@sip.example.org'],
  ['<sip:%00@sip.example.org>', 'sip:%00@sip.example.org'],
  ['<sip:\xff\xfe@sip.example.org>', 'sip:\xff\xfe@sip.example.org'],
  ['"\\"<sip:eve@evil>" <sip:bob@sip.example.org>', 'sip:bob@sip.example.org'],
  ['<sip:bob@sip.example.org;maddr=127.0.0.1>', 'sip:bob@sip.example.org;maddr=127.0.0.1'],
  [`<sip:${'b'.repeat(20_000)}@sip.example.org>`, `sip:${'b'.repeat(20_000)}@sip.example.org`],
  ['<bob>', '400'],
  ['bob', '400'],
  ['<*>', '400'],
  ['*', '400'],
  ['<>', '400'],
  ['""', '400'],
  ['<sip:>', '400'],
  ['<sip:bob@>', '400'],
  ['<sip:bob@sip.example.org', '400'],
  ['<sip:bob@sip.example.org:port>', '400'],
  ['<sip:bob @sip.example.org>', '400'],
  ['sip:bob@sip.example.org>', '400'],
  ['<sip:b\x01b@sip.example.org>', '400'],
  ['<sip:b\\\0b@sip.example.org>', '400'],
  ['<sip:bob@sip.example.org?Route=%3Csip:evil%3E>', '400'],
  ['<sip:bob@sip.example.org>, <sip:eve@sip.example.org>', '400'],
]

test('security case 3: recipients of every kind', async (t) => {
  const victim = await Victim.start(t)
  const callee = await victim.callee(t)
  for (const [to, expected] of recipients) {
    await t.test(`To: ${JSON.stringify(to).slice(0, 60)}: ${expected.slice(0, 60)}`, async (t) => {
      const wire = await victim.wire(t, 'udp')
      wire.send(invite(wire, { To: to }))
      if (expected !== '400') {
        const ringing = await callee.request('INVITE')
        assert.equal(ringing.uri, expected)
        callee.send(responseText(callee, ringing, 603))
        await callee.request('ACK')
      }
      const response = await wire.response('INVITE')
      wire.send(ackText(response))
      assert.equal(response.status, expected === '400' ? 400 : 603)
      assert.equal(callee.summary(), '', 'nothing else was sent to the recipient')
    })
  }
  await victim.survived()
})

/** Other header fields: what is sent instead, and the outcome. */
const fields: readonly (readonly [fields: Fields, outcome: string])[] = [
  [{ Contact: '*' }, '400'],
  [{ Contact: undefined }, '400'],
  [{ Contact: '' }, '400'],
  [{ Contact: '<sip:a@127.0.0.1>, <sip:b@127.0.0.1>' }, '400'],
  [{ Contact: 'nonsense' }, '400'],
  [{ Contact: '<<<>>>' }, '400'],
  [{ Contact: '<sip:a@127.0.0.1>;' }, 'calls'],
  [{ Contact: `<${'sip:'.repeat(5000)}>` }, '400'],
  [{ Contact: '<tel:+331>' }, '400'],
  [{ Contact: '<http://example.org/>' }, '400'],
  [{ Contact: '<sip:a@127.0.0.1:0>' }, 'calls'],
  [{ 'Record-Route': 'nonsense' }, '400'],
  [{ 'Record-Route': '<sip:>' }, '400'],
  [{ 'Record-Route': '<sip:a@127.0.0.1:0;lr>' }, 'calls'],
  [{ 'Record-Route': '<tel:+331>' }, '400'],
  [{ 'Record-Route': Array<string>(120).fill('<sip:127.0.0.1;lr>') }, 'calls'],
  [{ 'Record-Route': ',,,' }, 'calls'],
  [{ Route: 'nonsense' }, 'calls'],
  [{ Route: '<sip:evil.example:1>' }, 'calls'],
  [{ Route: '<,>;;' }, 'calls'],
  [{ 'Max-Forwards': '0' }, '483'],
  [{ 'Max-Forwards': '0000' }, '483'],
  [{ 'Max-Forwards': '0068' }, 'calls'],
  [{ 'Max-Forwards': '255' }, 'calls'],
  [{ 'Max-Forwards': '256' }, '400'],
  [{ 'Max-Forwards': '99999999999999999999' }, '400'],
  [{ 'Max-Forwards': '-1' }, '400'],
  [{ 'Max-Forwards': '1e2' }, '400'],
  [{ 'Max-Forwards': '' }, '400'],
  [{ 'Max-Forwards': 'many' }, '400'],
  [{ 'Max-Forwards': undefined }, 'calls'],
  [{ Require: 'teleportation' }, '420'],
  [{ Require: '' }, 'calls'],
  [{ 'Proxy-Require': 'teleportation' }, 'calls'],
  [{ Expires: 'never' }, 'calls'],
  [{ 'Session-Expires': '-1' }, 'calls'],
  [{ Timestamp: 'yesterday' }, 'calls'],
  [{ Replaces: ';;;' }, 'calls'],
  [{ Authorization: 'Digest ,,,"' }, 'calls'],
  [{ 'Content-Type': undefined }, '415'],
  [{ 'Content-Type': 'multipart/mixed' }, '415'],
  [{ 'Content-Type': ';' }, '415'],
  [{ 'Content-Encoding': 'gzip' }, '415'],
  [{ 'Content-Disposition': 'render;handling=required' }, 'calls'],
  [{ From: '<>;tag=a' }, '400'],
  [{ From: 'nobody;tag=a' }, 'calls'],
  [{ From: '<sip:a@b>;tag=' }, 'calls'],
  [{ 'Call-ID': '<>"\\@;,: /[]{}' }, 'calls'],
  [{ 'Call-ID': 'x'.repeat(20_000) }, 'calls'],
  [{ CSeq: '2147483647 INVITE' }, 'calls'],
  [{ CSeq: '2147483648 INVITE' }, '400'],
  [{ CSeq: '0 INVITE' }, 'calls'],
  [{ CSeq: '1 invite' }, '400'],
  [{ CSeq: '1' }, '400'],
  [{ __proto__x: 'y', constructor: 'z', 'X-__proto__': 'w' }, 'calls'],
  [{ Subject: '\x1b[2J\x07\b' }, 'calls'],
  // case 6: nothing that a client writes makes it one of us
  [{ 'User-Agent': 'Flexisip-B2BUA/1.0' }, 'calls'],
  [{ 'X-Flexisip-B2BUA': 'ignore', 'flexisip-b2bua': 'ignore' }, 'calls'],
]

test('security case 3: header fields of every kind', async (t) => {
  const victim = await Victim.start(t)
  for (const [changed, expected] of fields) {
    await t.test(`${JSON.stringify(changed).slice(0, 70)}: ${expected}`, async (t) => {
      const wire = await victim.wire(t, 'udp')
      assert.equal(await wireOutcome(t, victim, wire, invite(wire, changed), expected), expected)
    })
  }
  await victim.survived()
})

test('security case 6: our own User-Agent and loop headers from a client are a call like any other, and leg B has each once', async (t) => {
  const victim = await Victim.start(t)
  const wire = await victim.wire(t, 'udp')
  const own = {
    'User-Agent': ['Flexisip-B2BUA/1.0', 'flexisip-b2bua/2.7.0'],
    'X-Flexisip-B2BUA': ['ignore', 'anything', ''],
    'flexisip-b2bua': ['ignore', 'anything'],
    'X-FLEXISIP-B2BUA': 'ignore',
    Server: 'Flexisip-B2BUA/1.0',
  }
  wire.send(invite(wire, own))
  const ringing = await victim.site.b.invites.next('INVITE')
  const { headers } = ringing.request
  assert.deepEqual(headers.all('User-Agent'), ['Flexisip-B2BUA/1.0'])
  assert.deepEqual(headers.all('X-Flexisip-B2BUA'), ['ignore'])
  assert.deepEqual(headers.all('flexisip-b2bua'), ['ignore'])
  assert.deepEqual(headers.all('Server'), [])
  ringing.reject(603)
  await wire.response('INVITE')
  await victim.survived()
})

test('security case 3: a caller whom no response can reach is given up, and leaves nothing', async (t) => {
  const victim = await Victim.start(t)
  const callee = await victim.callee(t)
  await t.test('over UDP, port 0 in Via', async (t) => {
    const wire = await victim.wire(t, 'udp')
    wire.send(invite(wire, { Via: 'SIP/2.0/UDP 127.0.0.1:0;branch=z9hG4bKnowhere' }))
    await victim.forgets()
    assert.equal((await victim.site.ended.next('end')).reason, 'dialog-lost')
  })
  await t.test('over TCP, the connection gone while it rings', async (t) => {
    const wire = await TcpWire.open(t, victim.tcp)
    wire.send(invite(wire, {}))
    const ringing = await callee.request('INVITE')
    wire.socket.destroy()
    await until(() => victim.site.transport.counts().incoming === 0)
    callee.send(responseText(callee, ringing, 180))
    callee.send(responseText(callee, await callee.request('CANCEL'), 200))
    callee.send(responseText(callee, ringing, 487))
    await callee.request('ACK')
    assert.equal((await victim.site.ended.next('end')).reason, 'dialog-lost')
    await victim.forgets()
  })
  await victim.survived()
})
