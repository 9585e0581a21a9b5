import { type Fingerprint, fingerprintLengths, type FingerprintHash } from '../base/fingerprint.ts'
import { attributeName, type Attribute } from './attributes.ts'

/**
 * The fingerprints of a description (RFC 8122 §5): `fingerprint:<hash> AA:BB:…`, in any letter case. Lines with a hash that
 * is not known, or with a digest of another length, are passed over: a peer that names several means any of them.
 */
export function readFingerprints(attributes: readonly Attribute[]): readonly Fingerprint[] {
  return attributes
    .filter((one) => attributeName(one) === 'fingerprint')
    .map((one) => readFingerprint(one.slice(one.indexOf(':') + 1).trim()))
    .filter((one) => one !== undefined)
}

function readFingerprint(value: string): Fingerprint | undefined {
  const [, name = '', digest = ''] = /^(\S+)[ \t]+((?:[0-9A-Fa-f]{2}:)+[0-9A-Fa-f]{2})$/.exec(value) ?? []
  const hash = name.toLowerCase()
  if (!isHash(hash)) return undefined
  const bytes = Buffer.from(digest.replaceAll(':', ''), 'hex')
  return bytes.length === fingerprintLengths[hash] ? { hash, digest: bytes } : undefined
}

function isHash(text: string): text is FingerprintHash {
  return Object.hasOwn(fingerprintLengths, text)
}

/** Writes the value of an `a=fingerprint` line. */
export function writeFingerprint({ hash, digest }: Fingerprint): string {
  return `${hash} ${digest.toString('hex').toUpperCase().match(/../g)!.join(':')}`
}
