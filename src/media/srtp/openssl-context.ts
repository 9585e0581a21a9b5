import { MediaError } from '../media-error.ts'
import { nothing } from '../openssl/cipher-library.ts'
import { isNull, type Address } from '../openssl/library.ts'
import { type OpenSslScratch } from './openssl-scratch.ts'

/** Contexts of one provider: how many were made, and how many of them were given back. */
export interface ContextTally {
  made: number
  freed: number
}

/** An EVP_CIPHER_CTX that keeps one key's schedule, until it is closed. */
export class OpenSslContext {
  readonly #scratch: OpenSslScratch
  readonly #tally: ContextTally
  #address: Address

  /**
   * @param cipher an EVP_CIPHER that is never freed
   * @throws MediaError `MEDIA_OPENSSL_UNAVAILABLE` when OpenSSL does not give one
   */
  constructor(scratch: OpenSslScratch, cipher: Address, key: Buffer, tally: ContextTally) {
    const { library } = scratch
    this.#scratch = scratch
    this.#tally = tally
    this.#address = library.EVP_CIPHER_CTX_new()
    if (isNull(this.#address)) throw new MediaError('MEDIA_OPENSSL_UNAVAILABLE', 'OpenSSL gives no cipher context')
    tally.made++
    scratch.key.set(key)
    const set = library.EVP_EncryptInit_ex2(this.#address, cipher, scratch.keyAddress, nothing, nothing)
    scratch.key.fill(0)
    if (set === 1) return
    this.close()
    throw new MediaError('MEDIA_OPENSSL_UNAVAILABLE', 'OpenSSL does not take the key of a cipher')
  }

  /** @throws MediaError `MEDIA_OPENSSL_UNAVAILABLE` when it is closed: native code must not be told of it any more */
  get address(): Address {
    if (this.#address === null) throw new MediaError('MEDIA_OPENSSL_UNAVAILABLE', 'the cipher context is closed')
    return this.#address
  }

  /** Frees it, once. */
  close(): void {
    if (this.#address === null) return
    this.#scratch.library.EVP_CIPHER_CTX_free(this.#address)
    this.#address = null
    this.#tally.freed++
  }
}

/** What no input can bring about: OpenSSL has refused to encrypt, and the packet must not be sent. */
export function cipherFailure(): MediaError {
  return new MediaError('MEDIA_OPENSSL_UNAVAILABLE', 'OpenSSL has refused to encrypt')
}
