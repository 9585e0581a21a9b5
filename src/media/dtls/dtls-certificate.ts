import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  randomBytes,
  X509Certificate,
  type KeyObject,
} from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { type Fingerprint, type FingerprintHash } from '../../base/fingerprint.ts'
import { MediaError } from '../media-error.ts'
import { isNull, openSsl, takeError, type Address } from '../openssl/library.ts'
import { bytesOf, fromBytes } from '../openssl/memory-bio.ts'

/** What we show in DTLS; both in PEM. */
export interface DtlsCertificate {
  readonly certificate: string
  readonly privateKey: string
}

/** Key of a certificate: P-256, or RSA of 2048 bits. */
export type CertificateKind = 'ecdsa' | 'rsa'

const day = 24 * 60 * 60 * 1000
const validity = 365 * day
/** A certificate with less than this left is replaced at the next start, before a phone can refuse it. */
const renewal = 30 * day

/**
 * The certificate of DTLS-SRTP that is kept in `dtls-srtp-ecdsa.pem` or `dtls-srtp-rsa.pem`. It is made when it is missing, and
 * made anew when less than 30 days are left, when what is there does not parse or does not fit together, and when others
 * may read the file, for then its key is no secret. The file holds key and certificate, is for its owner alone, and appears whole or not at all; of two starts at once on an empty
 * directory both use the certificate of one.
 * @param directory - must exist
 * @throws MediaError `MEDIA_CERTIFICATE_UNUSABLE` when the file can be neither read nor written
 *   `MEDIA_OPENSSL_UNAVAILABLE` when one must be made
 */
export function keepCertificate(directory: string, kind: CertificateKind, now: Date): DtlsCertificate {
  const path = join(directory, `dtls-srtp-${kind}.pem`)
  try {
    const kept = read(path)
    if (kept !== undefined) {
      const certificate = parse(kept, kind, now)
      if (certificate !== undefined) return certificate
    }
    const made = makeCertificate(kind, now)
    if (write(path, made, kept === undefined)) return made
    // another start was quicker; what it left is new
    return parse(read(path) ?? '', kind, now) ?? made
  } catch (cause) {
    if (!(cause instanceof Error) || !('syscall' in cause)) throw cause
    throw new MediaError('MEDIA_CERTIFICATE_UNUSABLE', `cannot keep the certificate of DTLS: ${cause.message}`, {
      cause,
    })
  }
}

/**
 * A certificate's fingerprint (RFC 8122 §5); descriptions show SHA-256, which every peer of DTLS-SRTP knows.
 * @param certificate - PEM, or DER
 */
export function fingerprintOf(certificate: string | Uint8Array, hash: FingerprintHash = 'sha-256'): Fingerprint {
  const der = typeof certificate === 'string' ? new X509Certificate(certificate).raw : certificate
  return { hash, digest: createHash(hash.replace('-', '')).update(der).digest() }
}

