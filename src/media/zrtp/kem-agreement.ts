import {
  createPublicKey,
  decapsulate as decapsulateLattice,
  encapsulate as encapsulateLattice,
  generateKeyPairSync,
  hkdfSync,
  randomBytes,
  type KeyObject,
} from 'node:crypto'
import { hashName, isKem, kemLengths, type DhAgreement, type HashAlgorithm, type KemAgreement } from './algorithms.ts'
import { newKeyPair, refusePublicValue, type KeyPair } from './key-agreement.ts'
import { hmac } from './key-derivation.ts'

/**
 * The hybrids of an elliptic curve and ML-KEM, as bzrtp has them (draft-zrtp-pq): the initiator's public key is in its Commit,
 * the responder's ciphertext in DHPart1, and DHPart2 shows a nonce, to which the Commit's hvi binds the initiator. A public
 * key is that of the curve and then that of ML-KEM, a ciphertext likewise.
 */
const hybrids = {
  X1M1: { curve: 'X255', curveKem: 0x20, lattice: 'ml-kem-512' },
  X3M3: { curve: 'X448', curveKem: 0x21, lattice: 'ml-kem-1024' },
} as const

/** Bytes of what DHPart2 shows. */
const nonceLength = 16

/** What opens a ciphertext. */
export interface KemPrivateKey {
  readonly curve: KeyPair
  readonly lattice: KeyObject
}

/**
 * One side of an exchange, whatever is agreed by.
 * @param theirs the peer's Commit, for a responder
 * @throws ZrtpError `ZRTP_PUBLIC_VALUE` for a Commit whose public key is none
 */
export function keyPairFor(
  algorithm: DhAgreement | KemAgreement,
  hash: HashAlgorithm,
  theirs: { readonly publicKey?: Buffer } | undefined,
): KeyPair {
  if (!isKem(algorithm)) return newKeyPair(algorithm)
  return theirs === undefined
    ? commitKem(algorithm, hash)
    : answerKem(algorithm, hash, theirs.publicKey ?? Buffer.alloc(0))
}

/** The side of an initiator. */
export function commitKem(algorithm: KemAgreement, hash: HashAlgorithm): KeyPair & { readonly publicKey: Buffer } {
  const { publicKey, privateKey }: { publicKey: KeyObject; privateKey: KeyObject } =
    hybrids[algorithm].lattice === 'ml-kem-512' ? generateKeyPairSync('ml-kem-512') : generateKeyPairSync('ml-kem-1024')
  const curve = newKeyPair(hybrids[algorithm].curve)
  return {
    publicKey: Buffer.concat([curve.publicValue, publicKey.export({ format: 'raw-public' })]),
    publicValue: randomBytes(nonceLength),
    agree: (ciphertext) => openKem(algorithm, hash, { curve, lattice: privateKey }, ciphertext),
  }
}

/**
 * The side of a responder.
 * @param publicKey of the initiator's Commit
 * @throws ZrtpError `ZRTP_PUBLIC_VALUE` for a public key that is none
 */
export function answerKem(algorithm: KemAgreement, hash: HashAlgorithm, publicKey: Buffer): KeyPair {
  if (publicKey.length !== kemLengths[algorithm].publicKey) throw refusePublicValue()
  const curve = newKeyPair(hybrids[algorithm].curve)
  const [curveKey, latticeKey] = split(publicKey, curve.publicValue.length)
  const lattice = encapsulateFor(algorithm, latticeKey)
  const secret = curveSecret(algorithm, hash, curve.agree(curveKey), curve.publicValue, curveKey)
  const ciphertext = Buffer.concat([curve.publicValue, lattice.ciphertext])
  const result = combine(hash, secret, lattice.sharedKey, ciphertext)
  return {
    publicValue: ciphertext,
    agree(nonce) {
      if (nonce.length !== nonceLength) throw refusePublicValue()
      return result
    },
  }
}

/**
 * The secret in a ciphertext. Whoever made up the part of ML-KEM gets a secret all the same, that nobody else has.
 * @throws ZrtpError `ZRTP_PUBLIC_VALUE` for one of another length, or with a point that would give the secret away
 */
export function openKem(
  algorithm: KemAgreement,
  hash: HashAlgorithm,
  { curve, lattice }: KemPrivateKey,
  ciphertext: Buffer,
): Buffer {
  if (ciphertext.length !== kemLengths[algorithm].ciphertext) throw refusePublicValue()
  const [point, sealed] = split(ciphertext, curve.publicValue.length)
  const secret = curveSecret(algorithm, hash, curve.agree(point), point, curve.publicValue)
  return combine(hash, secret, decapsulateLattice(lattice, sealed), ciphertext)
}

function encapsulateFor(
  algorithm: KemAgreement,
  key: Buffer,
): { readonly ciphertext: Buffer; readonly sharedKey: Buffer } {
  const asymmetricKeyType = hybrids[algorithm].lattice
  try {
    // what is no list of coefficients below q is refused (FIPS 203 §7.2)
    return encapsulateLattice(createPublicKey({ key, format: 'raw-public', asymmetricKeyType }))
  } catch (error) {
    throw refusePublicValue(error)
  }
}

/** The curve as a KEM, after RFC 9180 §4.1, with "ZRTP" and "ZRTP-v1.1" in the place of HPKE's labels and no salt. */
function curveSecret(
  algorithm: KemAgreement,
  hash: HashAlgorithm,
  dh: Buffer,
  ciphertext: Buffer,
  publicKey: Buffer,
): Buffer {
  const suite = Buffer.from([...Buffer.from('KEM'), 0, hybrids[algorithm].curveKem])
  const length = publicKey.length
  const material = Buffer.concat([Buffer.from('ZRTP'), suite, Buffer.from('eae_prk'), dh])
  const info = Buffer.concat([
    ...[Buffer.from([length >> 8, length & 0xff]), Buffer.from('ZRTP-v1.1'), suite, Buffer.from('shared_secret')],
    ...[ciphertext, publicKey],
  ])
  dh.fill(0)
  const secret = Buffer.from(hkdfSync(hashName[hash], material, Buffer.alloc(0), info, length))
  material.fill(0)
  return secret
}

/** The nested combiner of both secrets and the ciphertext (Bindel and others, Hybrid KEMs, 2018). */
function combine(hash: HashAlgorithm, curve: Buffer, lattice: Buffer, ciphertext: Buffer): Buffer {
  const outer = hmac(hash, hmac(hash, Buffer.alloc(0), curve), lattice)
  curve.fill(0)
  lattice.fill(0)
  return hmac(hash, outer, ciphertext)
}

function split(value: Buffer, at: number): [Buffer, Buffer] {
  return [value.subarray(0, at), value.subarray(at)]
}
