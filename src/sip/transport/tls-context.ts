import { readFile } from 'node:fs/promises'
import { checkServerIdentity, type PeerCertificate } from 'node:tls'
import { type TlsClientFiles } from './transport-options.ts'
import { errorText, TransportError } from './transport-error.ts'

/** What TLS needs of files, and the oldest version that is spoken; for `tls.createServer` and `tls.connect`. */
export interface TlsMaterial {
  readonly cert?: Buffer
  readonly key?: Buffer
  readonly ca?: Buffer
  readonly minVersion: 'TLSv1.2'
}

/**
 * Reads certificates and key.
 * @throws TransportError `TRANSPORT_TLS` that names the file
 */
export async function readTlsFiles(files: TlsClientFiles): Promise<TlsMaterial> {
  return {
    ...(files.certFile !== undefined && { cert: await read(files.certFile, 'certificate') }),
    ...(files.keyFile !== undefined && { key: await read(files.keyFile, 'key') }),
    ...(files.caFile !== undefined && { ca: await read(files.caFile, 'CA certificates') }),
    minVersion: 'TLSv1.2',
  }
}

async function read(file: string, what: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (cause) {
    throw new TransportError('TRANSPORT_TLS', `cannot read the TLS ${what}: ${errorText(cause)}`, { cause })
  }
}

/**
 * Checks that a certificate is for a SIP domain (RFC 5922 §7.2): by a `sip:` URI among its alternative names, else by a DNS
 * name or address as in HTTPS.
 * @returns the reason why not, or undefined
 */
export function checkSipIdentity(domain: string, certificate: PeerCertificate): Error | undefined {
  const wanted = `uri:sip:${domain.toLowerCase()}`
  // Node quotes an alternative name that holds a comma or a quote, so a bare one cannot be forged inside another
  const named = certificate.subjectaltname?.split(', ').some((one) => one.toLowerCase() === wanted)
  return named ? undefined : checkServerIdentity(domain, certificate)
}
