import { type CipherProvider } from '../../../src/media/srtp/cipher-provider.ts'
import { OpenSslCipherProvider } from '../../../src/media/srtp/openssl-cipher-provider.ts'
import { portableCipherProvider } from '../../../src/media/srtp/portable-cipher-provider.ts'

/** Every provider, for tests that hold for all. */
export const cipherProviders: Readonly<Record<string, CipherProvider>> = {
  portable: portableCipherProvider,
  OpenSSL: new OpenSslCipherProvider(),
}
