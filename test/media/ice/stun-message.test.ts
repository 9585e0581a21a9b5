import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { StunAttribute, StunClass, StunMessage } from '../../../src/media/ice/stun-message.ts'
import { StunWriter } from '../../../src/media/ice/stun-writer.ts'

const password = Buffer.from('VOkJxbRl1RmTxUk/WvJxBt')
const username = Buffer.from('evtj:h6vY')

/** RFC 5769 §2.1: padded with spaces, which a reader must not mind. */
const sampleRequest = bytes(`
  000100582112a442b7e7a701bc34d686fa87dfae
  802200105354554e207465737420636c69656e74
  002400046e0001ff
  80290008932ff9b151263b36
  000600096576746a3a68367659202020
  000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2
  80280004e57a3bcf`)
/** RFC 5769 §2.2. */
const sampleIpv4Response = bytes(`
  0101003c2112a442b7e7a701bc34d686fa87dfae
  8022000b7465737420766563746f7220
  002000080001a147e112a643
  000800142b91f599fd9e90c38c7489f92af9ba53f06be7d7
  80280004c07d4c96`)
/** RFC 5769 §2.3. */
const sampleIpv6Response = bytes(`
  010100482112a442b7e7a701bc34d686fa87dfae
  8022000b7465737420766563746f7220
  002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9
  00080014a382954e4be67bf11784c97c8292c275bfe3ed41
  80280004c8fb0b4c`)

function bytes(hex: string): Buffer {
  return Buffer.from(hex.replace(/\s/g, ''), 'hex')
}

function read(packet: Uint8Array): StunMessage {
  const message = new StunMessage()
  assert.equal(message.read(packet, packet.length), true)
  return message
}

describe('the test vectors of RFC 5769', () => {
  test('§2.1, a request of an ICE agent', () => {
    const message = read(sampleRequest)
    assert.equal(message.messageClass, StunClass.request)
    assert.equal(message.method, 1)
    assert.equal(Buffer.from(message.value(StunAttribute.software)!).toString(), 'STUN test client')
    assert.equal(message.priority, 0x6e0001ff)
    assert.deepEqual([message.controlled, message.controlling, message.useCandidate], [true, false, false])
    assert.equal(message.usernameIs(username, true), true)
    assert.equal(message.usernameIs(username.subarray(0, 5), false), true)
    assert.equal(message.usernameIs(username.subarray(0, 5), true), false)
    assert.equal(message.unknownCount, 0)
    assert.equal(message.fingerprintFits(), true)
    assert.equal(message.integrityFits(password), true)
    assert.equal(message.integrityFits(Buffer.from('another')), false)
  })

  for (const [section, sample, address] of [
    ['§2.2, a response for IPv4', sampleIpv4Response, '192.0.2.1'],
    ['§2.3, a response for IPv6', sampleIpv6Response, '2001:db8:1234:5678:11:2233:4455:6677'],
  ] as const) {
    test(section, () => {
      const message = read(sample)
      assert.equal(message.messageClass, StunClass.success)
      assert.equal(Buffer.from(message.value(StunAttribute.software)!).toString(), 'test vector')
      assert.deepEqual(message.mappedAddress(), { address, port: 32853 })
      assert.equal(message.fingerprintFits(), true)
      assert.equal(message.integrityFits(password), true)
    })

    test(`${section}, written: the same but for the padding, and what depends on it`, () => {
      const written = new StunWriter()
        .begin(StunClass.success, sample)
        .attribute(StunAttribute.software, Buffer.from('test vector'))
        .mappedAddress({ address, port: 32853 })
        .integrity(password)
        .fingerprint().message
      const signed = written.length - 32
      const zeroPadded = Buffer.from(sample)
      zeroPadded[35] = 0
      assert.deepEqual(written.subarray(0, signed), zeroPadded.subarray(0, signed))
      const message = read(written)
      assert.deepEqual([message.integrityFits(password), message.fingerprintFits()], [true, true])
    })
  }

  test('any bit that is turned over is noticed', () => {
    for (const sample of [sampleRequest, sampleIpv4Response, sampleIpv6Response]) {
      for (let bit = 0; bit < sample.length * 8; bit++) {
        const packet = Buffer.from(sample)
        packet[bit >> 3]! ^= 1 << (bit & 7)
        const message = new StunMessage()
        const passed = message.read(packet, packet.length) && message.hasFingerprint && message.fingerprintFits()
        assert.equal(passed, false, `bit ${bit}`)
      }
    }
  })
})

