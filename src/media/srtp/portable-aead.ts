import { createCipheriv, createDecipheriv, createSecretKey, type CipherGCMTypes, type KeyObject } from 'node:crypto'
import { type PacketBuffer } from '../packet-buffer.ts'
import { type AeadCipher } from './cipher-provider.ts'

const tagLength = 16

/**
 * AES-GCM on node:crypto, whose objects take one nonce each: the only primitive of the portable provider that costs
 * objects per packet. GHASH in JavaScript would be slower or not of constant time.
 */
export class PortableAead implements AeadCipher {
  readonly #algorithm: CipherGCMTypes
  readonly #key: KeyObject

  constructor(key: Buffer) {
    this.#algorithm = key.length === 16 ? 'aes-128-gcm' : 'aes-256-gcm'
    this.#key = createSecretKey(key)
  }

  seal(packet: PacketBuffer, offset: number, length: number, nonce: Buffer, associated: Buffer): void {
    const { bytes } = packet
    const cipher = createCipheriv(this.#algorithm, this.#key, nonce)
    cipher.setAAD(associated)
    bytes.set(cipher.update(bytes.subarray(offset, offset + length)), offset)
    cipher.final()
    bytes.set(cipher.getAuthTag(), offset + length)
  }

  open(
    packet: PacketBuffer,
    offset: number,
    length: number,
    tagOffset: number,
    nonce: Buffer,
    associated: Buffer,
  ): boolean {
    const { bytes } = packet
    const decipher = createDecipheriv(this.#algorithm, this.#key, nonce, { authTagLength: tagLength })
    decipher.setAAD(associated)
    decipher.setAuthTag(bytes.subarray(tagOffset, tagOffset + tagLength))
    const plain = decipher.update(bytes.subarray(offset, offset + length))
    try {
      decipher.final()
    } catch {
      return false // how node:crypto says that the tag is wrong: the verdict, not an error
    }
    bytes.set(plain, offset)
    return true
  }
}
