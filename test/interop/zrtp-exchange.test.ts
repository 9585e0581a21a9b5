import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { MemorySecretCache } from '../../src/media/zrtp/secret-cache.ts'
import { scratchFolder } from './server/site.ts'
import { assertSame, deaf, exchange, peerArguments, typeOf } from './zrtp-peer/exchange.ts'
import { ZrtpEnd, type ZrtpEndOptions } from './zrtp-peer/zrtp-end.ts'
import { ZrtpPeer } from './zrtp-peer/zrtp-peer.ts'

const folder = scratchFolder('zrtp-exchange')

// Debian's libbzrtp has no GCM, EC25 or EC38
suite('exchanges of ZRTP with libbzrtp', { timeout: 300_000 }, () => {
  for (const ka of ['X255', 'X448', 'DH3k', 'DH2k']) {
    for (const role of ['initiator', 'responder'] as const)
      test(`${ka} with every hash, cipher, auth tag and SAS, this server as ${role}: the same keys, salts and SAS`, async () => {
        const combinations = combine(['S256', 'S384'], ['AES1', 'AES3'], ['HS32', 'HS80'], ['B32', 'B256'])
        const four = [0, 1, 2, 3].map(async (lane) => {
          for (const [place, names] of combinations.entries()) {
            if (place % 4 === lane) await agreeOn([ka, ...names], role, 20_100 + 10 * lane)
          }
        })
        await Promise.all(four)
      })
  }

  for (const seed of [1, 2, 3])
    test(`20 % of all packets are lost (${seed})`, async (t) => {
      let state = seed * 7919
      const lose = (): boolean => (state = (state * 48271) % 2147483647) % 5 === 0
      const { ours, peer, close } = await exchange(['--ka', 'X255'], { lose })
      t.after(close)
      assertSame(ours, peer)
    })

  for (const type of ['Hello', 'HelloACK', 'Commit', 'DHPart1', 'DHPart2', 'Confirm1', 'Confirm2', 'Conf2ACK']) {
    test(`${type} of either side is lost, doubled and damaged`, async (t) => {
      const faults = ['--drop-in', `${type}:1`, '--dup-out', `${type}:1`, '--corrupt-out', `${type}:1`]
      const { ours, peer, close } = await exchange(['--ka', 'X255', ...faults])
      t.after(close)
      assertSame(ours, peer)
    })
  }

  test('the second call knows the secrets of the first; one whose cache is gone is a mismatch', async () => {
    const own = { zid: randomBytes(12), cache: new MemorySecretCache() }
    const args = ['--self', 'sip:peer@example.org', '--peer', 'sip:us@example.org']
    for (const [file, ours, theirs] of [
      ['first', 'new', false],
      ['first', 'matched', false],
    ] as const) {
      const call = await exchange([...args, '--cache', join(folder, file)], own)
      assertSame(call.ours, call.peer)
      assert.equal(call.ours.cache, ours)
      assert.equal(call.peer.result().cacheMismatch, theirs)
      await call.close()
    }
    const forgetful = await exchange([...args, '--cache', join(folder, 'first')], { zid: own.zid })
    assertSame(forgetful.ours, forgetful.peer)
    assert.equal(forgetful.peer.result().cacheMismatch, true)
    await forgetful.close()
  })

  test('the peer’s Hello must be that of its description', async () => {
    const peer = await ZrtpPeer.start([...peerArguments(20_000), '--ka', 'X255'])
    const end = await ZrtpEnd.open(20_002, { peerPort: 20_000, peerHash: randomBytes(32) })
    end.start()
    await assert.rejects(end.outcome, { code: 'ZRTP_HELLO_MISMATCH' })
    assert.equal(peer.result().secure, false)
    end.close()
    await peer.stop()
  })

  for (const [what, theirs, ours, state, peers] of [
    ['the same', 'a1b2c3d4', 'a1b2c3d4', 'matched', 'match'],
    ['another', 'a1b2c3d4', 'a1b2c3d5', 'mismatch', 'mismatch'],
    ['none', 'a1b2c3d4', undefined, undefined, 'mismatch'],
  ] as const)
    for (const lose of [undefined, deaf])
      test(`an auxiliary secret of the peer, ${what} here; this server ${lose ? 'responds' : 'commits'}`, async (t) => {
        const auxSecret = ours && Buffer.from(ours, 'hex')
        const { close, ...call } = await exchange(['--aux', theirs, ...(lose ? [] : ['--responder'])], {
          ...(auxSecret && { auxSecret }),
          ...(lose && { lose }),
        })
        t.after(close)
        assertSame(call.ours, call.peer)
        assert.equal(call.ours.aux, state)
        assert.equal(call.peer.result().aux, peers)
      })

  for (const role of ['initiator', 'responder', 'both'] as const)
    test(`a second stream in multistream mode, this server as ${role}: the same keys`, async (t) => {
      const args = ['--mult', '20004:20006:7', ...(role === 'initiator' ? ['--responder'] : [])]
      const { ours, end, peer, close } = await exchange(args)
      t.after(close)
      assertSame(ours, peer)
      const seen: string[] = []
      const lose = (packet: Buffer, inbound: boolean): boolean => {
        seen.push(`${inbound ? 'in' : 'out'} ${typeOf(packet)}`)
        return role === 'responder' && deaf(packet, inbound)
      }
      const options = { peerPort: 20_004, session: end.session, lose, ...(role === 'both' && { travel: () => [40] }) }
      const second = await ZrtpEnd.open(20_006, options)
      t.after(() => second.close())
      second.start()
      const video = await second.outcome
      await peer.secure(1)
      assert.equal(video.algorithms.keyAgreement, 'Mult')
      assertSame(video, peer, 1)
      const committed = ['out Commit', 'in Commit'].map((one) => seen.includes(one))
      assert.deepEqual(committed, { initiator: [true, false], responder: [false, true], both: [true, true] }[role])
      assert.ok(!seen.some((one) => one.endsWith('DHPart1')))
    })

  test('both commit at once: whichever has the greater hvi goes on, and both outcomes happen', async () => {
    const outcomes = new Set<boolean>()
    for (let round = 0; round < 16 && (round < 4 || outcomes.size < 2); round++) {
      const hvis: Partial<Record<'own' | 'peer', string>> = {}
      let dhPart2 = ''
      const lose = (packet: Buffer, inbound: boolean): boolean => {
        const side = inbound ? 'peer' : 'own'
        if (typeOf(packet) === 'Commit') hvis[side] = packet.toString('hex', 12 + 76, 12 + 108)
        if (typeOf(packet) === 'DHPart2') dhPart2 = side
        return false
      }
      const { ours, peer, close } = await exchange(['--ka', 'X255'], { lose, travel: () => [40] })
      assertSame(ours, peer)
      assert.ok(hvis.own !== undefined && hvis.peer !== undefined, 'both have committed')
      assert.equal(dhPart2, hvis.own > hvis.peer ? 'own' : 'peer')
      outcomes.add(hvis.own > hvis.peer)
      await close()
    }
    assert.equal(outcomes.size, 2)
  })

  for (const seed of [1, 2, 3, 4])
    test(`every packet comes twice, late, and not in its order (${seed})`, async (t) => {
      let state = seed * 7919
      const random = (below: number): number => (state = (state * 48271) % 2147483647) % below
      const { ours, peer, close } = await exchange(['--ka', 'X255'], { travel: () => [random(60), random(60)] })
      t.after(close)
      assertSame(ours, peer)
    })

  test('the Hello of the peer once more, when the keys are agreed on: it is acknowledged, and nothing else', async (t) => {
    const [inbound, outbound]: Buffer[][] = [[], []]
    const lose = (packet: Buffer, isInbound: boolean): boolean => {
      ;(isInbound ? inbound : outbound)!.push(Buffer.from(packet))
      return false
    }
    const { ours, end, peer, close } = await exchange(['--ka', 'X255'], { lose })
    t.after(close)
    const before = outbound!.length
    end.stream.receive(inbound!.find((packet) => typeOf(packet) === 'Hello')!)
    assert.deepEqual(outbound!.slice(before).map(typeOf), ['HelloACK'])
    assertSame(ours, peer)
  })
})

