import assert from 'node:assert/strict'
import { networkInterfaces } from 'node:os'
import { describe, test, type TestContext } from 'node:test'
import fc from 'fast-check'
import { type PacketBuffer } from '../../../src/media/packet-buffer.ts'
import { type PacketIo, type PacketPort, type PeerAddress } from '../../../src/media/packet-io/packet-io.ts'
import { drivers } from '../../support/media/drivers.ts'
import { inBuffer } from '../../support/media/packets.ts'
import { Line } from '../../support/media/phone.ts'

const port = 21300
const noIpv6 = networkInterfaces()['lo']?.some(({ family }) => family === 'IPv6') !== true

interface Opened {
  readonly opened: PacketPort
  readonly received: { text: string; source: PeerAddress }[]
  readonly errors: () => number
}

/** Opens a port that keeps what it is told. */
async function open(
  t: TestContext,
  io: PacketIo,
  number: number,
  echo = false,
  address = '127.0.0.1',
): Promise<Opened> {
  const received: { text: string; source: PeerAddress }[] = []
  let errors = 0
  const opened: PacketPort = await io.open(
    { address, port: number },
    {
      onPacket(packet: PacketBuffer, source: PeerAddress) {
        const text = packet.bytes.toString('latin1', 0, packet.length)
        received.push({ text, source: { address: source.address, port: source.port } })
        if (echo) opened.send(packet, source)
      },
      onError: () => errors++,
    },
  )
  t.after(() => opened.close())
  return { opened, received, errors: () => errors }
}

/** Polls for up to 3 s. */
async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 600 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 5))
  assert.ok(condition())
}

