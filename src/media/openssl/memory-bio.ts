import { isNull, openSsl, type Address } from './library.ts'

/** The bytes that `write` puts into a memory BIO, or nothing when it says 0. */
export function bytesOf(write: (bio: Address) => number): Buffer | undefined {
  const ssl = openSsl()
  const bio = ssl.BIO_new(ssl.BIO_s_mem())
  if (isNull(bio)) return undefined
  try {
    return write(bio) === 1 ? drainBio(bio) : undefined
  } finally {
    ssl.BIO_free(bio)
  }
}

/** What `read` makes of a memory BIO that holds `data`. */
export function fromBytes<Result>(data: Uint8Array, read: (bio: Address) => Result): Result {
  const ssl = openSsl()
  const bio = ssl.BIO_new(ssl.BIO_s_mem())
  try {
    ssl.BIO_write(bio, data, data.length)
    return read(bio)
  } finally {
    ssl.BIO_free(bio)
  }
}

/** BIO_CTRL_PENDING */
const bioPending = 10

/** Takes all that a memory BIO holds, into memory of its own. */
export function drainBio(bio: Address): Buffer {
  const ssl = openSsl()
  const pending = ssl.BIO_ctrl(bio, bioPending, 0, null)
  const bytes = Buffer.allocUnsafeSlow(pending)
  const length = pending > 0 ? ssl.BIO_read(bio, bytes, pending) : 0
  return bytes.subarray(0, Math.max(length, 0))
}
