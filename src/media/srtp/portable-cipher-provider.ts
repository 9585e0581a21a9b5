import { type CipherProvider } from './cipher-provider.ts'
import { PortableAead } from './portable-aead.ts'
import { PortableAuthenticator } from './portable-authenticator.ts'
import { PortableCounterMode } from './portable-counter-mode.ts'

/** Primitives from node:crypto: runs wherever Node does. */
export const portableCipherProvider: CipherProvider = {
  counterMode: (key, salt) => new PortableCounterMode(key, salt),
  authenticator: (key) => new PortableAuthenticator(key),
  aead: (key, salt) => new PortableAead(key, salt),
}
