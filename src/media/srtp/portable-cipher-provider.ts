import { type CipherProvider } from './cipher-provider.ts'
import { PortableAead } from './portable-aead.ts'
import { PortableAuthenticator } from './portable-authenticator.ts'
import { PortableBlockCipher } from './portable-block-cipher.ts'

/** Primitives from node:crypto: runs wherever Node does. */
export const portableCipherProvider: CipherProvider = {
  blockCipher: (key) => new PortableBlockCipher(key),
  counterCipher: () => undefined,
  authenticator: (key) => new PortableAuthenticator(key),
  aead: (key, salt) => new PortableAead(key, salt),
}
