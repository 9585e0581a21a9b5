import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { forEver, MemorySecretCache, type PeerSecrets } from '../../../src/media/zrtp/secret-cache.ts'
import { HandmadePeer, victim } from '../../support/media/handmade-zrtp.ts'
import { type PairEndOptions, ZrtpPair, type PairOptions } from '../../support/media/zrtp-pair.ts'

const party = 'sip:a@example.org'

/** Runs an exchange of which both ends must come to the same keys. */
function agree(options: PairOptions): ZrtpPair {
  const pair = new ZrtpPair(options).run()
  assert.deepEqual([pair.one.error, pair.two.error], [undefined, undefined])
  assert.ok(pair.one.result !== undefined && pair.two.result !== undefined)
  assert.deepEqual(pair.one.result.send, pair.two.result.receive)
  assert.deepEqual(pair.one.result.receive, pair.two.result.send)
  assert.equal(pair.one.result.sas, pair.two.result.sas)
  return pair
}

/** Two ends that know these secrets of each other. */
function acquainted(one: PeerSecrets | undefined, two: PeerSecrets | undefined): [PairEndOptions, PairEndOptions] {
  const [first, second] = [one, two].map((secrets) => ({
    secrets,
    zid: randomBytes(12),
    cache: new MemorySecretCache(),
  }))
  if (one !== undefined) first!.cache.put(second!.zid, party, one, forEver)
  if (two !== undefined) second!.cache.put(first!.zid, party, two, forEver)
  return [first!, second!]
}

describe('auxiliary and PBX secrets', () => {
  const [aux, other] = [randomBytes(20), randomBytes(20)]

  for (const [what, ours, theirs, states] of [
    ['the same', aux, aux, ['matched', 'matched']],
    ['two', aux, other, ['mismatch', 'mismatch']],
    ['one, on one side only', aux, undefined, ['mismatch', undefined]],
    ['none', undefined, undefined, [undefined, undefined]],
  ] as const)
    test(`auxiliary secrets: ${what}`, () => {
      const options = [ours, theirs].map((auxSecret) => (auxSecret === undefined ? {} : { auxSecret }))
      const { one, two } = agree({ one: options[0]!, two: options[1]! })
      assert.deepEqual([one.result?.aux, two.result?.aux], states)
    })

  test('a PBX secret is used where both have it, and stays as it is', () => {
    const pbx = randomBytes(32)
    const ends = acquainted({ pbx, verified: false }, { pbx, verified: false })
    const { one, two } = agree({ one: ends[0], two: ends[1] })
    assert.equal(one.result?.cache, 'new')
    const kept = ends[0].cache!.get(two.session.zid, party)
    assert.deepEqual([kept?.pbx, kept?.rs1?.length, kept?.rs2], [pbx, 32, undefined])
    assert.deepEqual(ends[1].cache!.get(one.session.zid, party), kept)
  })
})

describe('preshared mode', () => {
  const prsh = { algorithms: { keyAgreement: ['Prsh', 'X255', 'Mult'] } }
  const [rs1, rs2, pbx, aux] = [randomBytes(32), randomBytes(32), randomBytes(32), randomBytes(20)]

  test('is not offered: a phone that offers it gets a key agreement', () => {
    const [first, second] = acquainted({ rs1, verified: false }, { rs1, verified: false })
    const { one } = agree({ one: first, two: { ...second, ...prsh }, wire: silence('two') })
    assert.equal(one.result?.algorithms.keyAgreement, 'X255')
    assert.equal(one.result.cache, 'matched')
  })

  for (const [what, ours, theirs, auxes, state] of [
    ['rs1', { rs1, rs2 }, { rs1, rs2 }, [undefined, undefined], undefined],
    ['rs1, auxiliary and PBX secret', { rs1, pbx }, { rs1, pbx }, [aux, aux], 'matched'],
    [
      'rs1 and what else the initiator has of what the responder has',
      { rs1, rs2 },
      { rs1, pbx },
      [undefined, aux],
      undefined,
    ],
  ] as const)
    test(`keys of ${what}, without a key agreement; rs1 is another one then, rs2 is what it was`, () => {
      const ends = acquainted({ verified: true, ...ours }, { verified: true, ...theirs })
      const [one, two] = ends.map((end, i) => ({ ...end, ...prsh, ...(auxes[i] && { auxSecret: auxes[i] }) }))
      const pair = agree({ one: one!, two: two!, wire: silence('two') })
      const { result, session } = pair.one
      assert.equal(result?.algorithms.keyAgreement, 'Prsh')
      assert.deepEqual([result.cache, result.verified, result.aux], ['matched', true, state])
      assert.match(result.sas!, /^[a-z1-9]{4}$/)
      assert.equal(pair.one.said('DHPart1') + pair.one.said('DHPart2'), 0)
      const kept = ends[0].cache!.get(pair.two.session.zid, party)
      assert.notDeepEqual(kept?.rs1, rs1)
      assert.deepEqual(kept?.rs2, 'rs2' in ours ? rs2 : undefined)
      assert.deepEqual(ends[1].cache!.get(session.zid, party)?.rs1, kept?.rs1)
    })

  test('with a key that the responder does not know: it commits to a key agreement itself', () => {
    const ends = acquainted({ rs1, verified: true }, { rs1: rs2, verified: true })
    const pair = agree({ one: { ...ends[0], ...prsh }, two: { ...ends[1], ...prsh }, wire: silence('two') })
    assert.deepEqual([pair.one.said('Commit'), pair.two.said('Commit')], [1, 1])
    assert.equal(pair.one.result?.algorithms.keyAgreement, 'X255')
    assert.deepEqual([pair.one.result.cache, pair.one.result.verified], ['mismatch', false])
  })

  test('both commit to it at once: the greater nonce wins', () => {
    const ends = acquainted({ rs1, verified: false }, { rs1, verified: false })
    const pair = agree({ one: { ...ends[0], ...prsh }, two: { ...ends[1], ...prsh }, delay: () => 10 })
    assert.deepEqual([pair.one.said('Commit'), pair.two.said('Commit')], [1, 1])
    assert.equal(pair.one.result?.algorithms.keyAgreement, 'Prsh')
  })
})

describe('how long a secret is retained', () => {
  for (const role of ['initiator', 'responder'] as const)
    for (const [expiration, kept] of [
      [forEver, true],
      [61, true],
      [60, false],
      [0, false],
    ] as const)
      test(`by a peer that keeps it for ${expiration} s, as ${role}: after 60 s it is ${kept ? '' : 'not '}known`, () => {
        let now = 0
        const end = victim({ cache: new MemorySecretCache(() => now) })
        const peer = new HandmadePeer(end, { confirmation: { expiration } })
        if (role === 'initiator') peer.initiate()
        else peer.respond()
        assert.ok(end.result)
        now += 60_000
        assert.equal(end.session.cache.get(peer.zid, party) !== undefined, kept)
      })

  test('one that is not to be kept leaves the one before as it is', () => {
    const [zid, known] = [randomBytes(12), { rs1: randomBytes(32), verified: false }]
    const end = victim()
    end.session.cache.put(zid, party, known, forEver)
    new HandmadePeer(end, { zid, confirmation: { expiration: 0 } }).initiate()
    assert.equal(end.result?.cache, 'mismatch')
    assert.deepEqual(end.session.cache.get(zid, party), known)
  })
})

/** A wire on which one end never hears HelloACK, and so does not commit by itself. */
function silence(deaf: 'one' | 'two'): NonNullable<PairOptions['wire']> {
  return (packet, from) => (from !== deaf && packet.includes('HelloACK') ? [] : [packet])
}