/** What is in the file, which is nothing when it is not its owner's alone; `undefined` when there is no file. */
function read(path: string): string | undefined {
  try {
    return (statSync(path).mode & 0o077) === 0 ? readFileSync(path, 'utf8') : ''
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** Reads what {@link write} wrote; nothing when it must be replaced. */
function parse(text: string, kind: CertificateKind, now: Date): DtlsCertificate | undefined {
  const privateKey = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----\n/.exec(text)?.[0]
  const certificate = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/.exec(text)?.[0]
  if (privateKey === undefined || certificate === undefined) return undefined
  let x509: X509Certificate
  let key: KeyObject
  try {
    x509 = new X509Certificate(certificate)
    key = createPrivateKey(privateKey)
  } catch {
    return undefined // not what we wrote: the caller makes another
  }
  const fits = key.asymmetricKeyType === (kind === 'ecdsa' ? 'ec' : 'rsa') && x509.checkPrivateKey(key)
  const lasts = Date.parse(x509.validFrom) <= now.getTime() && Date.parse(x509.validTo) - now.getTime() >= renewal
  return fits && lasts ? { certificate, privateKey } : undefined
}

/**
 * Writes beside `path` and moves it there in one step.
 * @param isNew - nothing was there; what another start put there meanwhile is left alone
 * @returns false when it was left alone
 */
function write(path: string, { privateKey, certificate }: DtlsCertificate, isNew: boolean): boolean {
  const temporary = `${path}.${randomBytes(8).toString('hex')}`
  try {
    const file = openSync(temporary, 'wx', 0o600)
    try {
      writeSync(file, privateKey + certificate)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    if (!isNew) {
      renameSync(temporary, path)
      return true
    }
    return link(temporary, path)
  } finally {
    rmSync(temporary, { force: true })
  }
}

/** Gives the file its name where nothing has that name; not every file system can. */
function link(temporary: string, path: string): boolean {
  try {
    linkSync(temporary, path)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EEXIST') return false
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP') throw error
    renameSync(temporary, path)
  }
  return true
}

/**
 * A self-signed certificate of X.509 v3 that says nothing about this server, valid from a day before `now` (phones'
 * clocks are wrong) for a year.
 * @throws MediaError `MEDIA_CERTIFICATE_UNUSABLE`, `MEDIA_OPENSSL_UNAVAILABLE`
 */
export function makeCertificate(kind: CertificateKind, now: Date): DtlsCertificate {
  const { privateKey } =
    kind === 'ecdsa'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: 2048 })
  const der = sign(privateKey.export({ type: 'pkcs8', format: 'der' }), now)
  const certificate = new X509Certificate(der).toString()
  return { certificate, privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }) }
}

/** Makes and signs the certificate of a private key (PKCS #8 in DER); DER. */
function sign(privateKey: Buffer, now: Date): Buffer {
  const ssl = openSsl()
  const key = fromBytes(privateKey, (bio) => ssl.d2i_PrivateKey_bio(bio, null))
  const x509 = ssl.X509_new()
  try {
    const der =
      !isNull(key) && !isNull(x509) && fill(x509, key, now) ? bytesOf((bio) => ssl.i2d_X509_bio(bio, x509)) : undefined
    if (der !== undefined) return der
    const why = ssl.ERR_reason_error_string(takeError()) ?? 'no reason given'
    throw new MediaError('MEDIA_CERTIFICATE_UNUSABLE', `OpenSSL makes no certificate: ${why}`)
  } finally {
    ssl.X509_free(x509)
    ssl.EVP_PKEY_free(key)
  }
}

function fill(x509: Address, key: Address, now: Date): boolean {
  const ssl = openSsl()
  const seconds = Math.floor((now.getTime() - day) / 1000)
  const serial = (randomBytes(8).readBigUInt64BE() >> 1n) | 1n // positive, never zero (RFC 5280 §4.1.2.2)
  const name = Buffer.from('DTLS-SRTP')
  const subject = ssl.X509_get_subject_name(x509)
  const ascii = 0x1000 | 1 // MBSTRING_ASC
  return (
    ssl.X509_set_version(x509, 2) === 1 && // says 3
    ssl.ASN1_INTEGER_set_uint64(ssl.X509_get_serialNumber(x509), serial) === 1 &&
    !isNull(ssl.ASN1_TIME_set(ssl.X509_getm_notBefore(x509), seconds)) &&
    !isNull(ssl.ASN1_TIME_set(ssl.X509_getm_notAfter(x509), seconds + validity / 1000)) &&
    ssl.X509_NAME_add_entry_by_txt(subject, 'CN', ascii, name, name.length, -1, 0) === 1 &&
    ssl.X509_set_issuer_name(x509, subject) === 1 &&
    ssl.X509_set_pubkey(x509, key) === 1 &&
    ssl.X509_sign(x509, key, ssl.EVP_sha256()) > 0
  )
}
