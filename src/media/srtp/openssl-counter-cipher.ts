import { nothing } from '../openssl/cipher-library.ts'
import { type PacketBuffer } from '../packet-buffer.ts'
import { type CounterCipher } from './cipher-provider.ts'
import { cipherFailure, type OpenSslContext } from './openssl-context.ts'
import { type OpenSslScratch } from './openssl-scratch.ts'

/** AES in a kept context of OpenSSL, of counter mode, which takes a new counter block for each packet: two calls. */
export class OpenSslCounterCipher implements CounterCipher {
  readonly #context: OpenSslContext
  readonly #scratch: OpenSslScratch

  constructor(context: OpenSslContext, scratch: OpenSslScratch) {
    this.#context = context
    this.#scratch = scratch
  }

  apply(packet: PacketBuffer, offset: number, length: number): void {
    const { library, counterBlocks } = this.#scratch
    const context = this.#context.address
    const bytes = this.#scratch.memoryOf(packet).at(offset, length)
    const counter = counterBlocks.at(0, 16)
    if (library.EVP_EncryptInit_ex2(context, nothing, nothing, counter, nothing) !== 1) throw cipherFailure()
    if (library.EVP_Cipher(context, bytes, bytes, length) !== length) throw cipherFailure()
  }

  close(): void {
    this.#context.close()
  }
}
