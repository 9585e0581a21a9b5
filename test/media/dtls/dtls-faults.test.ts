import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import fc from 'fast-check'
import { DtlsContext } from '../../../src/media/dtls/dtls-context.ts'
import { certificates, close, dtlsEnd, quick, run, seeded, type Disturb } from '../../support/media/dtls-link.ts'

const context = new DtlsContext(certificates.ecdsa, { retransmission: quick })
const withRsa = new DtlsContext(certificates.rsa, { retransmission: quick })
after(() => {
  context.close()
  withRsa.close()
})

/** Of each datagram, what a bad network may make. */
function network(random: () => number, { loss = 0, doubling = 0, reordering = 0 }): Disturb {
  return (datagrams) => {
    const crossing = datagrams
      .filter(() => random() >= loss)
      .flatMap((one) => (random() < doubling ? [one, one] : [one]))
    for (let i = crossing.length - 1; i > 0; i--) {
      if (random() >= reordering) continue
      const j = Math.floor(random() * (i + 1))
      ;[crossing[i], crossing[j]] = [crossing[j]!, crossing[i]!]
    }
    return crossing
  }
}

async function completes(mtu: number, disturb: Disturb): Promise<void> {
  const longest = { client: 0, server: 0 }
  const client = dtlsEnd({ context, role: 'client', mtu })
  const server = dtlsEnd({ context: withRsa, role: 'server', mtu })
  await run(client, server, (datagrams) => {
    for (const datagram of datagrams) longest.client = Math.max(longest.client, datagram.length)
    return disturb(datagrams)
  })
  assert.deepEqual([...client.errors, ...server.errors], [])
  assert.deepEqual(client.sessions[0]!.send, server.sessions[0]!.receive)
  assert.deepEqual(client.sessions[0]!.receive, server.sessions[0]!.send)
  assert.ok(longest.client <= mtu, `${longest.client} bytes in an mtu of ${mtu}`)
  close(client, server)
}

describe('DTLS over a bad network', () => {
  for (const [name, faults] of Object.entries({
    'every fifth datagram lost': { loss: 0.2 },
    'every second one doubled': { doubling: 0.5 },
    'all in disorder': { reordering: 1 },
    'all of it': { loss: 0.2, doubling: 0.2, reordering: 0.5 },
  })) {
    for (const mtu of [1200, 300]) {
      test(`${name}, mtu ${mtu}`, async () => {
        // side by side: each waits for its own retransmissions
        const seeds = Array.from({ length: 12 }, (_, i) => i + 1)
        await Promise.all(seeds.map((seed) => completes(mtu, network(seeded(seed), faults))))
      })
    }
  }

  for (const mtu of [256, 300, 576, 1200, 1400]) {
    test(`no datagram is longer than an mtu of ${mtu}`, () => completes(mtu, (datagrams) => datagrams))
  }

  test('one datagram for many records: retransmissions are packed too', async () => {
    const client = dtlsEnd({ context, role: 'client' })
    const server = dtlsEnd({ context, role: 'server' })
    let drop = true
    const sizes: number[] = []
    await run(client, server, (datagrams) => {
      if (datagrams[0]?.[13] !== 2) return datagrams // flight 4 begins with ServerHello
      sizes.push(datagrams.length)
      const lost = drop
      drop = false
      return lost ? [] : datagrams
    })
    assert.deepEqual(sizes, [1, 1])
    assert.equal(client.sessions.length, 1)
    close(client, server)
  })
})

describe('hostile datagrams', () => {
  const hello = ((): Buffer => {
    const client = dtlsEnd({ context, role: 'client' })
    client.association.start()
    client.association.close()
    return client.sent[0]!
  })()

  /** A ClientHello with some bytes changed, cut or repeated. */
  const mutated = fc
    .tuple(
      fc.array(fc.tuple(fc.nat(hello.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }),
      fc.nat(hello.length),
      fc.boolean(),
    )
    .map(([changes, cut, whole]) => {
      const bytes = Buffer.from(hello)
      for (const [at, value] of changes) bytes[at] = value
      return whole ? bytes : bytes.subarray(0, cut)
    })
  /** A record whose header is right but for what it says of lengths. */
  const lying = fc
    .record({
      type: fc.constantFrom(20, 21, 22, 23, 24, 63),
      epoch: fc.constantFrom(0, 1, 65535),
      sequence: fc.nat(100),
      length: fc.nat(65535),
      body: fc.uint8Array({ maxLength: 300 }),
      handshake: fc.nat(25),
      total: fc.nat(0xffffff),
      offset: fc.nat(0xffffff),
      fragment: fc.nat(0xffffff),
    })
    .map(({ type, epoch, sequence, length, body, handshake, total, offset, fragment }) => {
      const record = Buffer.alloc(25 + body.length)
      record.writeUInt8(type)
      record.writeUInt16BE(0xfefd, 1)
      record.writeUInt16BE(epoch, 3)
      record.writeUIntBE(sequence, 5, 6)
      record.writeUInt16BE(sequence % 2 === 0 ? record.length - 13 : length, 11)
      record.writeUInt8(handshake, 13)
      record.writeUIntBE(total, 14, 3)
      record.writeUIntBE(offset, 19, 3)
      record.writeUIntBE(fragment, 22, 3)
      record.set(body, 25)
      return record
    })
  const garbage = fc.uint8Array({ maxLength: 2000 })

  for (const role of ['server', 'client'] as const) {
    test(`5,000 of them at a ${role} throw nothing; the right peer gets through to its next association`, async () => {
      let end = dtlsEnd({ context, role })
      end.association.start()
      let failures = 0
      fc.assert(
        fc.property(fc.oneof(mutated, lying, garbage), (datagram) => {
          end.association.receive(datagram)
          assert.equal(end.sessions.length, 0)
          if (end.errors.length === 0) return
          assert.equal(end.errors.length, 1)
          failures++
          end = dtlsEnd({ context, role })
          end.association.start()
        }),
        { numRuns: 5000, seed: 5764 },
      )
      assert.ok(failures > 0)
      close(end)
      const peer = dtlsEnd({ context, role: role === 'client' ? 'server' : 'client' })
      const next = dtlsEnd({ context, role })
      await run(next, peer)
      assert.equal(next.sessions.length, 1)
      close(next, peer)
    })
  }

  test('datagrams that no record fills, from nothing to 64 KiB', () => {
    const server = dtlsEnd({ context, role: 'server' })
    for (const length of [0, 1, 12, 13, 14, 16383, 16384, 16385, 65507]) {
      server.association.receive(new Uint8Array(length).fill(22))
      server.association.receive(new Uint8Array(new SharedArrayBuffer(length)))
    }
    assert.deepEqual(server.errors, [])
    close(server)
  })

  test('garbage amid a handshake does not disturb it, where it is not a record of its epoch', async () => {
    const random = seeded(7)
    const client = dtlsEnd({ context, role: 'client' })
    const server = dtlsEnd({ context, role: 'server' })
    await run(client, server, (datagrams) =>
      datagrams.flatMap((one) => {
        const noise = Buffer.from(Array.from({ length: 60 }, () => Math.floor(random() * 256)))
        noise[0] = 20 + Math.floor(random() * 44)
        const stale = Buffer.from(one)
        stale.writeUInt16BE(7, 3) // an epoch that is not yet
        return [noise, stale, one, noise]
      }),
    )
    assert.equal(client.sessions.length, 1)
    assert.equal(server.sessions.length, 1)
    close(client, server)
  })
})
