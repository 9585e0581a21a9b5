import { openSsl, type Address } from './library.ts'

/** Lends a memory BIO with these bytes to `use`. */
export function withBio<T>(bytes: Buffer, use: (bio: Address) => T): T {
  const ssl = openSsl()
  const bio = ssl.BIO_new_mem_buf(bytes, bytes.length)
  try {
    return use(bio)
  } finally {
    ssl.BIO_free(bio)
  }
}

/** What `write` writes into a memory BIO. */
export function written(write: (bio: Address) => void): Buffer {
  const ssl = openSsl()
  const bio = ssl.BIO_new(ssl.BIO_s_mem())
  try {
    write(bio)
    const out = Buffer.alloc(longest)
    return out.subarray(0, Math.max(0, ssl.BIO_read(bio, out, out.length)))
  } finally {
    ssl.BIO_free(bio)
  }
}

/** Longer than any certificate that fits into a handshake. */
const longest = 65536

/** The certificate of a PEM text, which the caller frees; 0 when there is none. */
export function readCertificate(pem: string): Address {
  return withBio(Buffer.from(pem), (bio) => openSsl().PEM_read_bio_X509(bio, null, null, null))
}

/** The private key of a PEM text, which the caller frees; 0 when there is none. */
export function readPrivateKey(pem: string): Address {
  return withBio(Buffer.from(pem), (bio) => openSsl().PEM_read_bio_PrivateKey(bio, null, null, null))
}
