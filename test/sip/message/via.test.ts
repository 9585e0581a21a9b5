import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatVia, parseVia } from '../../../src/sip/message/via.ts'

test('a Via is taken apart', () => {
  assert.deepEqual(parseVia('SIP/2.0/udp 192.0.2.1:5062;rport=1024;branch=z9hG4bKx;received=192.0.2.9;ttl=1;alias'), {
    protocol: 'UDP',
    host: '192.0.2.1',
    port: 5062,
    branch: 'z9hG4bKx',
    received: '192.0.2.9',
    rport: 1024,
    params: ';ttl=1;alias',
  })
})

test('white space may stand around slashes, colon and semicolons', () => {
  assert.deepEqual(parseVia('SIP / 2.0 / TCP   first.example.com : 4000 ; ttl = 16 ; branch = z9'), {
    protocol: 'TCP',
    host: 'first.example.com',
    port: 4000,
    branch: 'z9',
    params: '; ttl = 16',
  })
})

test('an empty rport asks for it, and brackets of received are no part of the address', () => {
  assert.deepEqual(parseVia('SIP/2.0/TLS [2001:db8::1];rport;received=[2001:db8::2]'), {
    protocol: 'TLS',
    host: '[2001:db8::1]',
    rport: true,
    received: '2001:db8::2',
    params: '',
  })
})

test('received and rport are set by spreading, once each', () => {
  const via = parseVia('SIP/2.0/UDP a.example:5060;branch=z9hG4bKx;rport;received=1.1.1.1;x=y')
  const stamped = formatVia({ ...via, received: '192.0.2.7', rport: 4711 })
  assert.equal(stamped, 'SIP/2.0/UDP a.example:5060;branch=z9hG4bKx;received=192.0.2.7;rport=4711;x=y')
  assert.deepEqual(parseVia(stamped), { ...via, received: '192.0.2.7', rport: 4711 })
})

for (const value of [
  ...[
    '',
    'SIP',
    'SIP/2.0',
    'SIP/2.0/UDP',
    'SIP/2.0/UDP ',
    'SIP/3.0/UDP a',
    'HTTP/2.0/UDP a',
    'SIP/2.0/ a',
    'SIP/2.0/UDP a b',
  ],
  ...[
    'SIP/2.0/UDP a:',
    'SIP/2.0/UDP a:x',
    'SIP/2.0/UDP a:70000',
    'SIP/2.0/UDP [::1',
    'SIP/2.0/UDP ::1',
    'SIP/2.0/UDP a;;branch=x',
  ],
  ...['SIP/2.0/UDP a;branch=x;branch=y', 'SIP/2.0/UDP a;x="', 'SIP/2.0/UDP ;branch=x', 'SIP/2.0/U DP a'],
]) {
  test(`malformed: ${JSON.stringify(value)}`, () => {
    assert.throws(() => parseVia(value), { name: 'HeaderError', code: 'SIP_VIA', status: 400 })
  })
}
