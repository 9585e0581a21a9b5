import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Headers } from '../../../src/sip/message/headers.ts'
import { HeaderError } from '../../../src/sip/message/header-error.ts'
import { dropUnreadableParameters, stampReceived } from '../../../src/sip/transport/received.ts'

function stamped(via: string, host: string, port = 40000): string {
  const headers = new Headers([['Via', via]])
  stampReceived(headers, { host, port })
  return headers.get('Via')!
}

test('a sent-by that is the source is left as it came (RFC 3261 §18.2.1)', () => {
  const via = 'SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKa'
  assert.equal(stamped(via, '192.0.2.1'), via)
})
test('another address in sent-by gets received', () => {
  assert.equal(
    stamped('SIP/2.0/UDP 10.0.0.1;branch=z9', '192.0.2.1'),
    'SIP/2.0/UDP 10.0.0.1;branch=z9;received=192.0.2.1',
  )
})
test('a name in sent-by always gets received', () => {
  assert.equal(
    stamped('SIP/2.0/TCP pc.example;branch=z9', '192.0.2.1'),
    'SIP/2.0/TCP pc.example;branch=z9;received=192.0.2.1',
  )
})
test('rport gets the source port, and received with it even if sent-by is the source (RFC 3581 §4)', () => {
  assert.equal(
    stamped('SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9', '192.0.2.1'),
    'SIP/2.0/UDP 192.0.2.1:5060;branch=z9;received=192.0.2.1;rport=40000',
  )
})
test('received and rport that the sender filled in itself are replaced: nobody sends our responses to others', () => {
  assert.equal(
    stamped('SIP/2.0/UDP 192.0.2.1;received=198.51.100.9;rport=53;branch=z9', '192.0.2.1'),
    'SIP/2.0/UDP 192.0.2.1;branch=z9;received=192.0.2.1;rport=40000',
  )
  assert.equal(
    stamped('SIP/2.0/UDP 192.0.2.1;received=198.51.100.9;branch=z9', '192.0.2.1'),
    'SIP/2.0/UDP 192.0.2.1;branch=z9',
  )
})
test('an IPv6 sent-by is the source however it is written, and received has no brackets', () => {
  const via = 'SIP/2.0/UDP [2001:DB8:0::1]:5060;branch=z9'
  assert.equal(stamped(via, '2001:db8::1'), via)
  assert.equal(stamped(via, '2001:db8::2'), `${via};received=2001:db8::2`)
})
test('the zone of a link-local source stays on this machine', () => {
  assert.match(stamped('SIP/2.0/UDP pc;branch=z9', 'fe80::1%eth0'), /;received=fe80::1$/)
})
test('only the top Via is written to, in a list as well, and what else it has stays', () => {
  assert.equal(
    stamped('SIP / 2.0 / UDP pc.example: 4000 ;x="a;rport,b" ;rport;BRANCH=z9, SIP/2.0/TCP a;rport', '192.0.2.1', 7),
    'SIP / 2.0 / UDP pc.example: 4000;x="a;rport,b";BRANCH=z9;received=192.0.2.1;rport=7, SIP/2.0/TCP a;rport',
  )
})
test('a Via that cannot be read throws HeaderError', () => {
  assert.throws(() => stamped('nonsense', '192.0.2.1'), HeaderError)
})

for (const [via, kept] of [
  ['SIP/2.0/UDP 192.0.2.1;;,;,,', 'SIP/2.0/UDP 192.0.2.1, ;,,'],
  ['SIP/2.0/UDP 192.0.2.1:5070 ;branch=z9;;x="', 'SIP/2.0/UDP 192.0.2.1:5070;branch=z9'],
  ['SIP/2.0/UDP 192.0.2.1;branch=z9;x=y', 'SIP/2.0/UDP 192.0.2.1;branch=z9;x=y'],
  ['SIP/2.0/UDP 192.0.2.1', 'SIP/2.0/UDP 192.0.2.1'],
] as const)
  test(`of ${via} what can be read is kept`, () => {
    const headers = new Headers([['Via', via]])
    dropUnreadableParameters(headers)
    assert.equal(headers.get('Via'), kept)
  })
