import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { type SipRequest } from '../../src/sip/message/message.ts'
import { parseUri } from '../../src/sip/message/uri.ts'
import { parseVia, type Via } from '../../src/sip/message/via.ts'
import { outcomeOf, readTorture } from './outcome.ts'

function accepted(file: string): SipRequest {
  const outcome = outcomeOf(readTorture(`rfc5118/${file}.dat`))
  assert.equal(outcome.kind, 'accepted')
  return (outcome as { message: SipRequest }).message
}
const vias = (file: string): Via[] => accepted(file).headers.values('Via').map(parseVia)

test('RFC 5118 4.1 ipv6-good: an IPv6 reference in brackets is a host', () => {
  assert.equal(parseUri(accepted('ipv6-good').uri).host, '[2001:db8::10]')
})

test('RFC 5118 4.2 ipv6-bad: an IPv6 address without brackets is answered 400', () => {
  assert.deepEqual(outcomeOf(readTorture('rfc5118/ipv6-bad.dat')), {
    kind: 'answered',
    code: 'SIP_START_LINE',
    status: 400,
  })
})

test('RFC 5118 4.3 port-ambiguous: inside the brackets everything is the address', () => {
  const { host, port } = parseUri(accepted('port-ambiguous').uri)
  assert.deepEqual([host, port], ['[2001:db8::10:5070]', undefined])
})

test('RFC 5118 4.4 port-unambiguous: behind the brackets stands the port', () => {
  const { host, port } = parseUri(accepted('port-unambiguous').uri)
  assert.deepEqual([host, port], ['[2001:db8::10]', 5070])
})

test('RFC 5118 4.5 via-received-param: received is read with brackets and without', () => {
  assert.equal(vias('via-received-param-with-delim')[0]?.received, '2001:db8::9:255')
  assert.equal(vias('via-received-param-no-delim')[0]?.received, '2001:db8::9:255')
})

test('RFC 5118 4.6, 4.8 ipv6-in-sdp, mult-ip-in-sdp: bodies are left alone', () => {
  assert.ok(accepted('ipv6-in-sdp').body.includes('c=IN IP6 2001:db8::41'))
  assert.ok(accepted('mult-ip-in-sdp').body.includes('c=IN IP4 192.0.2.1'))
})

test('RFC 5118 4.7 mult-ip-in-header: both families stand side by side in Via', () => {
  assert.deepEqual(
    vias('mult-ip-in-header').map(({ host, port }) => [host, port]),
    [
      ['[2001:db8::9:1]', 6050],
      ['192.0.2.1', undefined],
      ['[2001:db8::9:255]', undefined],
    ],
  )
})

test('RFC 5118 4.9 ipv4-mapped-ipv6: an IPv4-mapped address is an IPv6 reference as others', () => {
  assert.equal(vias('ipv4-mapped-ipv6')[0]?.host, '[::ffff:192.0.2.10]')
})

test('RFC 5118 4.10 ipv6-bug-abnf-3-colons: three colons, which the old grammar asked for, are tolerated', () => {
  assert.equal(parseUri(accepted('ipv6-bug-abnf-3-colons').uri).host, '[2001:db8:::192.0.2.1]')
})

test('all files of RFC 5118 are used', () => {
  assert.equal(readdirSync(new URL('rfc5118/', import.meta.url)).length, 11)
})
