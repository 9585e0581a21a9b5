import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { acceptAlgorithms, chooseAlgorithms, ownAlgorithms } from '../../../src/media/zrtp/algorithms.ts'
import { crc32c } from '../../../src/media/zrtp/message/crc32c.ts'
import {
  isSealed,
  readCommit,
  readConfirm,
  readDhPart,
  readHello,
  seal,
  writeCommit,
  writeConfirm,
  writeDhPart,
  writeHello,
} from '../../../src/media/zrtp/message/messages.ts'
import { parsePacket, writePacket } from '../../../src/media/zrtp/message/packet.ts'
import { ZrtpError } from '../../../src/media/zrtp/zrtp-error.ts'

const hello = {
  ...{ version: '1.10', client: 'a phone', h3: randomBytes(32), zid: randomBytes(12), mitm: false, passive: true },
  algorithms: { ...ownAlgorithms, cipher: ['2FS3', 'AES1'], keyAgreement: ['XYZ1', 'X255', 'Mult'] },
}
const commit = {
  ...{ h2: randomBytes(32), zid: randomBytes(12), hash: 'S256', cipher: 'AES1', authTag: 'HS32' },
  ...{ keyAgreement: 'X255', sas: 'B32 ', proof: randomBytes(32) },
}
const part = {
  ...{ h1: randomBytes(32), rs1Id: randomBytes(8), rs2Id: randomBytes(8), auxId: randomBytes(8) },
  ...{ pbxId: randomBytes(8), publicValue: randomBytes(32) },
}
const confirm = { mac: randomBytes(8), iv: randomBytes(16), encrypted: randomBytes(40) }

const messages = {
  Hello: [writeHello(hello), readHello],
  Commit: [writeCommit(commit), readCommit],
  DHPart2: [writeDhPart('DHPart2', part), readDhPart],
  Confirm1: [writeConfirm('Confirm1', confirm), readConfirm],
} as const

describe('messages of ZRTP', () => {
  test('what is written is read', () => {
    assert.deepEqual(readHello(messages.Hello[0]), hello)
    assert.deepEqual(readCommit(messages.Commit[0]), commit)
    const multistream = { ...commit, keyAgreement: 'Mult', proof: randomBytes(16) }
    assert.deepEqual(readCommit(writeCommit(multistream)), multistream)
    assert.deepEqual(readDhPart(messages.DHPart2[0]), part)
    assert.deepEqual(readConfirm(messages.Confirm1[0]), confirm)
  })

  test('CRC-32C, as SCTP has it: that of "123456789" is e3069283, written least significant byte first', () => {
    assert.equal(crc32c(Buffer.from('123456789')), 0x839206e3)
  })

  test('a packet is read with its number and source; a damaged, cut or foreign one is none', () => {
    const [message] = messages.Commit
    const packet = writePacket(message, 0xfffe, 0xdeadbeef)
    assert.deepEqual(parsePacket(packet), { sequence: 0xfffe, ssrc: 0xdeadbeef, type: 'Commit', message })
    for (let length = 0; length < packet.length; length++)
      assert.equal(parsePacket(packet.subarray(0, length)), undefined)
    for (let bit = 0; bit < 8 * packet.length; bit += 13) {
      const damaged = Buffer.from(packet)
      damaged[bit >> 3]! ^= 1 << (bit & 7)
      assert.equal(parsePacket(damaged), undefined)
    }
  })

  test('a seal fits its message and key only', () => {
    const [key, message] = [randomBytes(32), seal(writeCommit(commit), randomBytes(32))]
    assert.ok(isSealed(seal(message, key), key))
    assert.ok(!isSealed(message, randomBytes(32)))
    message[20]! ^= 1
    assert.ok(!isSealed(message, key))
  })

  for (const [name, [message, read]] of Object.entries(messages))
    test(`${name}: whatever follows its header is read, or refused as malformed`, () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 500 }), fc.nat(message.length), (bytes, at) => {
          const mutant = Buffer.concat([message.subarray(0, Math.max(12, at)), bytes])
          try {
            read(mutant)
          } catch (error) {
            assert.ok(error instanceof ZrtpError && error.code === 'ZRTP_MALFORMED', String(error))
          }
        }),
        { numRuns: 2000 },
      )
    })
})

describe('algorithms of ZRTP', () => {
  const none = { hash: [], cipher: [], authTag: [], keyAgreement: [], sas: [] }

  test('unknown ones that stand first are passed over', () => {
    const theirs = {
      ...{ hash: ['N256', 'S256'], cipher: ['2FS1', 'AES3', 'AES1'], authTag: ['SK32', 'HS80'] },
      ...{ keyAgreement: ['X1K1', 'X3K3', 'X448', 'DH3k'], sas: ['B512', 'B32 '] },
    }
    assert.deepEqual(chooseAlgorithms(ownAlgorithms, theirs), {
      ...{ hash: 'S256', cipher: 'AES1', authTag: 'HS80', keyAgreement: 'X448', sas: 'B32 ' },
    })
  })

  test('the mandatory ones are implied where nothing is listed', () => {
    assert.deepEqual(chooseAlgorithms(ownAlgorithms, none), {
      ...{ hash: 'S256', cipher: 'AES1', authTag: 'HS80', keyAgreement: 'DH3k', sas: 'B32 ' },
    })
  })

  for (const [kind, number] of [
    ['hash', 0x51],
    ['cipher', 0x52],
    ['keyAgreement', 0x53],
    ['authTag', 0x54],
    ['sas', 0x55],
  ] as const)
    test(`a Commit with an unknown ${kind} is refused with error 0x${number.toString(16)}`, () => {
      assert.throws(() => acceptAlgorithms({ ...commit, [kind]: 'XXXX' }), { number })
    })
})
