import { nothing } from '../openssl/cipher-library.ts'
import { type Address } from '../openssl/library.ts'
import { type PacketBuffer } from '../packet-buffer.ts'
import { type AeadCipher } from './cipher-provider.ts'
import { type GcmSalt, gcmSalt, writeGcmNonce } from './gcm-nonce.ts'
import { cipherFailure, type OpenSslContext } from './openssl-context.ts'
import { type OpenSslScratch } from './openssl-scratch.ts'

const tagLength = 16

/** AES-GCM in a kept context of OpenSSL, which takes a new nonce for each packet: four or five calls. */
export class OpenSslAead implements AeadCipher {
  readonly #context: OpenSslContext
  readonly #scratch: OpenSslScratch
  readonly #salt: GcmSalt

  constructor(context: OpenSslContext, scratch: OpenSslScratch, salt: Buffer) {
    this.#context = context
    this.#scratch = scratch
    this.#salt = gcmSalt(salt)
  }

  /** @throws RangeError when the bytes or their tag are not all in the packet's memory */
  seal(
    packet: PacketBuffer,
    offset: number,
    length: number,
    ssrc: number,
    index: number,
    indexWord: number | undefined,
  ): void {
    const { library, iv, ivAddress } = this.#scratch
    const context = this.#context.address
    const memory = this.#scratch.memoryOf(packet)
    const header = memory.at(0, offset)
    const bytes = memory.at(offset, length)
    const tag = this.#scratch.pointTag(memory, offset + length, tagLength)
    writeGcmNonce(iv, this.#salt, ssrc, index)
    if (library.EVP_EncryptInit_ex2(context, nothing, nothing, ivAddress, nothing) !== 1) throw cipherFailure()
    if (!this.#run(context, header, offset, bytes, length, indexWord)) throw cipherFailure()
    if (library.EVP_CIPHER_CTX_get_params(context, tag) !== 1) throw cipherFailure()
  }

  /** @throws RangeError when the bytes or their tag are not all in the packet's memory */
  open(
    packet: PacketBuffer,
    offset: number,
    length: number,
    ssrc: number,
    index: number,
    indexWord: number | undefined,
  ): boolean {
    const { library, iv, ivAddress } = this.#scratch
    const context = this.#context.address
    const memory = this.#scratch.memoryOf(packet)
    const header = memory.at(0, offset)
    const bytes = memory.at(offset, length)
    const tag = this.#scratch.pointTag(memory, offset + length, tagLength)
    writeGcmNonce(iv, this.#salt, ssrc, index)
    if (library.EVP_DecryptInit_ex2(context, nothing, nothing, ivAddress, tag) !== 1) throw cipherFailure()
    return this.#run(context, header, offset, bytes, length, indexWord)
  }

  close(): void {
    this.#context.close()
  }

  /** Associated data, the bytes themselves, and the end, where the tag is made or compared. */
  #run(
    context: Address,
    header: Address,
    headerLength: number,
    bytes: Address,
    length: number,
    indexWord: number | undefined,
  ): boolean {
    const { library, word, wordAddress } = this.#scratch
    if (library.EVP_Cipher(context, nothing, header, headerLength) !== headerLength) return false
    if (indexWord !== undefined) {
      word.setUint32(0, indexWord)
      if (library.EVP_Cipher(context, nothing, wordAddress, 4) !== 4) return false
    }
    if (length > 0 && library.EVP_Cipher(context, bytes, bytes, length) !== length) return false
    return library.EVP_Cipher(context, nothing, nothing, 0) === 0
  }
}
