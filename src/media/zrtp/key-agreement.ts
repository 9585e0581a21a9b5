import {
  createDiffieHellmanGroup,
  createECDH,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  getDiffieHellman,
  type KeyObject,
} from 'node:crypto'
import { publicValueLength, type DhAgreement } from './algorithms.ts'
import { ZrtpError } from './zrtp-error.ts'

/** One side of a key agreement. */
export interface KeyPair {
  /** pvi or pvr, as the wire has it. */
  readonly publicValue: Buffer
  /** Of the initiator of a KEM only: what its Commit shows. */
  readonly publicKey?: Buffer
  /**
   * DHResult (RFC 6189 §4.4.1.3, §5.1.5).
   * @throws ZrtpError `ZRTP_PUBLIC_VALUE` for a value that would give the result away or is none at all
   */
  agree(publicValue: Buffer): Buffer
}

/** Makes a key pair that serves one exchange. */
export function newKeyPair(algorithm: DhAgreement): KeyPair {
  switch (algorithm) {
    case 'X255':
      return montgomery('x25519', algorithm)
    case 'X448':
      return montgomery('x448', algorithm)
    case 'DH3k':
      return modular('modp15', algorithm)
    case 'DH2k':
      return modular('modp14', algorithm)
    case 'EC25':
      return weierstrass('prime256v1', algorithm)
    case 'EC38':
      return weierstrass('secp384r1', algorithm)
  }
}

/** What to throw for a public value that cannot be used. */
export function refusePublicValue(cause?: unknown): ZrtpError {
  return new ZrtpError('ZRTP_PUBLIC_VALUE', 'the public value of the peer cannot be used', { cause })
}

function checkLength(value: Buffer, algorithm: DhAgreement): void {
  if (value.length !== publicValueLength[algorithm]) throw refusePublicValue()
}

/** The curves of RFC 7748. Public keys go through JWK, which holds the bare bytes: DER costs OpenSSL twenty times as much. */
const curveNames = { x25519: 'X25519', x448: 'X448' } as const

function montgomery(curve: 'x25519' | 'x448', algorithm: DhAgreement): KeyPair {
  const { publicKey, privateKey }: { publicKey: KeyObject; privateKey: KeyObject } =
    curve === 'x25519' ? generateKeyPairSync('x25519') : generateKeyPairSync('x448')
  const crv = curveNames[curve]
  return {
    publicValue: Buffer.from(publicKey.export({ format: 'jwk' }).x!, 'base64url'),
    agree(value) {
      checkLength(value, algorithm)
      const key = { kty: 'OKP', crv, x: value.toString('base64url') }
      try {
        // OpenSSL refuses a result of zeros (RFC 7748 §6)
        return diffieHellman({ privateKey, publicKey: createPublicKey({ key, format: 'jwk' }) })
      } catch (error) {
        throw refusePublicValue(error)
      }
    },
  }
}

function modular(group: 'modp14' | 'modp15', algorithm: DhAgreement): KeyPair {
  const length = publicValueLength[algorithm]
  const dh = group === 'modp14' ? getDiffieHellman('modp14') : createDiffieHellmanGroup('modp15')
  const padded = (value: Buffer): Buffer => Buffer.concat([Buffer.alloc(length - value.length), value])
  const prime = BigInt(`0x${dh.getPrime('hex')}`)
  return {
    publicValue: padded(dh.generateKeys()),
    agree(value) {
      checkLength(value, algorithm)
      const number = BigInt(`0x${value.toString('hex')}`)
      if (number <= 1n || number >= prime - 1n) throw refusePublicValue()
      return padded(dh.computeSecret(value))
    },
  }
}

function weierstrass(curve: 'prime256v1' | 'secp384r1', algorithm: DhAgreement): KeyPair {
  const ecdh = createECDH(curve)
  const uncompressed = Buffer.from([4])
  return {
    publicValue: ecdh.generateKeys().subarray(1),
    agree(value) {
      checkLength(value, algorithm)
      try {
        return ecdh.computeSecret(Buffer.concat([uncompressed, value])) // OpenSSL refuses points off the curve
      } catch (error) {
        throw refusePublicValue(error)
      }
    },
  }
}
