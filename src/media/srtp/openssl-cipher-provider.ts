import { type Address } from '../openssl/library.ts'
import {
  type AeadCipher,
  type CipherProvider,
  type CounterModeCipher,
  type MessageAuthenticator,
} from './cipher-provider.ts'
import { OpenSslAead } from './openssl-aead.ts'
import { OpenSslAuthenticator } from './openssl-authenticator.ts'
import { OpenSslContext, type ContextTally } from './openssl-context.ts'
import { OpenSslCounterMode } from './openssl-counter-mode.ts'
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

  counterMode(key: Buffer, salt: Buffer): CounterModeCipher {
    const { library } = this.#scratch
    let cipher: Address
    if (key.length === 16) cipher = library.EVP_aes_128_ctr()
    else if (key.length === 24) cipher = library.EVP_aes_192_ctr()
    else if (key.length === 32) cipher = library.EVP_aes_256_ctr()
    else throw unusable(key)
    return new OpenSslCounterMode(new OpenSslContext(this.#scratch, cipher, key, this.#tally), this.#scratch, salt)
  }

  authenticator(key: Buffer): MessageAuthenticator {
    return new OpenSslAuthenticator(this.#scratch, key)
  }

  aead(key: Buffer, salt: Buffer): AeadCipher {
    const { library } = this.#scratch
    let cipher: Address
    if (key.length === 16) cipher = library.EVP_aes_128_gcm()
    else if (key.length === 32) cipher = library.EVP_aes_256_gcm()
    else throw unusable(key)
    return new OpenSslAead(new OpenSslContext(this.#scratch, cipher, key, this.#tally), this.#scratch, salt)
  }
}

/** OpenSSL reads as many bytes as the cipher's key has, whatever it is given. */
function unusable(key: Buffer): RangeError {
  return new RangeError(`no cipher has keys of ${key.length} bytes`)
}
