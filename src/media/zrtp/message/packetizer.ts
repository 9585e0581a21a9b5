import { fragmentOverhead, packetOverhead, writeFragment, writePacket } from './packet.ts'

/** Bytes of the longest packet: what every path of IPv6 carries (RFC 8200 §5), less the headers of IP and UDP. */
const longestPacket = 1280 - 40 - 8
const fragmentLength = (longestPacket - fragmentOverhead) & ~3

/**
 * Makes packets of messages. Each packet has the next sequence number, also one that is repeated: bzrtp takes no other. A
 * message that is too long for one packet goes out in fragments, whose identifier rises from message to message and stays
 * when they are repeated: bzrtp drops those of a lower one.
 */
export class Packetizer {
  readonly #ssrc: number
  #sequence: number
  #messageId: number
  /** The last message that went out in fragments. */
  #fragmented: Buffer | undefined

  /** @param random where the two numbers begin: anywhere (RFC 6189 §5), so at what is known to be random, some of H3 */
  constructor(ssrc: number, random: Buffer) {
    this.#ssrc = ssrc
    this.#sequence = random.readUInt16BE(0) & 0x7fff
    this.#messageId = random.readUInt16BE(2) & 0x7fff
  }

  /** The packets that carry a message. One that is to be repeated is given as the same buffer. */
  packets(message: Buffer): readonly Buffer[] {
    if (message.length + packetOverhead <= longestPacket) return [writePacket(message, this.#next(), this.#ssrc)]
    if (this.#fragmented !== message) {
      this.#fragmented = message
      this.#messageId++ // never 0, which bzrtp takes for none
    }
    const packets: Buffer[] = []
    for (let offset = 0; offset < message.length; offset += fragmentLength) {
      packets.push(
        writeFragment({
          ...{ sequence: this.#next(), ssrc: this.#ssrc, messageId: this.#messageId },
          ...{ totalWords: message.length / 4, offsetWords: offset / 4 },
          part: message.subarray(offset, offset + fragmentLength),
        }),
      )
    }
    return packets
  }

  #next(): number {
    this.#sequence = (this.#sequence + 1) & 0xffff
    return this.#sequence
  }
}
