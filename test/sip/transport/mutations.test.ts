import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LayerEnd, requestText, TcpEnd, UdpEnd } from '../../support/sip/transport-ends.ts'

const invite = requestText('SIP/2.0/UDP pc.example:5070;rport;branch=z9hG4bKa, SIP/2.0/UDP other;branch=z9hG4bKb', {
  method: 'INVITE',
  body: 'v=0\r\n',
})

/** The request with some bytes overwritten, put in or cut out. */
const mutated = fc
  .array(fc.tuple(fc.nat(invite.length), fc.nat(3), fc.string({ unit: 'binary-ascii', maxLength: 4 })), {
    maxLength: 6,
  })
  .map((changes) => changes.reduce((text, [at, cut, put]) => text.slice(0, at) + put + text.slice(at + cut), invite))

test('no mutation of a request, by UDP or TCP, gets beyond its flow', async (t) => {
  const end = new LayerEnd(t)
  const defects: unknown[] = []
  end.layer.onHandlerError = (error) => defects.push(error)
  const udp = await end.layer.listen({ protocol: 'udp', host: '127.0.0.1', port: 0 })
  const tcp = await end.layer.listen({ protocol: 'tcp', host: '127.0.0.1', port: 0 })
  const phone = await UdpEnd.bind(t)
  let stream = await TcpEnd.connect(t, tcp)
  await fc.assert(
    fc.asyncProperty(mutated, async (text) => {
      phone.send(text, udp)
      if (stream.socket.destroyed) stream = await TcpEnd.connect(t, tcp)
      stream.socket.write(text, 'latin1')
      await new Promise<void>((resolve) => setImmediate(resolve))
    }),
    { numRuns: 400 },
  )
  phone.send(requestText('SIP/2.0/UDP pc;branch=z9hG4bKlast', { cseq: 4711 }), udp)
  while ((await end.messages.next()).message.headers.get('CSeq') !== '4711 OPTIONS');
  assert.deepEqual(defects, [])
  assert.ok(end.malformed.length > 0)
})
