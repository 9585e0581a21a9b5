import { type BlockCipher } from './cipher-provider.ts'
import { cipherFailure, type OpenSslContext } from './openssl-context.ts'
import { type OpenSslScratch } from './openssl-scratch.ts'

/** AES in a kept context of OpenSSL, of electronic codebook mode, which has no state that each packet would have to set: one call. */
export class OpenSslBlockCipher implements BlockCipher {
  /** Eight packets of a voice: more would be more to be read from far memory than it saves. */
  readonly aheadLength = 1280
  readonly #context: OpenSslContext
  readonly #scratch: OpenSslScratch

  constructor(context: OpenSslContext, scratch: OpenSslScratch) {
    this.#context = context
    this.#scratch = scratch
  }

  /** @throws RangeError for more than there are */
  encrypt(length: number): void {
    const { library, counterBlocks } = this.#scratch
    const blocks = counterBlocks.at(0, length)
    if (library.EVP_Cipher(this.#context.address, blocks, blocks, length) !== length) throw cipherFailure()
  }

  close(): void {
    this.#context.close()
  }
}
