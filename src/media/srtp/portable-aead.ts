import { createCipheriv, createDecipheriv, createSecretKey, type CipherGCMTypes, type KeyObject } from 'node:crypto'
import { type PacketBuffer } from '../packet-buffer.ts'
import { type AeadCipher } from './cipher-provider.ts'
import { gcmNonceLength, type GcmSalt, gcmSalt, writeGcmNonce } from './gcm-nonce.ts'

const tagLength = 16

/**
 * AES-GCM on node:crypto, whose objects take one nonce each: the only primitive of the portable provider that costs
 * objects per packet. GHASH in JavaScript would be slower or not of constant time.
 */
export class PortableAead implements AeadCipher {
  readonly #algorithm: CipherGCMTypes
  readonly #key: KeyObject
  readonly #salt: GcmSalt
  readonly #nonce = Buffer.alloc(gcmNonceLength)
  readonly #nonceView = new DataView(this.#nonce.buffer, this.#nonce.byteOffset, gcmNonceLength)

  constructor(key: Buffer, salt: Buffer) {
    this.#algorithm = key.length === 16 ? 'aes-128-gcm' : 'aes-256-gcm'
    this.#key = createSecretKey(key)
    this.#salt = gcmSalt(salt)
  }

  seal(
    packet: PacketBuffer,
    offset: number,
    length: number,
    ssrc: number,
    index: number,
    indexWord: number | undefined,
  ): void {
    const { bytes } = packet
    writeGcmNonce(this.#nonceView, this.#salt, ssrc, index)
    const cipher = createCipheriv(this.#algorithm, this.#key, this.#nonce)
    cipher.setAAD(associated(bytes, offset, indexWord))
    bytes.set(cipher.update(bytes.subarray(offset, offset + length)), offset)
    cipher.final()
    bytes.set(cipher.getAuthTag(), offset + length)
  }

  open(
    packet: PacketBuffer,
    offset: number,
    length: number,
    ssrc: number,
    index: number,
    indexWord: number | undefined,
  ): boolean {
    const { bytes } = packet
    const end = offset + length
    writeGcmNonce(this.#nonceView, this.#salt, ssrc, index)
    const decipher = createDecipheriv(this.#algorithm, this.#key, this.#nonce, { authTagLength: tagLength })
    decipher.setAAD(associated(bytes, offset, indexWord))
    decipher.setAuthTag(bytes.subarray(end, end + tagLength))
    const plain = decipher.update(bytes.subarray(offset, end))
    try {
      decipher.final()
    } catch {
      return false // how node:crypto says that the tag is wrong: the verdict, not an error
    }
    bytes.set(plain, offset)
    return true
  }

  close(): void {
    // all that it has is JavaScript's
  }
}

function associated(bytes: Buffer, length: number, indexWord: number | undefined): Buffer {
  if (indexWord === undefined) return bytes.subarray(0, length)
  const all = Buffer.alloc(length + 4)
  bytes.copy(all, 0, 0, length)
  all.writeUInt32BE(indexWord, length)
  return all
}
