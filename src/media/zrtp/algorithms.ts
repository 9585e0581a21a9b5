import { type CryptoSuite } from '../../base/encryption.ts'
import { ZrtpError, type ZrtpErrorCode } from './zrtp-error.ts'

/** The algorithms that are spoken here, by their four characters on the wire (RFC 6189 §5.1, and GCM as bzrtp has it). */
export type HashAlgorithm = 'S256' | 'S384' | 'S512'
export type CipherAlgorithm = 'AES1' | 'AES3'
export type AuthTag = 'HS32' | 'HS80' | 'GCM '
/** Key agreements that bring a secret of their own. */
export type DhAgreement = 'X255' | 'X448' | 'DH3k' | 'DH2k' | 'EC25' | 'EC38'
/** Key encapsulation, of an elliptic curve and of ML-KEM: X25519 with ML-KEM-512, X448 with ML-KEM-1024 (draft-zrtp-pq). */
export type KemAgreement = 'X1M1' | 'X3M3'
export type KeyAgreement = DhAgreement | KemAgreement | 'Mult' | 'Prsh'

/** Says whether it is one of DH mode, or a KEM, which goes by the same messages: not multistream, not preshared. */
export function isDh(name: KeyAgreement): name is DhAgreement | KemAgreement {
  return name !== 'Mult' && name !== 'Prsh'
}

export type SasAlgorithm = 'B32 ' | 'B256'

/** What a Hello lists, in the order of preference; unknown names stay as they came. */
export interface HelloAlgorithms {
  readonly hash: readonly string[]
  readonly cipher: readonly string[]
  readonly authTag: readonly string[]
  readonly keyAgreement: readonly string[]
  readonly sas: readonly string[]
}

/** What a Commit has chosen. */
export interface Algorithms {
  readonly hash: HashAlgorithm
  readonly cipher: CipherAlgorithm
  readonly authTag: AuthTag
  readonly keyAgreement: KeyAgreement
  readonly sas: SasAlgorithm
}

/**
 * What this server offers. DH2k is accepted only: 2048 bits are too few to ask for. EC38 too: a Hello has room for 7, and
 * who speaks it speaks EC25. So is Prsh: it saves a phone one public-key operation, and for that whoever gets at the retained
 * secrets once could decrypt every call from then on.
 */
export const ownAlgorithms: HelloAlgorithms = {
  hash: ['S256', 'S384', 'S512'],
  cipher: ['AES1', 'AES3'],
  authTag: ['GCM ', 'HS80', 'HS32'],
  keyAgreement: ['X255', 'X448', 'X1M1', 'X3M3', 'DH3k', 'EC25', 'Mult'],
  sas: ['B32 ', 'B256'],
}

/** Mandatory, and so implied where a Hello does not list them (RFC 6189 §5.1). */
const implied: HelloAlgorithms = {
  hash: ['S256'],
  cipher: ['AES1'],
  authTag: ['HS32', 'HS80'],
  keyAgreement: ['DH3k', 'Mult'],
  sas: ['B32 '],
}

/** Every algorithm that is spoken, also those that are not offered. */
const spoken: HelloAlgorithms = {
  ...ownAlgorithms,
  keyAgreement: [...ownAlgorithms.keyAgreement, 'EC38', 'DH2k', 'Prsh'],
}

/** Bytes of a digest. */
export const hashLength: Readonly<Record<HashAlgorithm, number>> = { S256: 32, S384: 48, S512: 64 }
/** The name of `node:crypto`. */
export const hashName: Readonly<Record<HashAlgorithm, string>> = {
  S256: 'sha256',
  S384: 'sha384',
  S512: 'sha512',
}
/** Bytes of a key. */
export const cipherKeyLength: Readonly<Record<CipherAlgorithm, number>> = { AES1: 16, AES3: 32 }
/** Bytes of a public value. */
export const publicValueLength: Readonly<Record<DhAgreement, number>> = {
  X255: 32,
  X448: 56,
  DH3k: 384,
  DH2k: 256,
  EC25: 64,
  EC38: 96,
}
/** Bytes of what the messages of a KEM show: the public key in the Commit, the ciphertext in DHPart1. */
export const kemLengths: Readonly<Record<KemAgreement, { readonly publicKey: number; readonly ciphertext: number }>> = {
  X1M1: { publicKey: 32 + 800, ciphertext: 32 + 768 },
  X3M3: { publicKey: 56 + 1568, ciphertext: 56 + 1568 },
}

