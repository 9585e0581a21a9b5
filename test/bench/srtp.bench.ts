/**
 * What one packet costs to protect and unprotect, and how that compares with new node:crypto objects for each packet in
 * the same run: `node test/bench/srtp.bench.ts`. Rounds are interleaved and medians printed, so that a noisy machine
 * moves both sides alike; read the ratio, not the microseconds.
 */
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import { cryptoSuites, type CryptoSuite, type SrtpMasterKey } from '../../src/base/encryption.ts'
import { PacketBuffer } from '../../src/media/packet-buffer.ts'
import { deriveSessionKeys } from '../../src/media/srtp/key-derivation.ts'
import { portableCipherProvider } from '../../src/media/srtp/portable-cipher-provider.ts'
import { SrtpDecryptContext } from '../../src/media/srtp/srtp-decrypt-context.ts'
import { SrtpEncryptContext } from '../../src/media/srtp/srtp-encrypt-context.ts'
import { SrtpVerdict } from '../../src/media/srtp/srtp-verdict.ts'

const rounds = 7
const packetsPerRound = 10_000
const suites: readonly CryptoSuite[] = ['AES_CM_128_HMAC_SHA1_80', 'AES_256_CM_HMAC_SHA1_80', 'AEAD_AES_128_GCM']

/** Microseconds a packet that `run` takes for `packetsPerRound` packets from sequence number `first`. */
function time(run: (sequence: number) => void, first: number): number {
  const start = performance.now()
  for (let i = 0; i < packetsPerRound; i++) run(first + i)
  return ((performance.now() - start) * 1000) / packetsPerRound
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!
}

/** Protect and unprotect in the contexts of the product. */
function contexts(master: SrtpMasterKey, length: number): (sequence: number) => void {
  const encrypt = new SrtpEncryptContext(master, portableCipherProvider)
  const decrypt = new SrtpDecryptContext(master, portableCipherProvider)
  const packet = new PacketBuffer(2048)
  const plain = rtp(length)
  return (sequence) => {
    plain.writeUInt16BE(sequence & 0xffff, 2)
    packet.load(plain)
    if (encrypt.protectRtp(packet) !== SrtpVerdict.ok || decrypt.unprotectRtp(packet) !== SrtpVerdict.ok) {
      throw new Error(`packet ${sequence} was refused`)
    }
  }
}

/** The same work with new node:crypto objects for every packet, and no replay window. */
function objects(master: SrtpMasterKey, length: number): (sequence: number) => void {
  const { cipherKey, authenticationKey } = deriveSessionKeys(master, 'rtp')
  const { cipher, rtpTagLength } = cryptoSuites[master.suite]
  const plain = rtp(length)
  const gcm = cipherKey.length === 16 ? 'aes-128-gcm' : 'aes-256-gcm'
  const ctr = `aes-${cipherKey.length * 8}-ctr`
  const iv = Buffer.alloc(cipher === 'aes-gcm' ? 12 : 16)
  return (sequence) => {
    plain.writeUInt16BE(sequence & 0xffff, 2)
    iv.writeUInt32BE(sequence, 8)
    const header = plain.subarray(0, 12)
    if (cipher === 'aes-gcm') {
      const seal = createCipheriv(gcm, cipherKey, iv).setAAD(header)
      const sealed = Buffer.concat([header, seal.update(plain.subarray(12)), seal.final(), seal.getAuthTag()])
      const open = createDecipheriv(gcm, cipherKey, iv).setAAD(header).setAuthTag(sealed.subarray(length))
      Buffer.concat([header, open.update(sealed.subarray(12, length)), open.final()])
      return
    }
    const sealed = Buffer.concat([header, createCipheriv(ctr, cipherKey, iv).update(plain.subarray(12))])
    const tag = createHmac('sha1', authenticationKey).update(sealed).digest().subarray(0, rtpTagLength)
    const datagram = Buffer.concat([sealed, tag])
    const check = createHmac('sha1', authenticationKey).update(datagram.subarray(0, length)).digest()
    if (!check.subarray(0, rtpTagLength).equals(datagram.subarray(length))) throw new Error('wrong tag')
    Buffer.concat([header, createDecipheriv(ctr, cipherKey, iv).update(datagram.subarray(12, length))])
  }
}

function rtp(length: number): Buffer {
  const plain = randomBytes(length)
  plain[0] = 0x80
  return plain
}

console.log('protect + unprotect, µs a packet, median of', rounds, 'interleaved rounds')
console.log('suite                     bytes   contexts   new objects   ratio')
for (const suite of suites) {
  const { keyLength, saltLength } = cryptoSuites[suite]
  const master = { suite, key: randomBytes(keyLength), salt: randomBytes(saltLength) }
  for (const length of [172, 1200]) {
    const ours = contexts(master, length)
    const theirs = objects(master, length)
    const times: [number[], number[]] = [[], []]
    for (let round = 0; round <= rounds; round++) {
      const pair = [time(ours, round * packetsPerRound), time(theirs, round * packetsPerRound)] as const
      if (round === 0) continue // warms up
      times[0].push(pair[0])
      times[1].push(pair[1])
    }
    const [mine, other] = [median(times[0]), median(times[1])]
    const cells = [mine.toFixed(2).padStart(8), other.toFixed(2).padStart(11), (mine / other).toFixed(2).padStart(6)]
    console.log(suite.padEnd(24), String(length).padStart(6), '  ', cells.join('   '))
  }
}
