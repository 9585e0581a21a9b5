import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { suite, test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type HelloAlgorithms } from '../../src/media/zrtp/algorithms.ts'
import { parseFragment, parsePacket } from '../../src/media/zrtp/message/packet.ts'
import { type ZrtpResult } from '../../src/media/zrtp/zrtp-exchange.ts'
import { until } from '../support/until.ts'
import { ZrtpEnd, type ZrtpEndOptions } from './zrtp-peer/zrtp-end.ts'
import { ZrtpPeer } from './zrtp-peer/zrtp-peer.ts'

const program = fileURLToPath(new URL('../../out/zrtp-peer-current', import.meta.url))
const skip = existsSync(program) ? false : 'Debian’s bzrtp has no key encapsulation: see zrtp-peer/build-current.sh'
const ports = { peer: 20_020, own: 20_022 }

/** An exchange with a current bzrtp that lists `ka`; both ends must have the same keys, salts and SAS. */
async function exchange(
  t: TestContext,
  ka: string,
  { peerArgs = [], ...options }: Partial<ZrtpEndOptions> & { readonly peerArgs?: readonly string[] },
): Promise<{ readonly ours: ZrtpResult; readonly end: ZrtpEnd; readonly peer: ZrtpPeer }> {
  const addresses = ['--local', `127.0.0.1:${ports.peer}`, '--remote', `127.0.0.1:${ports.own}`]
  const peer = await ZrtpPeer.start([...addresses, '--timeout', '20000', '--ka', ka, ...peerArgs], program)
  const end = await ZrtpEnd.open(ports.own, { peerPort: ports.peer, ...options })
  t.after(async () => {
    end.close()
    await peer.stop()
  })
  end.start()
  const ours = await end.outcome
  await peer.secure()
  assertSame(ours, peer)
  assert.equal(ours.sas, peer.result().sas)
  assert.equal(ours.algorithms.keyAgreement, peer.result().ka)
  return { ours, end, peer }
}

function assertSame(ours: ZrtpResult, peer: ZrtpPeer, channel = 0): void {
  const theirs = peer.result(channel)
  const hex = ({ key, salt }: ZrtpResult['send']): readonly string[] => [key.toString('hex'), salt.toString('hex')]
  assert.deepEqual(hex(ours.receive), [theirs.selfKey, theirs.selfSalt])
  assert.deepEqual(hex(ours.send), [theirs.peerKey, theirs.peerSalt])
}

/** Who hears no HelloACK never commits. */
function roleOf(role: string): Partial<ZrtpEndOptions> & { readonly peerArgs?: readonly string[] } {
  if (role === 'initiator') return { peerArgs: ['--responder'] }
  return { lose: (packet, inbound) => inbound && parsePacket(packet)?.type === 'HelloACK' }
}

suite('key encapsulation of ZRTP with a current bzrtp', { skip, timeout: 120_000 }, () => {
  for (const ka of ['X1M1', 'X3M3'])
    for (const role of ['initiator', 'responder']) {
      for (const [hash, cipher, auth] of [
        ['S256', 'AES1', 'HS32'],
        ['S384', 'AES3', 'HS80'],
        ['S512', 'AES3', 'GCM'],
      ] as const)
        test(`${ka} ${hash} ${cipher} ${auth}, this server as ${role}`, async (t) => {
          const algorithms: Partial<HelloAlgorithms> = { hash: [hash], cipher: [cipher], authTag: [auth.padEnd(4)] }
          const peerArgs = ['--hash', hash, '--cipher', cipher, '--auth', auth, ...(roleOf(role).peerArgs ?? [])]
          const { ours } = await exchange(t, ka, { algorithms, ...roleOf(role), peerArgs })
          const chosen = ours.algorithms
          assert.deepEqual(
            [chosen.keyAgreement, chosen.hash, chosen.cipher, chosen.authTag.trim()],
            [ka, hash, cipher, auth],
          )
        })

      test(`${ka}, this server as ${role}: a fifth of all packets is lost`, async (t) => {
        let state = 7919
        const { lose = () => false, peerArgs = [] } = roleOf(role)
        const luckless = (): boolean => (state = (state * 48271) % 2147483647) % 5 === 0
        const all = (packet: Buffer, inbound: boolean): boolean => luckless() || lose(packet, inbound)
        await exchange(t, ka, { lose: all, peerArgs })
      })
    }

  test('X3M3 goes in fragments in either direction', async (t) => {
    const fragments = [0, 0]
    const lose = (packet: Buffer, inbound: boolean): boolean => {
      if (parseFragment(packet) !== undefined) fragments[inbound ? 1 : 0]!++
      return false
    }
    await exchange(t, 'X3M3', { lose })
    assert.deepEqual(
      fragments.map((count) => count >= 2),
      [true, true],
    )
  })

  test('X3M3: a second stream takes its keys from the first', async (t) => {
    const { end, peer } = await exchange(t, 'X3M3', { peerArgs: ['--mult', '20024:20026:7'] })
    const second = await ZrtpEnd.open(20_026, { peerPort: 20_024, session: end.session })
    t.after(() => second.close())
    second.start()
    const video = await second.outcome
    await until(() => peer.result(1).secure)
    assert.deepEqual([video.algorithms.keyAgreement, video.algorithms.hash], ['Mult', 'S512'])
    assertSame(video, peer, 1)
  })

  for (const [list, chosen] of [
    ['X1M1,X1K1', 'X1M1'],
    ['X1K1,XKR3,X3M3', 'X3M3'],
    ['X1M1,X255', 'X255'],
    ['X1K1,XKR3', 'DH3k'],
  ] as const)
    test(`of ${list}, ${chosen} is chosen by both`, async (t) => {
      const { ours } = await exchange(t, list, {})
      assert.equal(ours.algorithms.keyAgreement, chosen)
    })
})
