import { createHmac, hash as oneShot } from 'node:crypto'
import { cryptoSuites, type SrtpMasterKey } from '../../base/encryption.ts'
import { OpenSslHmac } from '../openssl/openssl-hmac.ts'
import { cipherKeyLength, hashLength, hashName, suiteOf, type Algorithms, type HashAlgorithm } from './algorithms.ts'

/** SHA-256, of which the hash chain is made whatever is negotiated (RFC 6189 §9). */
export function sha256(...parts: readonly Uint8Array[]): Buffer {
  return digest('S256', ...parts)
}

/** A digest of the negotiated hash. */
export function digest(hash: HashAlgorithm, ...parts: readonly Uint8Array[]): Buffer {
  return oneShot(hashName[hash], parts.length === 1 ? parts[0]! : Buffer.concat(parts), 'buffer')
}

/** Absent where OpenSSL cannot be called. */
const native = OpenSslHmac.open()

/** HMAC of the negotiated hash. */
export function hmac(hash: HashAlgorithm, key: Uint8Array, message: Uint8Array | string): Buffer {
  const bytes = typeof message === 'string' ? Buffer.from(message, 'latin1') : message
  if (hash === 'S256' && native?.takes(key, bytes) === true) return native.hmac(key, bytes)
  return createHmac(hashName[hash], key).update(bytes).digest()
}

/**
 * The key derivation function (RFC 6189 §4.5.1): one block of NIST SP 800-108 in counter mode.
 * @param length bytes, at most those of the hash
 */
export function kdf(hash: HashAlgorithm, key: Uint8Array, label: string, context: Uint8Array, length: number): Buffer {
  const message = Buffer.concat([firstBlock, Buffer.from(`${label}\0`, 'latin1'), context, word(8 * length)])
  return hmac(hash, key, message).subarray(0, length)
}

/** The counter of the only block. */
const firstBlock = word(1)

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** Whose exchange it is: what every key is bound to (RFC 6189 §4.4.1.4). */
export interface ExchangeContext {
  readonly algorithms: Algorithms
  readonly initiatorZid: Buffer
  readonly responderZid: Buffer
  /** Over the responder's Hello, the Commit and, in DH mode, both DHParts. */
  readonly totalHash: Buffer
}

/** ZRTPSess, with the hash that it was made with. */
export interface SessionKey {
  readonly hash: HashAlgorithm
  readonly key: Buffer
}

function contextOf({ initiatorZid, responderZid, totalHash }: ExchangeContext): Buffer {
  return Buffer.concat([initiatorZid, responderZid, totalHash])
}

/**
 * s0 of DH mode (RFC 6189 §4.4.1.4).
 * @param secrets s1, s2 and s3: retained, auxiliary and PBX secret; absent ones are empty
 */
export function dhSecret(
  exchange: ExchangeContext,
  dhResult: Buffer,
  secrets: readonly [Buffer | undefined, Buffer | undefined, Buffer | undefined],
): Buffer {
  const parts = secrets.map(lengthAndBytes)
  const label = Buffer.from('ZRTP-HMAC-KDF')
  return digest(exchange.algorithms.hash, word(1), dhResult, label, contextOf(exchange), ...parts)
}

/** A secret with its length before it; one that is absent is empty. */
export function lengthAndBytes(secret: Buffer = Buffer.alloc(0)): Buffer {
  return Buffer.concat([word(secret.length), secret])
}

/** s0 of preshared mode (RFC 6189 §4.4.2.3). */
export function presharedSecret(exchange: ExchangeContext, presharedKey: Buffer): Buffer {
  const { hash } = exchange.algorithms
  return kdf(hash, presharedKey, 'ZRTP PSK', contextOf(exchange), hashLength[hash])
}

/** s0 of multistream mode (RFC 6189 §4.4.3.2). */
export function multistreamSecret(exchange: ExchangeContext, session: SessionKey): Buffer {
  const { hash } = exchange.algorithms
  return kdf(hash, session.key, 'ZRTP MSK', contextOf(exchange), hashLength[hash])
}

/** What comes of s0 (RFC 6189 §4.5.3). */
export interface DerivedKeys {
  readonly initiator: SideKeys
  readonly responder: SideKeys
  readonly session: SessionKey
  /** sashash, 32 bytes; the first 4 are sasvalue. */
  readonly sasHash: Buffer
  /** The next rs1. */
  readonly retainedSecret: Buffer
}

/** The keys with which one side protects. */
export interface SideKeys {
  readonly srtp: SrtpMasterKey
  /** For Confirm and its kin. */
  readonly mac: Buffer
  readonly zrtp: Buffer
}

/** Derives all keys of an exchange. */
export function deriveKeys(exchange: ExchangeContext, s0: Buffer): DerivedKeys {
  const { hash, cipher } = exchange.algorithms
  const suite = suiteOf(exchange.algorithms)
  const context = contextOf(exchange)
  const derive = (label: string, length: number): Buffer => kdf(hash, s0, label, context, length)
  const side = (name: 'Initiator' | 'Responder'): SideKeys => ({
    srtp: {
      suite,
      key: derive(`${name} SRTP master key`, cipherKeyLength[cipher]),
      // 112 bits; for AEAD, which RFC 6189 does not know, the 96 that bzrtp derives
      salt: derive(`${name} SRTP master salt`, cryptoSuites[suite].saltLength),
    },
    mac: derive(`${name} HMAC key`, hashLength[hash]),
    zrtp: derive(`${name} ZRTP key`, cipherKeyLength[cipher]),
  })
  return {
    initiator: side('Initiator'),
    responder: side('Responder'),
    session: { hash, key: derive('ZRTP Session Key', hashLength[hash]) },
    sasHash: derive('SAS', 32),
    retainedSecret: derive('retained secret', 32),
  }
}

/** The secret that a phone and the PBX it enrols with have in common from then on (RFC 6189 §7.3.1), 32 bytes. */
export function pbxSecret(session: SessionKey, initiatorZid: Buffer, responderZid: Buffer): Buffer {
  return kdf(session.hash, session.key, 'Trusted MiTM key', Buffer.concat([initiatorZid, responderZid]), 32)
}

/** H1, H2 and H3 of a seed H0 (RFC 6189 §9). */
export function hashChain(seed: Buffer): readonly [h0: Buffer, h1: Buffer, h2: Buffer, h3: Buffer] {
  const h1 = sha256(seed)
  const h2 = sha256(h1)
  return [seed, h1, h2, sha256(h2)]
}
