import { type SrtpMasterKey } from '../base/encryption.ts'
import { type Protection } from '../base/endpoint-description.ts'
import { type CipherProvider } from './srtp/cipher-provider.ts'
import { SrtpDecryptContext } from './srtp/srtp-decrypt-context.ts'
import { SrtpEncryptContext } from './srtp/srtp-encrypt-context.ts'

/** Keys of one direction whose contexts are kept: a re-offer that is taken back returns to the keys before. */
const keptKeys = 6

/** The contexts of one component: both are absent until the keys are known. */
export interface ComponentSecurity {
  decrypt: SrtpDecryptContext | undefined
  encrypt: SrtpEncryptContext | undefined
}

/**
 * The SRTP contexts of one stream on one leg. A context lives as long as its key is known: the same key, stated again or
 * after another one, goes on with its roll-over counters and replay windows (a key that began anew would repeat its
 * keystream); a new key begins at zero.
 */
export class LegSecurity {
  /** Packets must be protected, both ways, whether or not the keys are there yet. */
  secured = false
  readonly rtp: ComponentSecurity = { decrypt: undefined, encrypt: undefined }
  /** The same as of RTP, but where RTCP has a handshake of its own. */
  readonly rtcp: ComponentSecurity = { decrypt: undefined, encrypt: undefined }
  readonly #decryptContexts: KeptContexts<SrtpDecryptContext>
  readonly #encryptContexts: KeptContexts<SrtpEncryptContext>
  #closed = false

  constructor(provider: CipherProvider) {
    this.#decryptContexts = new KeptContexts(
      (key) => new SrtpDecryptContext(key, provider),
      (context) => context === this.rtp.decrypt || context === this.rtcp.decrypt,
    )
    this.#encryptContexts = new KeptContexts(
      (key) => new SrtpEncryptContext(key, provider),
      (context) => context === this.rtp.encrypt || context === this.rtcp.encrypt,
    )
  }

  /** Takes over what was agreed. Keys that a handshake will bring are absent until {@link install}. */
  apply(protection: Protection): void {
    this.secured = protection.mode !== 'none'
    for (const component of [this.rtp, this.rtcp]) {
      component.encrypt = undefined
      component.decrypt = undefined
    }
    if (protection.mode !== 'sdes') return
    for (const component of [this.rtp, this.rtcp]) this.install(component, protection.send, protection.receive)
  }

  /** Puts keys into use: those of SDES, or those that a handshake has brought. */
  install(component: ComponentSecurity, send: SrtpMasterKey, receive: SrtpMasterKey | undefined): void {
    if (this.#closed) return
    component.encrypt = this.#encryptContexts.of(send)
    if (receive !== undefined) component.decrypt = this.#decryptContexts.of(receive)
  }

  /** Gives back all contexts. Packets that still come find no keys, and no key is taken any more. */
  close(): void {
    this.#closed = true
    for (const component of [this.rtp, this.rtcp]) {
      component.encrypt = undefined
      component.decrypt = undefined
    }
    this.#decryptContexts.close()
    this.#encryptContexts.close()
  }
}

/** Contexts by key, the latest first. They own memory outside of JavaScript, and are closed when they are given up. */
class KeptContexts<C extends { close(): void }> {
  readonly #make: (key: SrtpMasterKey) => C
  readonly #isUsed: (context: C) => boolean
  readonly #kept: { readonly key: SrtpMasterKey; readonly context: C }[] = []

  /** @param isUsed a context in use stays, however many keys have come since: RTP and RTCP may be re-keyed apart */
  constructor(make: (key: SrtpMasterKey) => C, isUsed: (context: C) => boolean) {
    this.#make = make
    this.#isUsed = isUsed
  }

  of(key: SrtpMasterKey): C {
    const index = this.#kept.findIndex((entry) => sameKey(entry.key, key))
    const entry = index < 0 ? { key, context: this.#make(key) } : this.#kept.splice(index, 1)[0]!
    this.#kept.unshift(entry)
    if (this.#kept.length > keptKeys) {
      const oldest = this.#kept.findLastIndex(({ context }) => !this.#isUsed(context))
      if (oldest > 0) this.#kept.splice(oldest, 1)[0]!.context.close()
    }
    return entry.context
  }

  close(): void {
    for (const { context } of this.#kept.splice(0)) context.close()
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
