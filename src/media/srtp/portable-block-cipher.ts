import { createCipheriv, type Cipheriv } from 'node:crypto'
import { type BlockCipher } from './cipher-provider.ts'
import { counterBlocks } from './counter-blocks.ts'

/** AES of node:crypto, in an object that lasts: one of counter mode could not be given another counter. */
export class PortableBlockCipher implements BlockCipher {
  /** A call of node:crypto costs more than the cipher, so it is made seldom: sixteen packets of full video frames' size. */
  readonly aheadLength = counterBlocks.length
  readonly #cipher: Cipheriv

  constructor(key: Buffer) {
    this.#cipher = createCipheriv(`aes-${key.length * 8}-ecb`, key, null).setAutoPadding(false)
  }

  encrypt(length: number): void {
    counterBlocks.set(this.#cipher.update(counterBlocks.subarray(0, length)))
  }

  close(): void {
    this.#cipher.destroy()
  }
}
