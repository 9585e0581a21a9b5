import assert from 'node:assert/strict'
import { SocketAddress as NodeAddress } from 'node:net'
import { networkInterfaces } from 'node:os'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { linuxSystem } from '../../../../src/media/packet-io/linux/libc.ts'
import { SocketAddress } from '../../../../src/media/packet-io/linux/socket-address.ts'

describe('a socket address', { skip: process.platform !== 'linux' }, () => {
  const port = fc.integer({ min: 0, max: 65535 })

  test('of any kind is read as it was written, in the form of the operating system', () => {
    for (const [version, address] of [
      [4, fc.ipV4()],
      [6, fc.ipV6()],
    ] as const) {
      const written = new SocketAddress(linuxSystem(), version)
      fc.assert(
        fc.property(address, port, (text, number) => {
          const canonical = new NodeAddress({ address: text, family: `ipv${version}` }).address
          assert.ok(written.write({ address: canonical, port: number }))
          assert.deepEqual(written.read(), { address: canonical, port: number })
        }),
      )
    }
  })

  test('of the other version, of no version and without a port is refused', () => {
    const four = new SocketAddress(linuxSystem(), 4)
    four.write({ address: '192.0.2.1', port: 7 })
    for (const address of ['::1', '', '1.2.3', '1.2.3.4.5', 'a.b.c.d', 'localhost', '1.2.3.4%lo'])
      assert.equal(four.write({ address, port: 1 }), false, address)
    for (const number of [-1, 65536, 1.5, NaN, Infinity])
      assert.equal(four.write({ address: '192.0.2.2', port: number }), false, String(number))
    assert.deepEqual(four.read(), { address: '192.0.2.1', port: 7 }, 'nothing has changed')
    assert.equal(new SocketAddress(linuxSystem(), 6).write({ address: '127.0.0.1', port: 1 }), false)
  })

  test('equals its copy, and no other', () => {
    const [one, other] = [new SocketAddress(linuxSystem(), 6), new SocketAddress(linuxSystem(), 6)]
    one.write({ address: '2001:db8::1', port: 5 })
    assert.equal(one.equals(other), false)
    other.copy(one)
    assert.equal(one.equals(other), true)
    for (const differing of [
      { address: '2001:db8::2', port: 5 },
      { address: '2001:db8::1', port: 6 },
    ]) {
      other.write(differing)
      assert.equal(one.equals(other), false)
    }
  })

  test('keeps the zone of a link-local address', () => {
    const local = new SocketAddress(linuxSystem(), 6)
    local.write({ address: 'fe80::1%424242', port: 1 })
    assert.equal(local.read().address, 'fe80::1%424242', 'of no interface: by its number')
    for (const [name, addresses] of Object.entries(networkInterfaces())) {
      if (addresses?.some((one) => one.family === 'IPv6' && one.scopeid !== 0) !== true) continue
      local.write({ address: `fe80::1%${name}`, port: 1 })
      assert.equal(local.read().address, `fe80::1%${name}`)
    }
  })
})
