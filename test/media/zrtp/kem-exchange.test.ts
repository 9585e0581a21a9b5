import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import {
  acceptAlgorithms,
  chooseAlgorithms,
  kemLengths,
  ownAlgorithms,
  type KemAgreement,
} from '../../../src/media/zrtp/algorithms.ts'
import { readCommit, writeCommit } from '../../../src/media/zrtp/message/messages.ts'
import { parseFragment, parsePacket, writeFragment, writePacket } from '../../../src/media/zrtp/message/packet.ts'
import { MemorySecretCache } from '../../../src/media/zrtp/secret-cache.ts'
import { typeOf, ZrtpPair, type PairEnd, type PairOptions } from '../../support/media/zrtp-pair.ts'

const agreements = Object.keys(kemLengths) as KemAgreement[]

/** Ends that speak a KEM and what every end speaks. */
function pairOf(algorithm: string, options: PairOptions = {}): ZrtpPair {
  const algorithms = { keyAgreement: [algorithm, 'DH3k', 'Mult'] }
  return new ZrtpPair({ ...options, one: { algorithms, ...options.one }, two: { algorithms, ...options.two } })
}

function assertSecure(pair: ZrtpPair, algorithm: string): void {
  const [one, two] = [pair.one.result, pair.two.result]
  assert.ok(one !== undefined && two !== undefined, String(pair.one.error ?? pair.two.error))
  assert.equal(one.algorithms.keyAgreement, algorithm)
  assert.deepEqual([one.send, one.receive, one.sas], [two.receive, two.send, two.sas])
  pair.close()
}

/** Words of a Commit with X3M3, which goes in fragments. */
const longCommit = 435

function hasCommitted({ sent }: PairEnd): boolean {
  return sent.some((packet) => typeOf(packet) === 'Commit' || parseFragment(packet)?.totalWords === longCommit)
}

/** Numbers that look random, the same ones for a seed. */
function sequenceOf(seed: number): () => number {
  let state = seed * 7919 + 1
  return () => (state = (state * 48271) % 2147483647) / 2147483647
}

describe('exchanges of ZRTP with key encapsulation', () => {
  for (const algorithm of agreements) {
    test(`${algorithm}: the same keys and SAS at both ends, with the longest hash and key`, () => {
      const pair = pairOf(algorithm, { hashes: true }).run()
      const { hash, cipher } = pair.one.result!.algorithms
      assert.deepEqual([hash, cipher], ['S512', 'AES3'])
      assertSecure(pair, algorithm)
    })

    for (const hash of ['S256', 'S384', 'S512'])
      test(`${algorithm} ${hash}: both sides commit at once`, () => {
        const algorithms = { keyAgreement: [algorithm, 'Mult'], hash: [hash] }
        const pair = pairOf(algorithm, { one: { algorithms }, two: { algorithms }, delay: () => 30 }).run()
        assert.ok([pair.one, pair.two].every(hasCommitted))
        assert.equal(pair.one.result?.algorithms.hash, hash)
        assertSecure(pair, algorithm)
      })

    for (let seed = 1; seed <= 12; seed++)
      test(`${algorithm}: packets are lost, doubled and overtake each other (${seed})`, () => {
        const random = sequenceOf(seed)
        const wire = (packet: Buffer): readonly Buffer[] =>
          random() < 0.2 ? [] : random() < 0.3 ? [packet, packet] : [packet]
        assertSecure(pairOf(algorithm, { wire, delay: () => Math.floor(random() * 120) }).run(), algorithm)
      })

    test(`${algorithm}: the second call knows the secret of the first`, () => {
      const [one, two] = [1, 2].map(() => ({ zid: randomBytes(12), cache: new MemorySecretCache() }))
      const algorithms = { keyAgreement: [algorithm, 'Mult'] }
      for (const cache of ['new', 'matched']) {
        const pair = pairOf(algorithm, { one: { ...one!, algorithms }, two: { ...two!, algorithms } }).run()
        assert.deepEqual([pair.one.result?.cache, pair.two.result?.cache], [cache, cache])
        assertSecure(pair, algorithm)
      }
    })

    test(`${algorithm}: a Commit, DHPart1 or DHPart2 that was changed on its way makes no call secure`, () => {
      for (const type of ['Commit', 'DHPart1', 'DHPart2']) {
        const change = (packet: Buffer): readonly Buffer[] => {
          const whole = parsePacket(packet)
          if (whole?.type === type) {
            whole.message[whole.message.length - 40]! ^= 1
            return [writePacket(whole.message, whole.sequence, whole.ssrc)]
          }
          const fragment = parseFragment(packet)
          if (fragment === undefined || fragment.offsetWords === 0) return [packet]
          const isCommit = fragment.totalWords === longCommit
          if (isCommit !== (type === 'Commit') || type === 'DHPart2') return [packet]
          fragment.part[fragment.part.length - 40]! ^= 1
          return [writeFragment(fragment)]
        }
        const pair = pairOf(algorithm, { wire: change }).run()
        assert.deepEqual([pair.one.result, pair.two.result], [undefined, undefined], type)
        pair.close()
      }
    })
  }

  test('X3M3: its Commit and DHPart1 go in fragments; any of them lost, it is made good', () => {
    for (const lost of [0, 1, 2, 3]) {
      let count = 0
      const wire = (packet: Buffer): readonly Buffer[] =>
        parseFragment(packet) !== undefined && count++ === lost ? [] : [packet]
      const pair = pairOf('X3M3', { wire }).run()
      assert.ok(count > 4)
      assert.ok([...pair.one.sent, ...pair.two.sent].every((packet) => packet.length <= 1232))
      assertSecure(pair, 'X3M3')
    }
  })

  test('X3M3: fragments that somebody else slips in between do not keep the two ends apart', () => {
    for (const forge of [
      // another message of the same identifier, part of another one, one that is never finished, one that lies about its length
      (packet: Buffer): Buffer => {
        const fragment = parseFragment(packet)!
        return writeFragment({
          ...fragment,
          part: randomBytes(fragment.part.length),
          totalWords: fragment.totalWords + 9,
        })
      },
      (packet: Buffer): Buffer => writeFragment({ ...parseFragment(packet)!, ssrc: 9, part: randomBytes(400) }),
      (packet: Buffer): Buffer => writeFragment({ ...parseFragment(packet)!, messageId: 0xffff }),
      (packet: Buffer): Buffer => writeFragment({ ...parseFragment(packet)!, totalWords: 1, offsetWords: 0 }),
    ]) {
      const wire = (packet: Buffer): readonly Buffer[] =>
        parseFragment(packet) === undefined ? [packet] : [forge(packet), packet]
      assertSecure(pairOf('X3M3', { wire }).run(), 'X3M3')
    }
    // a false part in the place of the true one spoils one attempt, not those that follow
    let spoilt = 0
    const wire = (packet: Buffer): readonly Buffer[] => {
      const fragment = parseFragment(packet)
      if (fragment === undefined || fragment.offsetWords !== 0 || spoilt++ > 0) return [packet]
      return [writeFragment({ ...fragment, part: Buffer.alloc(fragment.part.length) }), packet]
    }
    assertSecure(pairOf('X3M3', { wire }).run(), 'X3M3')
  })

  test('messages of any key agreement are taken in fragments', () => {
    let id = 1
    const cut = (packet: Buffer): readonly Buffer[] => {
      const { message, sequence, ssrc } = parsePacket(packet)!
      const [messageId, totalWords] = [id++, message.length / 4]
      if (totalWords < 10) return [packet]
      return [message.subarray(40), message.subarray(0, 40)].map((part, index) =>
        writeFragment({ sequence, ssrc, messageId, totalWords, offsetWords: index === 0 ? 10 : 0, part }),
      )
    }
    for (const algorithm of ['X255', 'DH3k', 'X1M1']) assertSecure(pairOf(algorithm, { wire: cut }).run(), algorithm)
  })
})

