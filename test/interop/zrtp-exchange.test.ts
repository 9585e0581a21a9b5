import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { type HelloAlgorithms } from '../../src/media/zrtp/algorithms.ts'
import { MemorySecretCache } from '../../src/media/zrtp/secret-cache.ts'
import { type ZrtpResult } from '../../src/media/zrtp/zrtp-exchange.ts'
import { scratchFolder } from './server/site.ts'
import { ZrtpEnd, type ZrtpEndOptions } from './zrtp-peer/zrtp-end.ts'
import { ZrtpPeer } from './zrtp-peer/zrtp-peer.ts'

const ports = { peer: 20_000, own: 20_002 }
const folder = scratchFolder('zrtp-exchange')
const base = ['--local', `127.0.0.1:${ports.peer}`, '--remote', `127.0.0.1:${ports.own}`, '--timeout', '20000']

/** An exchange with libbzrtp, which is told `args`. */
async function exchange(
  args: readonly string[],
  options: Partial<ZrtpEndOptions> = {},
): Promise<{ ours: ZrtpResult; end: ZrtpEnd; peer: ZrtpPeer; close: () => Promise<void> }> {
  const peer = await ZrtpPeer.start([...base, ...args])
  const end = await ZrtpEnd.open(ports.own, { peerPort: ports.peer, ...options })
  const close = async (): Promise<void> => {
    end.close()
    await peer.stop()
  }
  try {
    end.start()
    const ours = await end.outcome
    await peer.secure()
    return { ours, end, peer, close }
  } catch (error) {
    await close()
    throw error
  }
}

const typeOf = (packet: Buffer): string => packet.toString('latin1', 16, 24).trimEnd()

/** Both ends have the same keys, salts and SAS. */
function assertSame(ours: ZrtpResult, peer: ZrtpPeer, channel = 0): void {
  const theirs = peer.result(channel)
  assert.equal(theirs.secure, true)
  assert.equal(ours.receive.key.toString('hex'), theirs.selfKey)
  assert.equal(ours.receive.salt.toString('hex'), theirs.selfSalt)
  assert.equal(ours.send.key.toString('hex'), theirs.peerKey)
  assert.equal(ours.send.salt.toString('hex'), theirs.peerSalt)
  if (ours.sas !== undefined) assert.equal(ours.sas, theirs.sas)
}

// Debian's libbzrtp has no GCM, EC25 or EC38
suite('exchanges of ZRTP with libbzrtp', { timeout: 300_000 }, () => {
  for (const ka of ['X255', 'X448', 'DH3k']) {
    for (const [hash, cipher, auth] of [
      ['S256', 'AES1', 'HS32'],
      ['S256', 'AES3', 'HS80'],
      ['S384', 'AES1', 'HS80'],
      ['S384', 'AES3', 'HS32'],
    ] as const) {
      for (const role of ['initiator', 'responder'])
        test(`${ka} ${hash} ${cipher} ${auth}, this server as ${role}: the same keys, salts and SAS`, async (t) => {
          const algorithms: Partial<HelloAlgorithms> = {
            ...{ hash: [hash], cipher: [cipher], authTag: [auth], keyAgreement: [ka, 'Mult'] },
          }
          // who hears no HelloACK never commits
          const deaf = (packet: Buffer, inbound: boolean): boolean => inbound && typeOf(packet) === 'HelloACK'
          const { ours, peer, close } = await exchange(
            [
              ...['--ka', ka, '--hash', hash, '--cipher', cipher, '--auth', auth],
              ...(role === 'initiator' ? ['--responder'] : []),
            ],
            { algorithms, ...(role === 'responder' && { lose: deaf }) },
          )
          t.after(close)
          assertSame(ours, peer)
          assert.equal(ours.algorithms.keyAgreement, ka)
          assert.deepEqual(
            [ours.algorithms.hash, ours.algorithms.cipher, ours.algorithms.authTag],
            [hash, cipher, auth],
          )
        })
    }
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
    const peer = await ZrtpPeer.start([...base, '--ka', 'X255'])
    const end = await ZrtpEnd.open(ports.own, { peerPort: ports.peer, peerHash: randomBytes(32) })
    end.start()
    await assert.rejects(end.outcome, { code: 'ZRTP_HELLO_MISMATCH' })
    assert.equal(peer.result().secure, false)
    end.close()
    await peer.stop()
  })
})
