import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { test } from 'node:test'
import { type TransportProtocol } from '../../../src/sip/transport/flow.ts'
import { LayerEnd, noIpv6, requestText, TcpEnd, UdpEnd } from '../../support/sip/transport-ends.ts'

const host = '127.0.0.1'

for (const protocol of ['udp', 'tcp'] as const) {
  test(`${protocol}: a port in use is refused with its reason and what to write`, async (t) => {
    const { port } = await new LayerEnd(t).layer.listen({ protocol, host, port: 0 })
    const { layer } = new LayerEnd(t)
    await assert.rejects(layer.listen({ protocol, host, port }), (error: Error) => {
      assert.equal(
        error.message,
        `cannot listen on ${protocol} ${host}:${port}: another program listens there (EADDRINUSE); stop it, or write another port, or 0 for any that is free`,
      )
      return true
    })
    await layer.listen({ protocol, host, port: 0 }) // and the layer is still of use
  })

  test(`${protocol}: an address that is not this machine's is refused, its own are listed`, async (t) => {
    const { layer } = new LayerEnd(t)
    await assert.rejects(layer.listen({ protocol, host: '192.0.2.77', port: 0 }), {
      code: 'TRANSPORT_LISTEN',
      message:
        /192\.0\.2\.77:0: this machine has no such address \(EADDRNOTAVAIL\); write one of .*127\.0\.0\.1.*0\.0\.0\.0/,
    })
  })

  test(`${protocol}: a port that is written is taken, told, and free again after close`, async (t) => {
    for (let i = 0; i < 2; i++) {
      const { layer } = new LayerEnd(t)
      const told: [TransportProtocol, number][] = []
      layer.events.on('listening', (which, { port }) => told.push([which, port]))
      assert.deepEqual(await layer.listen({ protocol, host, port: 20_017 }), { host, port: 20_017 })
      assert.deepEqual(told, [[protocol, 20_017]])
      await layer.close()
    }
  })

  test(`${protocol}: both families at once on one port, each on its own address only`, { skip: noIpv6 }, async (t) => {
    const { layer } = new LayerEnd(t)
    const { port } = await layer.listen({ protocol, host: '0.0.0.0', port: 0 })
    assert.deepEqual(await layer.listen({ protocol, host: '::', port }), { host: '::', port })
  })
}

test('only the host that is written is listened on, not the others of the machine', async (t) => {
  const { layer } = new LayerEnd(t)
  const { port } = await layer.listen({ protocol: 'tcp', host: '127.0.0.2', port: 0 })
  await TcpEnd.connect(t, { host: '127.0.0.2', port })
  const others = Object.values(networkInterfaces()).flatMap((all) => all ?? [])
  for (const { address } of others.filter(({ scopeid }) => !scopeid)) {
    const socket = connect(port, address)
    const code = await new Promise((resolve) => {
      socket.once('connect', () => resolve('connected'))
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code))
    })
    socket.destroy()
    assert.equal(code, 'ECONNREFUSED', address)
  }
})

test('a host given by name is resolved', async (t) => {
  const { layer } = new LayerEnd(t)
  const at = await layer.listen({ protocol: 'udp', host: 'localhost', port: 0 })
  assert.ok(['127.0.0.1', '::1'].includes(at.host))
  await assert.rejects(layer.listen({ protocol: 'udp', host: 'nowhere.invalid', port: 0 }), {
    code: 'TRANSPORT_LISTEN',
    message: /'nowhere\.invalid'.*write an address of this machine \(.*127\.0\.0\.1/,
  })
})

test('UDP, TCP and both families carry messages side by side', { skip: noIpv6 }, async (t) => {
  const end = new LayerEnd(t)
  for (const family of ['127.0.0.1', '::1']) {
    const udp = await end.layer.listen({ protocol: 'udp', host: family, port: 0 })
    const tcp = await end.layer.listen({ protocol: 'tcp', host: family, port: 0 })
    ;(await UdpEnd.bind(t, family)).send(requestText('SIP/2.0/UDP pc;branch=z9hG4bKa'), udp)
    assert.equal((await end.messages.next()).flow.protocol, 'udp')
    ;(await TcpEnd.connect(t, tcp)).socket.write(requestText('SIP/2.0/TCP pc;branch=z9hG4bKa'))
    assert.equal((await end.messages.next()).flow.remote.host, family)
  }
})