describe('key encapsulation in the messages of ZRTP', () => {
  const commit = {
    ...{ h2: randomBytes(32), zid: randomBytes(12), hash: 'S256', cipher: 'AES1', authTag: 'HS32' },
    ...{ sas: 'B32 ', proof: randomBytes(32) },
  }

  test('the public key stands in the Commit behind hvi; one of another length is malformed', () => {
    for (const keyAgreement of agreements) {
      const length = kemLengths[keyAgreement].publicKey
      const message = { ...commit, keyAgreement, publicKey: randomBytes(length) }
      const written = writeCommit(message)
      assert.deepEqual(readCommit(written), message)
      assert.deepEqual(written.subarray(12 + 32 + 12 + 20 + 32, -8), message.publicKey)
      for (const other of [0, length - 4, length + 4]) {
        const bad = writeCommit({ ...message, publicKey: randomBytes(other) })
        assert.throws(() => readCommit(bad), { code: 'ZRTP_MALFORMED' })
      }
    }
    const bad = writeCommit({ ...commit, keyAgreement: 'X255', publicKey: randomBytes(32) })
    assert.throws(() => readCommit(bad), { code: 'ZRTP_MALFORMED' })
  })

  test('a Commit to a KEM that is not spoken here is read, and refused with error 0x53', () => {
    const chosen = readCommit(writeCommit({ ...commit, keyAgreement: 'X1K1', publicKey: randomBytes(832) }))
    assert.throws(() => acceptAlgorithms(chosen), { number: 0x53 })
  })

  test('a Hello names 7 key agreements at most', () => {
    assert.ok(Object.values(ownAlgorithms).every((names: readonly string[]) => names.length <= 7))
  })

  /** What is chosen with a phone that lists these. */
  function chosen(...keyAgreement: readonly string[]): string {
    return chooseAlgorithms(ownAlgorithms, { ...ownAlgorithms, keyAgreement }).keyAgreement
  }

  test('the hybrids are chosen by whoever has no X25519; Kyber and HQC are passed over', () => {
    assert.equal(chosen('X1M1', 'X1K1', 'DH3k', 'Mult'), 'X1M1')
    assert.equal(chosen('XKR3', 'X3K3', 'X3H3', 'HQD1', 'KYB1', 'X3M3', 'DH3k', 'Mult'), 'X3M3')
    assert.equal(chosen('X3M3', 'X1M1', 'Mult'), 'X1M1')
    assert.equal(chosen('X1M1', 'X255', 'Mult'), 'X255')
    assert.equal(chosen('X1K1', 'XKR1', 'MLK1', 'Mult'), 'DH3k')
  })

  test('with them go SHA-512 and AES-256, where both have them', () => {
    const theirs = { ...ownAlgorithms, keyAgreement: ['X1M1'] }
    const of = (hash: readonly string[], cipher: readonly string[]): readonly string[] => {
      const algorithms = chooseAlgorithms(ownAlgorithms, { ...theirs, hash, cipher })
      return [algorithms.hash, algorithms.cipher]
    }
    assert.deepEqual(of(['S256', 'S512'], ['AES1', 'AES3']), ['S512', 'AES3'])
    assert.deepEqual(of(['S256', 'S384'], ['AES1', '2FS3']), ['S384', 'AES1'])
    assert.deepEqual(of([], []), ['S256', 'AES1'])
  })
})
