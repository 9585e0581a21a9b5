import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { describe, test } from 'node:test'
import { MessageChannel } from 'node:worker_threads'
import type * as Koffi from 'koffi'
import fc from 'fast-check'
import { type PacketBuffer } from '../../../../src/media/packet-buffer.ts'
import { DescriptorLedger } from '../../../../src/media/packet-io/descriptor-ledger.ts'
import { linux, linuxSystem, type Libc, type System } from '../../../../src/media/packet-io/linux/libc.ts'
import { LinuxPacketIo } from '../../../../src/media/packet-io/linux/linux-packet-io.ts'
import { LinuxPort } from '../../../../src/media/packet-io/linux/linux-port.ts'
import { PortMemory } from '../../../../src/media/packet-io/linux/port-memory.ts'
import { SocketAddress } from '../../../../src/media/packet-io/linux/socket-address.ts'
import { inBuffer } from '../../../support/media/packets.ts'
import { Line } from '../../../support/media/phone.ts'
import { until } from '../../../support/until.ts'

const port = 21320
const silent = { onPacket: () => {}, onError: () => {} }
const makeIo = (): LinuxPacketIo => new LinuxPacketIo({ pause: 1, ledger: new DescriptorLedger() })
const descriptors = (): number => readdirSync('/proc/self/fd').length

/** An option of a socket, as the kernel has it. */
function option(socket: number, level: number, name: number): number {
  const koffi = createRequire(import.meta.url)('koffi') as typeof Koffi
  const getsockopt = koffi.load(null).func('int getsockopt(int fd, int level, int name, void *value, void *length)')
  const [value, length] = [new Int32Array(1), new Int32Array([4])]
  assert.equal(getsockopt(socket, level, name, value, length), 0)
  return value[0]!
}