/** Whether it is a KEM that is spoken here. */
export function isKem(name: string): name is KemAgreement {
  return Object.hasOwn(kemLengths, name)
}

/** The SRTP suite of a cipher with an auth tag. */
export function suiteOf({ cipher, authTag }: Algorithms): CryptoSuite {
  if (authTag === 'GCM ') return cipher === 'AES1' ? 'AEAD_AES_128_GCM' : 'AEAD_AES_256_GCM'
  const tag = authTag === 'HS32' ? 32 : 80
  return cipher === 'AES1'
    ? `AES_CM_128_HMAC_SHA1_${tag}`
    : (`AES_CM_256_HMAC_SHA1_${tag}`.replace('AES_CM_256', 'AES_256_CM') as CryptoSuite)
}

/**
 * What an initiator puts into its Commit: of each list its own first that the responder has too; the key agreement is the
 * weaker-first compromise of RFC 6189 §4.1.2: the first common one of either side's list, the one that costs less. With a
 * KEM go the longest hash and key that both have, as bzrtp has it.
 * @param mode where it is not one of DH: multistream, because the session has a key already, or preshared
 */
export function chooseAlgorithms(ours: HelloAlgorithms, theirs: HelloAlgorithms, mode?: 'Mult' | 'Prsh'): Algorithms {
  const first = (kind: keyof HelloAlgorithms, wanted: readonly string[] = []): string => {
    const common = [...theirs[kind], ...implied[kind]].filter((one) => ours[kind].includes(one))
    return wanted.find((one) => common.includes(one)) ?? ours[kind].find((one) => common.includes(one))!
  }
  const dh = (list: readonly string[], other: readonly string[]): string =>
    list.find((one) => one !== 'Mult' && one !== 'Prsh' && other.includes(one)) ?? 'DH3k'
  const [a, b] = [dh(ours.keyAgreement, theirs.keyAgreement), dh(theirs.keyAgreement, ours.keyAgreement)]
  const fastest = ['X255', 'EC25', 'X448', 'EC38', 'DH2k', 'DH3k', 'X1M1', 'X3M3']
  const agreement = fastest.indexOf(a) <= fastest.indexOf(b) ? a : b
  const strong = isKem(agreement)
  return {
    hash: first('hash', strong ? ['S512', 'S384'] : []) as HashAlgorithm,
    cipher: first('cipher', strong ? ['AES3'] : []) as CipherAlgorithm,
    authTag: first('authTag') as AuthTag,
    keyAgreement: mode ?? (agreement as KeyAgreement),
    sas: first('sas') as SasAlgorithm,
  }
}

/**
 * What a peer's Commit has chosen, as far as it is spoken here.
 * @throws ZrtpError 0x51 to 0x55
 */
export function acceptAlgorithms(chosen: Readonly<Record<keyof Algorithms, string>>): Algorithms {
  const check = (kind: keyof Algorithms, code: ZrtpErrorCode): string => {
    const name = chosen[kind]
    if (!spoken[kind].includes(name)) throw new ZrtpError(code, `the peer chose ${kind} ${JSON.stringify(name)}`)
    return name
  }
  return {
    hash: check('hash', 'ZRTP_HASH_UNSUPPORTED') as HashAlgorithm,
    cipher: check('cipher', 'ZRTP_CIPHER_UNSUPPORTED') as CipherAlgorithm,
    authTag: check('authTag', 'ZRTP_AUTH_TAG_UNSUPPORTED') as AuthTag,
    keyAgreement: check('keyAgreement', 'ZRTP_KEY_AGREEMENT_UNSUPPORTED') as KeyAgreement,
    sas: check('sas', 'ZRTP_SAS_UNSUPPORTED') as SasAlgorithm,
  }
}
