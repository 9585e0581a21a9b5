import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type EndpointDescription } from '../../src/base/endpoint-description.ts'
import { fromEndpointMessage, toEndpointMessage } from '../../src/media/worker-messages.ts'
import { masterKey } from '../support/media/packets.ts'

const remote = { address: '192.0.2.1', rtpPort: 4000, rtcpPort: 4001 }

test('a description is the same behind the journey between threads', () => {
  const descriptions: readonly EndpointDescription[] = [
    { rtcpMux: false, direction: 'inactive', protection: { mode: 'none' } },
    { remote, rtcpMux: true, direction: 'sendrecv', protection: { mode: 'sdes', send: masterKey('AEAD_AES_128_GCM') } },
    {
      remote,
      rtcpMux: false,
      direction: 'recvonly',
      protection: {
        mode: 'sdes',
        send: masterKey('AES_CM_128_HMAC_SHA1_80', Buffer.from([1, 2])),
        receive: masterKey('AES_256_CM_HMAC_SHA1_32'),
      },
    },
  ]
  for (const description of descriptions) {
    assert.deepEqual(fromEndpointMessage(structuredClone(toEndpointMessage(description))), description)
  }
})

test('a key travels alone, without the memory pool that its Buffer lies in', () => {
  const key = Buffer.from('0123456789abcdef')
  assert.ok(key.buffer.byteLength > 16, 'it is in a pool')
  const send = { ...masterKey('AES_CM_128_HMAC_SHA1_80'), key }
  const { protection } = toEndpointMessage({
    rtcpMux: false,
    direction: 'sendrecv',
    protection: { mode: 'sdes', send },
  })
  assert.ok(protection.mode === 'sdes')
  assert.equal(protection.send.key.buffer.byteLength, 16)
})