/** Every way of taking one of each. */
function combine(...lists: readonly (readonly string[])[]): readonly string[][] {
  return lists.reduce<string[][]>((all, list) => all.flatMap((names) => list.map((name) => [...names, name])), [[]])
}

/** An exchange in which nothing but these is offered. */
async function agreeOn(names: readonly string[], role: 'initiator' | 'responder', port: number): Promise<void> {
  const [ka, hash, cipher, auth, sas] = names as [string, string, string, string, string]
  const algorithms = {
    ...{ hash: [hash], cipher: [cipher], authTag: [auth], keyAgreement: [ka, 'Mult'], sas: [sas.padEnd(4)] },
  }
  const args = ['--ka', ka, '--hash', hash, '--cipher', cipher, '--auth', auth, '--sas', sas]
  const options: Partial<ZrtpEndOptions> = { algorithms, ...(role === 'responder' && { lose: deaf }) }
  const call = await exchange([...args, ...(role === 'initiator' ? ['--responder'] : [])], options, port)
  assertSame(call.ours, call.peer)
  const { keyAgreement, ...others } = call.ours.algorithms
  assert.deepEqual(
    [keyAgreement, others.hash, others.cipher, others.authTag, others.sas.trimEnd()],
    [ka, hash, cipher, auth, sas],
  )
  await call.close()
}