describe('reading', () => {
  test('refuses lengths that are not true', () => {
    const message = new StunMessage()
    for (let length = 0; length < sampleRequest.length; length++) {
      assert.equal(message.read(sampleRequest, length), false, `${length} bytes`)
    }
    assert.equal(message.read(Buffer.concat([sampleRequest, Buffer.alloc(4)]), sampleRequest.length + 4), false)
    assert.equal(message.read(sampleRequest, sampleRequest.length + 4), false, 'more than there is')
    for (const at of [22, 42, 50, 62, 78, 102]) {
      const packet = Buffer.from(sampleRequest)
      packet.writeUInt16BE(0xfff0, at)
      assert.equal(message.read(packet, packet.length), false, `attribute length at ${at}`)
    }
  })

  test('leaves the packet as it was', () => {
    const packet = Buffer.from(sampleRequest)
    read(packet).integrityFits(password)
    assert.deepEqual(packet, sampleRequest)
  })

  test('believes nothing that follows MESSAGE-INTEGRITY', () => {
    const packet = new StunWriter()
      .begin(StunClass.request, sampleRequest)
      .attribute(StunAttribute.username, username)
      .integrity(password)
      .attribute(StunAttribute.useCandidate, Buffer.alloc(0))
      .number(StunAttribute.priority, 7)
      .attribute(0x7777, Buffer.alloc(0)).message
    const message = read(packet)
    assert.equal(message.integrityFits(password), true)
    assert.deepEqual([message.useCandidate, message.priority, message.unknownCount], [false, 0, 0])
  })

  test('refuses what follows FINGERPRINT', () => {
    const packet = new StunWriter()
      .begin(StunClass.request, sampleRequest)
      .fingerprint()
      .attribute(StunAttribute.useCandidate, Buffer.alloc(0)).message
    assert.equal(new StunMessage().read(packet, packet.length), false)
  })

  test('does not know what is left of the message before', () => {
    const message = read(sampleRequest)
    const bare = new StunWriter().begin(StunClass.indication, sampleRequest).message
    assert.equal(message.read(bare, bare.length), true)
    assert.deepEqual(
      [message.hasUsername, message.hasIntegrity, message.priority, message.controlled, message.hasFingerprint],
      [false, false, 0, false, false],
    )
    assert.equal(message.integrityFits(password), false)
    assert.equal(message.usernameIs(username, true), false)
  })
})

describe('an address', () => {
  for (const [printed, meant] of [
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::1', '::1'],
    ['2001:db8::', '2001:db8::'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ] as const) {
    test(`${printed} crosses as ${meant}`, () => {
      const packet = new StunWriter()
        .begin(StunClass.success, sampleRequest)
        .mappedAddress({ address: printed, port: 1 }).message
      assert.deepEqual(read(packet).mappedAddress(), { address: meant, port: 1 })
    })
  }

  test('of any value crosses', () => {
    const address = fc.oneof(fc.ipV4(), fc.ipV6())
    const header = fc.uint8Array({ minLength: 20, maxLength: 20 })
    fc.assert(
      fc.property(address, fc.nat(65535), header, (literal, port, transaction) => {
        const write = (text: string): Buffer =>
          Buffer.from(
            new StunWriter().begin(StunClass.success, transaction).mappedAddress({ address: text, port }).message,
          )
        const once = write(literal)
        const read1 = read(once).mappedAddress()
        assert.equal(read1?.port, port)
        assert.deepEqual(write(read1.address), once)
      }),
    )
  })
})
