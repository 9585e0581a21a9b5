import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto'
import { cryptoSuites, type SrtpMasterKey } from '../../../src/base/encryption.ts'

/**
 * SRTP written straight from the RFCs, a new node:crypto object for every step and no state: what the real contexts are
 * compared with, and one end of the calls in tests. Indexes are stated by the caller.
 */
export class NaiveSrtp {
  readonly #master: SrtpMasterKey

  constructor(master: SrtpMasterKey) {
    this.#master = master
  }

  /** @param rollOver the roll-over counter that the packet is sent under */
  protectRtp(plain: Buffer, rollOver = 0): Buffer {
    const header = headerLength(plain)
    const { cipher, rtpTagLength } = cryptoSuites[this.#master.suite]
    const index = (BigInt(rollOver) << 16n) | BigInt(plain.readUInt16BE(2))
    const ssrc = plain.readUInt32BE(8)
    const mki = this.#master.mki ?? Buffer.alloc(0)
    if (cipher === 'aes-gcm') {
      const sealed = this.#seal(0, ssrc, index, plain.subarray(0, header), plain.subarray(header))
      return Buffer.concat([plain.subarray(0, header), sealed, mki])
    }
    const body = this.#counterMode(0, ssrc, index, plain.subarray(header))
    const packet = Buffer.concat([plain.subarray(0, header), body])
    const roc = Buffer.alloc(4)
    roc.writeUInt32BE(rollOver)
    return Buffer.concat([packet, mki, this.#tag(0, Buffer.concat([packet, roc]), rtpTagLength)])
  }

  /** @throws Error when the packet is not authentic */
  unprotectRtp(protectedPacket: Buffer, rollOver = 0): Buffer {
    const header = headerLength(protectedPacket)
    const { cipher, rtpTagLength } = cryptoSuites[this.#master.suite]
    const index = (BigInt(rollOver) << 16n) | BigInt(protectedPacket.readUInt16BE(2))
    const ssrc = protectedPacket.readUInt32BE(8)
    const mki = this.#master.mki?.length ?? 0
    if (cipher === 'aes-gcm') {
      const sealed = protectedPacket.subarray(header, protectedPacket.length - mki)
      const head = protectedPacket.subarray(0, header)
      return Buffer.concat([head, this.#open(0, ssrc, index, head, sealed)])
    }
    const packet = protectedPacket.subarray(0, protectedPacket.length - rtpTagLength - mki)
    const roc = Buffer.alloc(4)
    roc.writeUInt32BE(rollOver)
    const tag = protectedPacket.subarray(protectedPacket.length - rtpTagLength)
    if (!this.#tag(0, Buffer.concat([packet, roc]), rtpTagLength).equals(tag)) throw new Error('wrong tag')
    return Buffer.concat([packet.subarray(0, header), this.#counterMode(0, ssrc, index, packet.subarray(header))])
  }

  protectRtcp(plain: Buffer, index: number, encrypted = true): Buffer {
    const { cipher, rtcpTagLength } = cryptoSuites[this.#master.suite]
    const ssrc = plain.readUInt32BE(4)
    const word = Buffer.alloc(4)
    word.writeUInt32BE((encrypted ? 0x80000000 : 0) + index)
    const mki = this.#master.mki ?? Buffer.alloc(0)
    if (cipher === 'aes-gcm') {
      const clear = encrypted ? plain.subarray(0, 8) : plain
      const sealed = this.#seal(3, ssrc, BigInt(index), Buffer.concat([clear, word]), plain.subarray(clear.length))
      return Buffer.concat([clear, sealed, word, mki])
    }
    const body = encrypted ? this.#counterMode(3, ssrc, BigInt(index), plain.subarray(8)) : plain.subarray(8)
    const packet = Buffer.concat([plain.subarray(0, 8), body, word])
    return Buffer.concat([packet, mki, this.#tag(3, packet, rtcpTagLength)])
  }

  /** @throws Error when the packet is not authentic */
  unprotectRtcp(protectedPacket: Buffer): Buffer {
    const { cipher, rtcpTagLength } = cryptoSuites[this.#master.suite]
    const ssrc = protectedPacket.readUInt32BE(4)
    const mki = this.#master.mki?.length ?? 0
    const trailer = mki + (cipher === 'aes-gcm' ? 0 : rtcpTagLength)
    const end = protectedPacket.length - trailer - 4
    const word = protectedPacket.subarray(end, end + 4)
    const index = BigInt(word.readUInt32BE() & 0x7fffffff)
    const head = protectedPacket.subarray(0, 8)
    if (cipher === 'aes-gcm') {
      const sealed = protectedPacket.subarray(8, end)
      return Buffer.concat([head, this.#open(3, ssrc, index, Buffer.concat([head, word]), sealed)])
    }
    const tag = protectedPacket.subarray(protectedPacket.length - rtcpTagLength)
    if (!this.#tag(3, protectedPacket.subarray(0, end + 4), rtcpTagLength).equals(tag)) throw new Error('wrong tag')
    return Buffer.concat([head, this.#counterMode(3, ssrc, index, protectedPacket.subarray(8, end))])
  }

  #derive(label: number, length: number): Buffer {
    const x = Buffer.alloc(16)
    this.#master.salt.copy(x)
    x[7] = x[7]! ^ label
    const ecb = createCipheriv(`aes-${this.#master.key.length * 8}-ecb`, this.#master.key, null).setAutoPadding(false)
    const blocks: Buffer[] = []
    for (let i = 0; i * 16 < length; i++) {
      x.writeUInt16BE(i, 14)
      blocks.push(ecb.update(x))
    }
    return Buffer.concat(blocks).subarray(0, length)
  }

  #counterMode(first: number, ssrc: number, index: bigint, data: Buffer): Buffer {
    const key = this.#derive(first, this.#master.key.length)
    const salt = BigInt(`0x${this.#derive(first + 2, 14).toString('hex')}`)
    const iv = (salt << 16n) ^ (BigInt(ssrc) << 64n) ^ (index << 16n)
    return createCipheriv(`aes-${key.length * 8}-ctr`, key, bytesOf(iv, 16)).update(data)
  }

  #tag(first: number, data: Buffer, length: number): Buffer {
    return createHmac('sha1', this.#derive(first + 1, 20))
      .update(data)
      .digest()
      .subarray(0, length)
  }

  #nonce(first: number, ssrc: number, index: bigint): Buffer {
    const salt = BigInt(`0x${this.#derive(first + 2, 12).toString('hex')}`)
    return bytesOf(((BigInt(ssrc) << 48n) | index) ^ salt, 12)
  }

  #seal(first: number, ssrc: number, index: bigint, associated: Buffer, data: Buffer): Buffer {
    const key = this.#derive(first, this.#master.key.length)
    const name = key.length === 16 ? 'aes-128-gcm' : 'aes-256-gcm'
    const cipher = createCipheriv(name, key, this.#nonce(first, ssrc, index)).setAAD(associated)
    return Buffer.concat([cipher.update(data), cipher.final(), cipher.getAuthTag()])
  }

  #open(first: number, ssrc: number, index: bigint, associated: Buffer, sealed: Buffer): Buffer {
    const key = this.#derive(first, this.#master.key.length)
    const name = key.length === 16 ? 'aes-128-gcm' : 'aes-256-gcm'
    const decipher = createDecipheriv(name, key, this.#nonce(first, ssrc, index)).setAAD(associated)
    decipher.setAuthTag(sealed.subarray(sealed.length - 16))
    return Buffer.concat([decipher.update(sealed.subarray(0, sealed.length - 16)), decipher.final()])
  }
}

function headerLength(packet: Buffer): number {
  const csrc = 12 + 4 * (packet[0]! & 15)
  return (packet[0]! & 16) === 0 ? csrc : csrc + 4 + 4 * packet.readUInt16BE(csrc + 2)
}

function bytesOf(value: bigint, length: number): Buffer {
  return Buffer.from(value.toString(16).padStart(2 * length, '0'), 'hex')
}