for (const [name, make] of Object.entries(drivers)) {
  describe(`the ${name} driver`, () => {
    test('receives, says from where, and sends back from the same memory', async (t) => {
      const { received } = await open(t, make(), port, true)
      const line = await Line.open()
      for (const text of ['', 'short', 'x'.repeat(9000)]) {
        line.send(Buffer.from(text), port)
        assert.equal((await line.receive()).toString(), text)
      }
      assert.deepEqual(received[1], { text: 'short', source: { address: '127.0.0.1', port: line.port } })
      line.close()
    })

    test('loses none of 400 voice packets that come while its thread is busy', async (t) => {
      const io = make()
      const { received } = await open(t, io, port)
      const sender = await open(t, io, port + 2)
      for (let i = 0; i < 400; i++) sender.opened.send(inBuffer(Buffer.alloc(172)), { address: '127.0.0.1', port })
      assert.equal(received.length, 0)
      await until(() => received.length === 400)
    })

    test('refuses a port that is in use, with the code of the system', async (t) => {
      await open(t, make(), port)
      await assert.rejects(open(t, make(), port), { code: 'EADDRINUSE' })
    })

    test('connected, it hears and sends to its peer only; disconnected, everybody again', async (t) => {
      const { opened, received } = await open(t, make(), port)
      const peer = await Line.open()
      const other = await Line.open('127.0.0.2')
      const remote = { address: '127.0.0.1', port: peer.port }
      opened.connect(remote)
      opened.connect(remote)
      other.send(Buffer.from('other'), port)
      peer.send(Buffer.from('peer'), port)
      await until(() => received.length > 0)
      assert.deepEqual(
        received.map(({ text }) => text),
        ['peer'],
      )
      opened.send(inBuffer(Buffer.from('hello')), remote)
      assert.equal((await peer.receive()).toString(), 'hello')
      opened.disconnect()
      opened.disconnect()
      other.send(Buffer.from('other again'), port)
      await until(() => received.length > 1)
      opened.send(inBuffer(Buffer.from('to the other')), { address: '127.0.0.2', port: other.port })
      assert.equal((await other.receive()).toString(), 'to the other')
      peer.close()
      other.close()
    })

    test('tells of bounced and impossible datagrams, and stays of use', async (t) => {
      const { opened, received, errors } = await open(t, make(), port)
      const gone = await Line.open()
      const remote = { address: '127.0.0.1', port: gone.port }
      gone.close()
      opened.connect(remote)
      opened.send(inBuffer(Buffer.from('to nobody')), remote)
      await until(() => errors() > 0)
      opened.disconnect()
      const before = errors()
      opened.send(inBuffer(Buffer.from('x')), { address: '255.255.255.255', port: 9 })
      await until(() => errors() > before)
      const line = await Line.open()
      line.send(Buffer.from('still here'), port)
      await until(() => received.length === 1)
      line.close()
    })

    test('closed twice is harmless, and what is sent afterwards goes nowhere', async (t) => {
      const { opened } = await open(t, make(), port)
      await opened.close()
      await opened.close()
      opened.send(inBuffer(Buffer.from('x')), { address: '127.0.0.1', port: 9 })
      opened.connect({ address: '127.0.0.1', port: 9 })
      opened.disconnect()
      await open(t, make(), port)
    })

    test('hears all of a burst, in order', async (t) => {
      const { received } = await open(t, make(), port)
      const line = await Line.open()
      for (let i = 0; i < 100; i++) line.send(Buffer.from(String(i)), port)
      await until(() => received.length === 100)
      assert.deepEqual(
        received.map(({ text }) => Number(text)),
        Array.from({ length: 100 }, (_, i) => i),
      )
      line.close()
    })

    test('over IPv6 it hears and answers, and IPv4 is no affair of the port', { skip: noIpv6 }, async (t) => {
      const io = make()
      const { opened, received } = await open(t, io, port, true, '::')
      await open(t, io, port, true) // neither takes the other's
      const line = await Line.open('::1')
      line.send(Buffer.from('six'), port, '::1')
      assert.equal((await line.receive()).toString(), 'six')
      assert.deepEqual(received, [{ text: 'six', source: { address: '::1', port: line.port } }])
      opened.connect({ address: '::1', port: line.port })
      line.send(Buffer.from('connected'), port, '::1')
      assert.equal((await line.receive()).toString(), 'connected')
      line.close()
    })

    test('what was queued before the port was connected does not pass for the peer’s', async (t) => {
      const { opened, received } = await open(t, make(), port)
      const [peer, other] = [await Line.open(), await Line.open('127.0.0.2')]
      // both are in the queue before this thread looks at it again
      other.send(Buffer.from('other'), port)
      const source = { address: '127.0.0.1', port: peer.port }
      opened.connect(source)
      peer.send(Buffer.from('peer'), port)
      await until(() => received.some(({ text }) => text === 'peer'))
      for (const { text, source: from } of received)
        assert.equal(from.address, text === 'peer' ? '127.0.0.1' : '127.0.0.2')
      peer.close()
      other.close()
    })

    test('connected for long it still says who has sent, and so does it with the next peer', async (t) => {
      const io = make()
      const { opened, received, errors } = await open(t, io, port)
      // these send at once, and so before the port is connected
      const peers = [await open(t, io, port + 2), await open(t, io, port + 4, false, '127.0.0.2')]
      const addresses = ['127.0.0.1', '127.0.0.2'].map((address, i) => ({ address, port: port + 2 + 2 * i }))
      const say = (peer: number, text: string): void =>
        peers[peer]!.opened.send(inBuffer(Buffer.from(text)), { address: '127.0.0.1', port })
      for (const [round, peer] of [0, 1, 0, 1].entries()) {
        opened.disconnect()
        const from = received.length
        say(1 - peer, 'queued before')
        opened.connect(addresses[peer]!)
        for (let sent = 0; sent < 120; sent += 20) {
          say(1 - peer, 'too late')
          for (let one = 0; one < 20; one++) say(peer, 'peer')
          await until(() => received.filter(({ text }) => text === 'peer').length === 120 * round + sent + 20)
        }
        assert.deepEqual(received[from], { text: 'queued before', source: addresses[1 - peer] })
        for (const one of received.slice(from + 1)) assert.deepEqual(one, { text: 'peer', source: addresses[peer] })
      }
      // what an ICMP message leaves is told all the same
      const before = errors()
      await peers[1]!.opened.close()
      await until(() => {
        opened.send(inBuffer(Buffer.from('gone')), addresses[1]!)
        return errors() > before
      })
    })

    test('many sources in turn are told apart and answered', async (t) => {
      const { received } = await open(t, make(), port, true)
      const lines = await Promise.all([1, 2, 3, 4].map((i) => Line.open(`127.0.0.${i}`)))
      for (let i = 0; i < 5; i++) for (const line of lines) line.send(Buffer.from(`${line.port} ${i}`), port)
      for (let i = 0; i < 5; i++)
        for (const line of lines) assert.equal((await line.receive()).toString(), `${line.port} ${i}`)
      for (const { text, source } of received) assert.equal(text.split(' ')[0], String(source.port))
      for (const line of lines) line.close()
    })

    test('a port may be closed, and another opened, by what it hears', async (t) => {
      const io = make()
      const first = await open(t, io, port)
      const ports: PacketPort[] = []
      let heard = 0
      const numbers = [port + 2, port + 4, port + 6]
      for (const number of numbers) {
        const handler = {
          onPacket: () => {
            heard++
            for (const one of ports.splice(0)) void one.close()
          },
          onError: () => {},
        }
        ports.push(await io.open({ address: '127.0.0.1', port: number }, handler))
      }
      const line = await Line.open()
      for (const number of numbers) line.send(Buffer.from('x'), number)
      line.send(Buffer.from('last'), port)
      await until(() => first.received.length === 1)
      assert.equal(heard, 1)
      line.close()
    })

    test('a port that was connected for long may be closed by what it hears, and its descriptor be the next one’s', async (t) => {
      const io = make()
      const sender = await open(t, io, port + 2)
      const heard = { packets: 0, errors: 0 }
      let second: Promise<Opened> | undefined
      const first = await io.open(
        { address: '127.0.0.1', port },
        {
          onPacket: () => {
            if (++heard.packets !== 50) return
            void first.close()
            second = open(t, io, port + 4)
          },
          onError: () => heard.errors++,
        },
      )
      first.connect({ address: '127.0.0.1', port: port + 2 })
      const say = (to: number): void =>
        sender.opened.send(inBuffer(Buffer.from('x')), { address: '127.0.0.1', port: to })
      for (let i = 0; i < 100; i++) say(port)
      await until(() => second !== undefined)
      const next = await second!
      for (let i = 0; i < 10; i++) say(port + 4)
      await until(() => next.received.length === 10)
      assert.deepEqual(heard, { packets: 50, errors: 0 })
    })

    test('whatever is sent to it, of any length, comes back whole', async (t) => {
      await open(t, make(), port, true)
      const line = await Line.open()
      const datagram = fc.oneof(
        fc.uint8Array({ maxLength: 2000 }),
        fc.integer({ min: 0, max: 65_507 }).map((length) => new Uint8Array(length).fill(length)),
      )
      await fc.assert(
        fc.asyncProperty(datagram, async (bytes) => {
          line.send(Buffer.from(bytes), port)
          assert.ok((await line.receive()).equals(bytes))
        }),
        { numRuns: 60 },
      )
      line.close()
    })
  })
}
