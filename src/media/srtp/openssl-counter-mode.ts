import { nothing } from '../openssl/cipher-library.ts'
import { type PacketBuffer } from '../packet-buffer.ts'
import { type CounterModeCipher } from './cipher-provider.ts'
import { viewOf } from './gcm-nonce.ts'
import { cipherFailure, type OpenSslContext } from './openssl-context.ts'
import { type OpenSslScratch } from './openssl-scratch.ts'

/** AES counter mode in a kept context of OpenSSL, which takes a new counter block for each packet: two calls. */
export class OpenSslCounterMode implements CounterModeCipher {
  readonly #context: OpenSslContext
  readonly #scratch: OpenSslScratch
  readonly #salt: DataView

  constructor(context: OpenSslContext, scratch: OpenSslScratch, salt: Buffer) {
    this.#context = context
    this.#scratch = scratch
    this.#salt = viewOf(salt)
  }

  /** @throws RangeError when the bytes are not all in the packet's memory */
  apply(packet: PacketBuffer, offset: number, length: number, ssrc: number, index: number): void {
    if (length === 0) return
    const { library, iv, ivAddress } = this.#scratch
    const context = this.#context.address
    const bytes = this.#scratch.memoryOf(packet).at(offset, length)
    // k_s * 2^16 XOR SSRC * 2^64 XOR i * 2^16
    const salt = this.#salt
    iv.setUint32(0, salt.getUint32(0))
    iv.setUint32(4, salt.getUint32(4) ^ ssrc)
    iv.setUint32(8, salt.getUint32(8) ^ Math.floor(index / 65536))
    iv.setUint32(12, (salt.getUint16(12) ^ (index % 65536)) << 16)
    if (library.EVP_EncryptInit_ex2(context, nothing, nothing, ivAddress, nothing) !== 1) throw cipherFailure()
    if (library.EVP_Cipher(context, bytes, bytes, length) !== length) throw cipherFailure()
  }

  close(): void {
    this.#context.close()
  }
}
