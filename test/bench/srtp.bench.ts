/**
 * What one packet costs to protect and unprotect, with either cipher provider, and how that compares in the same run with
 * the bare calls of OpenSSL that the work cannot do without, and with new node:crypto objects for each packet:
 * `node test/bench/srtp.bench.ts`. Rounds are interleaved and medians printed, so that a noisy machine moves all sides
 * alike; read the ratios, not the microseconds.
 */
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import { cryptoSuites, type CryptoSuite, type SrtpMasterKey } from '../../src/base/encryption.ts'
import { cipherLibrary, nothing } from '../../src/media/openssl/cipher-library.ts'
import { NativeMemory } from '../../src/media/native-memory.ts'
import { PacketBuffer } from '../../src/media/packet-buffer.ts'
import { type CipherProvider } from '../../src/media/srtp/cipher-provider.ts'
import { deriveSessionKeys } from '../../src/media/srtp/key-derivation.ts'
import { OpenSslCipherProvider } from '../../src/media/srtp/openssl-cipher-provider.ts'
import { portableCipherProvider } from '../../src/media/srtp/portable-cipher-provider.ts'
import { SrtpDecryptContext } from '../../src/media/srtp/srtp-decrypt-context.ts'
import { SrtpEncryptContext } from '../../src/media/srtp/srtp-encrypt-context.ts'
import { SrtpVerdict } from '../../src/media/srtp/srtp-verdict.ts'

const rounds = 7
const packetsPerRound = 10_000
const openSsl = new OpenSslCipherProvider()
/** What native code has the address of must stay referred to. */
const kept: NativeMemory[] = []

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
function contexts(provider: CipherProvider, master: SrtpMasterKey, length: number): (sequence: number) => void {
  const encrypt = new SrtpEncryptContext(master, provider)
  const decrypt = new SrtpDecryptContext(master, provider)
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

/** What OpenSSL is called for at least, a packet each way, were nothing made ahead: no header is read, no tag compared. */
function calls(master: SrtpMasterKey, length: number): (sequence: number) => void {
  const library = cipherLibrary()
  const { cipher, keyLength } = cryptoSuites[master.suite]
  const memory = new NativeMemory(new Uint8Array(new ArrayBuffer(4096)))
  kept.push(memory)
  const key = memory.at(0, keyLength)
  const iv = memory.at(64, 16)
  const state = memory.at(128, 96)
  const block = memory.at(256, 64)
  const context = library.EVP_CIPHER_CTX_new()
  const kinds = {
    'aes-cm': { 16: library.EVP_aes_128_ecb(), 24: library.EVP_aes_192_ecb(), 32: library.EVP_aes_256_ecb() },
    'aes-gcm': { 16: library.EVP_aes_128_gcm(), 24: null, 32: library.EVP_aes_256_gcm() },
  }
  library.EVP_EncryptInit_ex2(context, kinds[cipher][keyLength as 16 | 24 | 32], key, nothing, nothing)
  const header = memory.at(1024, 12)
  const blocks = (length - 12 + 15) & -16
  const payload = memory.at(1036, blocks)
  const padded = (length + 4 + 9 + 63) & -64
  const hmac = (): void => {
    library.SHA1_Update(state, header, padded)
    library.SHA1_Transform(state, block)
  }
  const gcm = (): void => {
    library.EVP_Cipher(context, nothing, header, 12)
    library.EVP_Cipher(context, payload, payload, length - 12)
    library.EVP_Cipher(context, nothing, nothing, 0)
  }
  // an OSSL_PARAM array that asks for nothing
  const noTag = memory.at(512, 40)
  if (cipher === 'aes-gcm') {
    return () => {
      library.EVP_EncryptInit_ex2(context, nothing, nothing, iv, nothing)
      gcm()
      library.EVP_CIPHER_CTX_get_params(context, noTag)
      library.EVP_DecryptInit_ex2(context, nothing, nothing, iv, noTag)
      gcm()
    }
  }
  return () => {
    for (let way = 0; way < 2; way++) {
      library.EVP_Cipher(context, payload, payload, blocks)
      hmac()
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

console.log('protect + unprotect, µs a packet, median of', rounds, 'interleaved rounds; in brackets OpenSSL ÷ it')
console.log('suite                     bytes   OpenSSL   bare calls     portable   new objects')
for (const suite of Object.keys(cryptoSuites) as CryptoSuite[]) {
  if (suite.endsWith('_32')) continue // the same work
  const { keyLength, saltLength } = cryptoSuites[suite]
  const master = { suite, key: randomBytes(keyLength), salt: randomBytes(saltLength) }
  for (const length of [172, 1200]) {
    const sides = [
      contexts(openSsl, master, length),
      calls(master, length),
      contexts(portableCipherProvider, master, length),
      objects(master, length),
    ]
    const times: number[][] = sides.map(() => [])
    for (let round = 0; round <= rounds; round++) {
      const all = sides.map((side) => time(side, round * packetsPerRound))
      if (round > 0) for (const [i, one] of all.entries()) times[i]!.push(one) // the first warms up
    }
    const [mine, ...others] = times.map(median) as [number, ...number[]]
    const cells = others.map((other) => `${other.toFixed(2)} (${(mine / other).toFixed(2)})`.padStart(12))
    console.log(suite.padEnd(24), String(length).padStart(6), mine.toFixed(2).padStart(9), '', cells.join(' '))
  }
}
