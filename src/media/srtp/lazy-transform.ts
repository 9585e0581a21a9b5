import { type SrtpMasterKey } from '../../base/encryption.ts'
import { type CipherProvider } from './cipher-provider.ts'
import { createTransform } from './create-transform.ts'
import { type SrtpTransform } from './srtp-transform.ts'

/**
 * The transform of a key, made when the first packet needs it: of the keys that are offered many are never chosen, and of the
 * calls that are placed many are never answered.
 */
export class LazyTransform {
  readonly #master: SrtpMasterKey
  readonly #provider: CipherProvider
  #made: SrtpTransform | undefined

  /** @param master a key that `isUsableMasterKey` accepts */
  constructor(master: SrtpMasterKey, provider: CipherProvider) {
    this.#master = master
    this.#provider = provider
  }

  get transform(): SrtpTransform {
    return (this.#made ??= createTransform(this.#master, this.#provider))
  }

  /** Gives back what it has outside of JavaScript; nobody may ask for the transform any more. */
  close(): void {
    this.#made?.close()
  }
}
