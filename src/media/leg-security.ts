import { type SrtpMasterKey } from '../base/encryption.ts'
import { type Protection } from '../base/endpoint-description.ts'
import { type CipherProvider } from './srtp/cipher-provider.ts'
import { SrtpDecryptContext } from './srtp/srtp-decrypt-context.ts'
import { SrtpEncryptContext } from './srtp/srtp-encrypt-context.ts'

/** Keys of one direction whose contexts are kept: a re-offer that is taken back returns to the key before. */
const keptKeys = 4

/**
 * The SRTP contexts of one stream on one leg. A context lives as long as its key is known: the same key, stated again or
 * after another one, goes on with its roll-over counters and replay windows (a key that began anew would repeat its
 * keystream); a new key begins at zero.
 */
export class LegSecurity {
  /** Packets must be protected, both ways, whether or not the keys are there yet. */
  secured = false
  decrypt: SrtpDecryptContext | undefined
  encrypt: SrtpEncryptContext | undefined
  readonly #decryptContexts: KeptContexts<SrtpDecryptContext>
  readonly #encryptContexts: KeptContexts<SrtpEncryptContext>

  constructor(provider: CipherProvider) {
    this.#decryptContexts = new KeptContexts((key) => new SrtpDecryptContext(key, provider))
    this.#encryptContexts = new KeptContexts((key) => new SrtpEncryptContext(key, provider))
  }

  /** Takes over what was agreed. */
  apply(protection: Protection): void {
    this.secured = protection.mode !== 'none'
    this.encrypt = undefined
    this.decrypt = undefined
    if (protection.mode !== 'sdes') return // the keys of DTLS-SRTP come from its handshake
    this.encrypt = this.#encryptContexts.of(protection.send)
    if (protection.receive !== undefined) this.decrypt = this.#decryptContexts.of(protection.receive)
  }
}

/** Contexts by key, the latest first. */
class KeptContexts<C> {
  readonly #make: (key: SrtpMasterKey) => C
  readonly #kept: { readonly key: SrtpMasterKey; readonly context: C }[] = []

  constructor(make: (key: SrtpMasterKey) => C) {
    this.#make = make
  }

  of(key: SrtpMasterKey): C {
    const index = this.#kept.findIndex((entry) => sameKey(entry.key, key))
    const entry = index < 0 ? { key, context: this.#make(key) } : this.#kept.splice(index, 1)[0]!
    this.#kept.unshift(entry)
    if (this.#kept.length > keptKeys) this.#kept.pop()
    return entry.context
  }
}

function sameKey(a: SrtpMasterKey, b: SrtpMasterKey): boolean {
  return (
    a.suite === b.suite &&
    a.key.equals(b.key) &&
    a.salt.equals(b.salt) &&
    (a.mki ?? Buffer.alloc(0)).equals(b.mki ?? Buffer.alloc(0))
  )
}
