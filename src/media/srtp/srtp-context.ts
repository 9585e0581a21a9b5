import { type SrtpMasterKey } from '../../base/encryption.ts'
import { MediaError } from '../media-error.ts'
import { type CipherProvider } from './cipher-provider.ts'
import { createTransform } from './create-transform.ts'
import { type SrtpTransform } from './srtp-transform.ts'

/**
 * One direction of a leg under one master key. Its transform is made when the first packet needs it: of the keys that are
 * offered many are never chosen, and of the calls that are placed many are never answered.
 */
export abstract class SrtpContext {
  readonly #master: SrtpMasterKey
  readonly #provider: CipherProvider
  #made: SrtpTransform | undefined
  #closed = false

  /** @param master a key that `isUsableMasterKey` accepts */
  constructor(master: SrtpMasterKey, provider: CipherProvider) {
    this.#master = master
    this.#provider = provider
  }

  protected get transform(): SrtpTransform {
    return this.#made ?? this.#make()
  }

  /** Gives back what it has outside of JavaScript; it is of no use any more. */
  close(): void {
    this.#made?.close()
    this.#made = undefined
    this.#closed = true
  }

  #make(): SrtpTransform {
    if (this.#closed) throw new MediaError('MEDIA_SESSION_CLOSED', 'the SRTP context is closed')
    return (this.#made = createTransform(this.#master, this.#provider))
  }
}
