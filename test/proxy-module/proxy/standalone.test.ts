/** What a stranger can make of the standalone proxy. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { otherLoopback } from '../../support/proxy/front-site.ts'
import { StandaloneSite } from '../../support/proxy/standalone-site.ts'
import { requestText } from '../../support/torture/sip-text.ts'
import { TcpListener, UdpWire } from '../../support/torture/wire.ts'

const passwords = 'version:1\n\nbob@sip.example.org clrtxt:secret ;\n'

test('who has no password cannot send through it to wherever he likes: not even a BYE, which is never challenged', async (t) => {
  const alone = await StandaloneSite.start(t, { passwords })
  const inside = await UdpWire.open(t, alone.site.udp, { host: otherLoopback(), port: 0 })
  const listener = await TcpListener.open(t)
  let reached = false
  void listener.accept().then(() => (reached = true))
  const elsewhere = listener.uri.replace('127.0.0.1', 'localhost')
  for (const stranger of [await alone.phone(), await alone.tcpPhone()]) {
    for (const To of ['<sip:bob@sip.example.org>', '<sip:bob@sip.example.org>;tag=invented']) {
      for (const method of ['BYE', 'CANCEL', 'PRACK', 'STRANGE', 'INVITE']) {
        for (const uri of [inside.uri, elsewhere]) {
          stranger.send(requestText(stranger, method, { uri, fields: { To } }))
          assert.ok([407, 481].includes((await stranger.response(method)).status), method)
          stranger.send(requestText(stranger, method, { fields: { To, Route: `<${uri};lr>` } }))
          assert.ok([407, 481].includes((await stranger.response(method)).status), method)
        }
      }
      stranger.send(requestText(stranger, 'ACK', { uri: inside.uri, fields: { To } }))
    }
  }
  assert.equal(reached, false)
  assert.deepEqual(inside.received, [])
})
