import { packetOf, type ZrtpFragment, type ZrtpPacket } from './packet.ts'

/** Words of the longest message that is put together: more than twice what the longest one that is spoken here has. */
const longestMessage = 1024
/** Messages that are put together at a time: the peer's own, and a few that somebody else may have slipped in. */
const places = 4

interface Assembly {
  readonly ssrc: number
  readonly messageId: number
  readonly message: Buffer
  /** A byte for each word: 1 when it is there. */
  readonly present: Uint8Array
  missing: number
}

/**
 * Puts fragments of messages together, in whatever order, however often and however overlapping they come. What it holds is
 * bounded: a fragment of one more message takes the place of the message that was begun first. Words that are there already
 * are not written again.
 */
export class Reassembler {
  readonly #assemblies: Assembly[] = []

  /** @returns the packet, once its last missing word has come; `undefined` until then, and when it makes no message */
  take(fragment: ZrtpFragment): ZrtpPacket | undefined {
    const { ssrc, totalWords, offsetWords, part } = fragment
    if (totalWords > longestMessage) return undefined
    const assembly = this.#assemblyOf(fragment)
    for (let word = 0; word < part.length / 4; word++) {
      const place = offsetWords + word
      if (assembly.present[place] === 1) continue
      part.copy(assembly.message, 4 * place, 4 * word, 4 * word + 4)
      assembly.present[place] = 1
      assembly.missing--
    }
    if (assembly.missing > 0) return undefined
    this.#assemblies.splice(this.#assemblies.indexOf(assembly), 1)
    return packetOf(assembly.message, fragment.sequence, ssrc)
  }

  #assemblyOf({ ssrc, messageId, totalWords }: ZrtpFragment): Assembly {
    const found = this.#assemblies.find(
      (one) => one.ssrc === ssrc && one.messageId === messageId && one.present.length === totalWords,
    )
    if (found !== undefined) return found
    const [message, present] = [Buffer.alloc(4 * totalWords), new Uint8Array(totalWords)]
    const assembly = { ssrc, messageId, message, present, missing: totalWords }
    if (this.#assemblies.length === places) this.#assemblies.shift()
    this.#assemblies.push(assembly)
    return assembly
  }
}