describe('the linux driver', { skip: process.platform !== 'linux' }, () => {
  test('marks what it sends with the code point, and lets bursts queue', async () => {
    const io = makeIo()
    for (const [address, level, name] of [
      ['127.0.0.1', linux.IPPROTO_IP, linux.IP_TOS],
      ['::', linux.IPPROTO_IPV6, linux.IPV6_TCLASS],
    ] as const) {
      const marked = await io.open({ address, port, dscp: 46 }, silent)
      const plain = await io.open({ address, port: port + 2 }, silent)
      assert.equal(option(marked.socket, level, name), 46 << 2)
      assert.equal(option(plain.socket, level, name), 0)
      assert.ok(option(plain.socket, linux.SOL_SOCKET, linux.SO_RCVBUF) >= 212_992)
      await Promise.all([marked.close(), plain.close()])
    }
  })

  test('leaves no descriptor: of ports that were closed, or could not be opened', async () => {
    const io = makeIo()
    const before = descriptors()
    const opened = await io.open({ address: '127.0.0.1', port }, silent)
    await assert.rejects(io.open({ address: '127.0.0.1', port }, silent), { code: 'EADDRINUSE' })
    await assert.rejects(io.open({ address: '192.0.2.1', port }, silent), { code: 'EADDRNOTAVAIL' })
    await opened.close()
    assert.equal(descriptors(), before)
  })

  test('sends nothing of a length that is none, and counts it', async (t) => {
    const heard: number[] = []
    let errors = 0
    const io = makeIo()
    const target = await io.open(
      { address: '127.0.0.1', port },
      { ...silent, onPacket: (packet: PacketBuffer) => heard.push(packet.length) },
    )
    const source = await io.open({ address: '127.0.0.1', port: port + 2 }, { ...silent, onError: () => errors++ })
    t.after(() => Promise.all([target.close(), source.close()]))
    const remote = { address: '127.0.0.1', port }
    const packet = inBuffer(Buffer.alloc(100))
    const length = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(-1, 4097, 65_528, 2 ** 31, 2 ** 32, NaN))
    let expected = 0
    fc.assert(
      fc.property(length, fc.boolean(), (wrong, connected) => {
        fc.pre(!(Number.isInteger(wrong) && wrong >= 0 && wrong <= packet.bytes.length))
        if (connected) source.connect(remote)
        else source.disconnect()
        packet.length = wrong
        source.send(packet, remote)
        assert.equal(errors, ++expected)
      }),
    )
    packet.length = 10
    for (const address of ['::1', 'nowhere', '']) {
      source.disconnect()
      source.send(packet, { address, port })
      assert.equal(errors, ++expected)
      source.connect({ address, port })
      assert.equal(errors, ++expected)
    }
    source.send(packet, remote)
    await until(() => heard.length > 0)
    assert.deepEqual(heard, [10])
  })

  test('drops and counts what finds the queue of the system full', () => {
    const real = linuxSystem()
    const full = (): number => -1
    const system: System = { ...real, libc: { ...real.libc, send: full, sendto: full }, errno: () => linux.EAGAIN }
    let errors = 0
    const closed = new LinuxPort({
      ...{ system, memory: new PortMemory(system), version: 4, socket: -1, serial: 0 },
      handler: { ...silent, onError: () => errors++ },
      onClose: () => {},
    })
    closed.send(inBuffer(Buffer.from('x')), { address: '127.0.0.1', port })
    assert.equal(errors, 1)
    closed.receive()
    assert.equal(errors, 1, 'that there is nothing to receive is no error')
  })

  test('asks a connected socket who has sent for fifty datagrams and until it is empty, and again when it is disconnected', async (t) => {
    const real = linuxSystem()
    const calls = { recv: 0, recvfrom: 0 }
    const libc: Libc = {
      ...real.libc,
      recv: (...words) => (calls.recv++, real.libc.recv(...words)),
      recvfrom: (...words) => (calls.recvfrom++, real.libc.recvfrom(...words)),
    }
    const system: System = { ...real, libc }
    const socket = libc.socket(linux.AF_INET, linux.SOCK_DGRAM | linux.SOCK_NONBLOCK, 0)
    t.after(() => libc.close(socket))
    const own = new SocketAddress(real, 4)
    own.write({ address: '127.0.0.1', port })
    assert.equal(libc.bind(socket, own.pointer, own.length), 0)
    const sources: number[] = []
    const listener = new LinuxPort({
      ...{ system, memory: new PortMemory(system), version: 4, socket, serial: 0 },
      handler: { ...silent, onPacket: (_, source) => sources.push(source.port) },
      onClose: () => {},
    })
    const sender = await makeIo().open({ address: '127.0.0.1', port: port + 2 }, silent)
    t.after(() => sender.close())
    const hear = (times: number): void => {
      for (let i = 0; i < times; i++) sender.send(inBuffer(Buffer.from('x')), { address: '127.0.0.1', port })
      for (let i = 0; i < times; i++) listener.receive()
    }
    listener.connect({ address: '127.0.0.1', port: port + 2 })
    hear(49)
    assert.deepEqual(calls, { recv: 0, recvfrom: 49 })
    hear(1)
    assert.deepEqual(calls, { recv: 0, recvfrom: 51 }, 'and one that finds nothing')
    hear(5)
    assert.deepEqual(calls, { recv: 5, recvfrom: 51 })
    listener.disconnect()
    hear(60)
    assert.deepEqual(calls, { recv: 5, recvfrom: 111 })
    assert.deepEqual(sources, Array(115).fill(port + 2))
  })

  test('handles a message that was there before a packet first', async (t) => {
    const heard: string[] = []
    const { port1, port2 } = new MessageChannel()
    const line = await Line.open()
    port2.on('message', (text: string) => heard.push(text))
    const opened = await makeIo().open(
      { address: '127.0.0.1', port },
      {
        ...silent,
        onPacket: (packet) => {
          const text = packet.bytes.toString('latin1', 0, packet.length)
          heard.push(text)
          if (text !== 'first') return
          port1.postMessage('message')
          line.send(Buffer.from('second'), port)
        },
      },
    )
    t.after(() => {
      port1.close()
      line.close()
      return opened.close()
    })
    line.send(Buffer.from('first'), port)
    await until(() => heard.length === 3)
    assert.deepEqual(heard, ['first', 'message', 'second'])
  })

  test('allocates nothing for a packet', async (t) => {
    const io = makeIo()
    const ports: LinuxPort[] = []
    const remote = (number: number) => ({ address: '127.0.0.1', port: number })
    let received = 0
    for (const number of [port, port + 2]) {
      const other = remote(port + port + 2 - number)
      const handler = {
        ...silent,
        onPacket: (packet: PacketBuffer) => {
          received++
          ports[number === port ? 0 : 1]!.send(packet, other)
        },
      }
      ports.push(await io.open(remote(number), handler))
    }
    t.after(() => Promise.all(ports.map((one) => one.close())))
    const [a, b] = ports as [LinuxPort, LinuxPort]
    a.connect(remote(port + 2)) // the other is not
    a.send(inBuffer(Buffer.alloc(172)), remote(port + 2))
    /** Bytes of heap that as many turns of one packet take. */
    const relay = (turns: number): number => {
      const before = process.memoryUsage().heapUsed
      for (let i = 0; i < turns; i++) {
        b.receive()
        a.receive()
      }
      return process.memoryUsage().heapUsed - before
    }
    for (let i = 0; i < 10; i++) relay(5000) // compiled by now
    const least = Math.min(...Array.from({ length: 5 }, () => relay(5000)).filter((bytes) => bytes >= 0))
    assert.ok(received >= 100_000)
    assert.ok(least < 5000 * 16, `${least / 10_000} bytes a packet`)
  })
})
