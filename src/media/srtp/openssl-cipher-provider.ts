import { type CipherName } from '../openssl/cipher-library.ts'
import {
  type AeadCipher,
  type BlockCipher,
  type CipherProvider,
  type CounterCipher,
  type MessageAuthenticator,
} from './cipher-provider.ts'
import { OpenSslAead } from './openssl-aead.ts'
import { OpenSslAuthenticator } from './openssl-authenticator.ts'
import { OpenSslBlockCipher } from './openssl-block-cipher.ts'
import { OpenSslContext, type ContextTally } from './openssl-context.ts'
import { OpenSslCounterCipher } from './openssl-counter-cipher.ts'
import { openSslScratch, type OpenSslScratch } from './openssl-scratch.ts'

/** Primitives from the OpenSSL inside Node, called directly, with contexts that keep their keys. */
export class OpenSslCipherProvider implements CipherProvider {
  readonly #scratch: OpenSslScratch
  readonly #tally: ContextTally = { made: 0, freed: 0 }

  /** @throws MediaError `MEDIA_OPENSSL_UNAVAILABLE` when koffi has no build for this platform, or a function is missing */
  constructor() {
    this.#scratch = openSslScratch()
  }

  /** Native contexts that were made and those that were freed: as many when every context of SRTP is closed. */
  get contexts(): Readonly<ContextTally> {
    return this.#tally
  }

  blockCipher(key: Buffer): BlockCipher {
    const context = this.#context(key, { 16: 'EVP_aes_128_ecb', 24: 'EVP_aes_192_ecb', 32: 'EVP_aes_256_ecb' })
    return new OpenSslBlockCipher(context, this.#scratch)
  }

  counterCipher(key: Buffer): CounterCipher {
    const context = this.#context(key, { 16: 'EVP_aes_128_ctr', 24: 'EVP_aes_192_ctr', 32: 'EVP_aes_256_ctr' })
    return new OpenSslCounterCipher(context, this.#scratch)
  }

  authenticator(key: Buffer): MessageAuthenticator {
    return new OpenSslAuthenticator(this.#scratch, key)
  }

  aead(key: Buffer, salt: Buffer): AeadCipher {
    return new OpenSslAead(this.#context(key, { 16: 'EVP_aes_128_gcm', 32: 'EVP_aes_256_gcm' }), this.#scratch, salt)
  }

  /**
   * @param ciphers by the length of their keys
   * @throws RangeError for a key of another length: OpenSSL reads as many bytes as the cipher's key has, whatever it is given
   */
  #context(key: Buffer, ciphers: Readonly<Record<number, CipherName>>): OpenSslContext {
    const cipher = ciphers[key.length]
    if (cipher === undefined) throw new RangeError(`no cipher has keys of ${key.length} bytes`)
    return new OpenSslContext(this.#scratch, this.#scratch.library[cipher](), key, this.#tally)
  }
}
