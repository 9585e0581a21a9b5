import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseUri } from '../../../src/sip/message/uri.ts'
import { targetForSize } from '../../../src/sip/transport/congestion.ts'
import { type Target } from '../../../src/sip/transport/flow.ts'

const udp: Target = { protocol: 'udp', host: '192.0.2.1', port: 5060 }

test('a request above 1300 bytes goes by TCP where the URI leaves the transport open (RFC 3261 §18.1.1)', () => {
  const uri = parseUri('sip:192.0.2.1')
  assert.equal(targetForSize(udp, uri, 1300), udp)
  assert.deepEqual(targetForSize(udp, uri, 1301), { ...udp, protocol: 'tcp' })
})

test('a transport that the URI names is kept, whatever the size', () => {
  assert.equal(targetForSize(udp, parseUri('sip:192.0.2.1;transport=udp'), 9000), udp)
})

test('connections carry any size', () => {
  const tls: Target = { ...udp, protocol: 'tls' }
  assert.equal(targetForSize(tls, parseUri('sips:192.0.2.1'), 9000), tls)
})
