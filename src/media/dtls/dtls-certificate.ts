import { createHash, createPrivateKey, generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto'
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Fingerprint } from '../../base/fingerprint.ts'
import { openSsl } from '../openssl/library.ts'
import { readPrivateKey, written } from '../openssl/pem.ts'

/** A certificate with its private key, both in PEM. The key is a secret. */
export interface DtlsCertificate {
  readonly certificate: string
  readonly privateKey: string
}

/** The algorithm of a certificate's key: ECDSA on P-256, or RSA of 2048 bits. */
export type CertificateKind = 'ecdsa' | 'rsa'

const day = 86_400_000
/** Milliseconds for which a certificate is valid, and those that must be left when it is used. */
const validity = 365 * day
const renewal = 30 * day
/** The clocks of phones are not always right. */
const backdating = day

/**
 * The certificate of a kind that the directory keeps; it is made when there is none, when it has less than 30 days left,
 * or when it cannot be used. Phones know it by the fingerprint in each session description, so that a new one is nobody's
 * loss.
 * @param directory which is the server's alone
 * @throws NodeJS.ErrnoException when the file cannot be written; MediaError `MEDIA_OPENSSL_UNAVAILABLE`
 */
export function keepCertificate(directory: string, kind: CertificateKind, now: Date): DtlsCertificate {
  const path = join(directory, `dtls-srtp-${kind}.pem`)
  const kept = usable(readKept(path), kind, now)
  if (kept !== undefined) return kept
  const made = makeCertificate(kind, now)
  writeAtomically(path, made.privateKey + made.certificate)
  return made
}

/** The fingerprint that descriptions show: SHA-256, which every peer of DTLS-SRTP knows (RFC 8122 §5). */
export function fingerprintOf(certificate: string): Fingerprint {
  return { hash: 'sha-256', digest: createHash('sha256').update(new X509Certificate(certificate).raw).digest() }
}

/**
 * Makes a self-signed certificate.
 * @throws MediaError `MEDIA_OPENSSL_UNAVAILABLE`
 */
export function makeCertificate(kind: CertificateKind, now: Date): DtlsCertificate {
  const ssl = openSsl()
  const { privateKey: key } =
    kind === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const privateKey = key.export({ type: 'pkcs8', format: 'pem' })
  const pkey = readPrivateKey(privateKey)
  const x509 = ssl.X509_new()
  try {
    ssl.X509_set_version(x509, 2) // v3
    // positive, and of at most 20 bytes (RFC 5280 §4.1.2.2)
    ssl.ASN1_INTEGER_set_uint64(ssl.X509_get_serialNumber(x509), randomBytes(8).readBigUInt64BE() >> 1n)
    ssl.ASN1_TIME_set(ssl.X509_getm_notBefore(x509), Math.floor((now.getTime() - backdating) / 1000))
    ssl.ASN1_TIME_set(ssl.X509_getm_notAfter(x509), Math.floor((now.getTime() + validity) / 1000))
    const name = ssl.X509_get_subject_name(x509)
    ssl.X509_NAME_add_entry_by_txt(name, 'CN', mbstringAscii, 'SIP', -1, -1, 0)
    ssl.X509_set_issuer_name(x509, name)
    ssl.X509_set_pubkey(x509, pkey)
    ssl.X509_sign(x509, pkey, ssl.EVP_sha256())
    const certificate = written((bio) => ssl.PEM_write_bio_X509(bio, x509)).toString('latin1')
    return { certificate, privateKey }
  } finally {
    ssl.X509_free(x509)
    ssl.EVP_PKEY_free(pkey)
  }
}

/** MBSTRING_ASC of asn1.h. */
const mbstringAscii = 0x1001

function readKept(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** A text that another version wrote, or that was cut off, is as good as none. */
function usable(text: string | undefined, kind: CertificateKind, now: Date): DtlsCertificate | undefined {
  const begin = text?.indexOf('-----BEGIN CERTIFICATE-----') ?? -1
  if (text === undefined || begin < 0) return undefined
  const kept = { privateKey: text.slice(0, begin), certificate: text.slice(begin) }
  try {
    const x509 = new X509Certificate(kept.certificate)
    const fits = x509.checkPrivateKey(createPrivateKey(kept.privateKey))
    const right = x509.publicKey.asymmetricKeyType === (kind === 'rsa' ? 'rsa' : 'ec')
    return fits && right && x509.validToDate.getTime() - now.getTime() > renewal ? kept : undefined
  } catch {
    return undefined
  }
}

/** Two servers that start at once each have a whole file in the end, the latter's. */
function writeAtomically(path: string, text: string): void {
  const temporary = `${path}.${process.pid}`
  const file = openSync(temporary, 'w', 0o600)
  try {
    writeFileSync(file, text)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(temporary, path)
}
