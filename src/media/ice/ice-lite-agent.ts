import { type IceDescription } from '../../base/endpoint-description.ts'
import { type Component } from '../component.ts'
import { type PeerAddress } from '../packet-io/packet-io.ts'
import { IceComponent } from './ice-component.ts'
import { IceGeneration } from './ice-generation.ts'
import { bindingMethod, StunClass, StunMessage } from './stun-message.ts'
import { type StunErrorCode, StunWriter } from './stun-writer.ts'

/**
 * Why a STUN packet was refused: not well-formed, FINGERPRINT wrong, neither bare nor a check that this leg can expect,
 * no proof of the password, something in it that must be understood and is not, or both sides claim the same role.
 */
export type StunRefusal =
  'malformed' | 'bad-fingerprint' | 'unsolicited' | 'unauthenticated' | 'unknown-attribute' | 'role-conflict'

/** What comes of a STUN packet. */
export interface StunOutcome {
  /** To send back to the source from the same socket; in the agent's memory, valid until it is given the next packet. */
  readonly response: Uint8Array | undefined
  /** The request authenticated with this server's ICE password, and named both sides. */
  readonly checked: boolean
  /** This request moved the component's address: see {@link IceLiteAgent.nominated}. */
  readonly moved: boolean
  /** Why it was refused; absent also for what needs no answer (indications and responses). */
  readonly refusal: StunRefusal | undefined
}

const ignored: StunOutcome = silent(undefined)
const malformed = silent('malformed')
const badFingerprint = silent('bad-fingerprint')
const unsolicited = silent('unsolicited')

/**
 * The lite agent of one stream of one leg (RFC 8445 §2.5): it never checks, only answers the peer's checks, and learns
 * from them where the peer receives. Consent (RFC 7675) is the peer's affair: its requests are checks like others.
 *
 * Bare Binding requests, which phones send to open their NAT, are answered with and without ICE (RFC 8489 §6.3.1), and
 * never move anything.
 *
 * Nobody is worth attacking with what is sent to an unproven source. Every attribute of such an answer is small beside
 * what had to be in the request: FINGERPRINT only answers FINGERPRINT, an unknown attribute of at least 4 bytes is named
 * in 2, phrases are short, and there is no SOFTWARE. With IP and UDP headers, no answer has more than 1.5 times the bytes
 * of its request.
 */
export class IceLiteAgent {
  readonly #message = new StunMessage()
  readonly #writer = new StunWriter()
  #components: Readonly<Record<Component, IceComponent>> = newComponents()
  #current: IceGeneration | undefined
  /** Before a restart: what a component still uses until the peer nominates with the new credentials. */
  #previous: IceGeneration | undefined

  /**
   * States what was agreed, at every offer and answer.
   * @param ice undefined: the leg does no ICE, and all that was learned is forgotten. Other credentials of either side
   *   are a restart (RFC 8445 §9): what was nominated stays in use until a new nomination, and as packets cross the
   *   answer, checks with the former credentials are answered until then. The former description is a restart undone.
   */
  update(ice: IceDescription | undefined): void {
    if (ice === undefined) {
      this.#components = newComponents()
      this.#current = this.#previous = undefined
      return
    }
    if (this.#current?.fits(ice) === true) {
      this.#current.complete(ice.remote)
      return
    }
    if (this.#previous?.fits(ice) === true) {
      this.#current = this.#previous
      this.#current.complete(ice.remote)
      this.#previous = undefined
      return
    }
    // A second restart before anything was nominated after the first: what is in use is still of the one before.
    if (this.#previous === undefined || this.#nominatedIn(this.#current)) this.#previous = this.#current
    this.#current = new IceGeneration(ice)
  }

  /** Where the component's media goes by the peer's latest nomination. */
  nominated(component: Component): PeerAddress | undefined {
    return this.#components[component].nominated
  }

  /**
   * Where the component's peer can be answered: what it nominated or, before that, where its first check came from.
   * DTLS may be answered there; media waits for the nomination.
   */
  chosen(component: Component): PeerAddress | undefined {
    return this.#components[component].chosen
  }

  /**
   * Judges a STUN packet that came to one of the leg's sockets.
   * @param packet lent until the function returns
   * @param length of the datagram, in bytes
   * @param source lent too
   * @param component whose socket it came to; 1 for both when RTCP is multiplexed
   * @param now milliseconds on any clock that does not go back
   */
  receive(packet: Uint8Array, length: number, source: PeerAddress, component: Component, now: number): StunOutcome {
    const message = this.#message
    if (!message.read(packet, length)) return malformed
    if (!message.fingerprintFits()) return badFingerprint
    if (message.messageClass !== StunClass.request) return ignored
    // Port 0 can be forged, but not be sent to.
    if (message.method !== bindingMethod || source.port === 0) return unsolicited
    if (!message.hasUsername && !message.hasIntegrity) return this.#answerBare(source)
    if (this.#current === undefined) return unsolicited
    if (!message.hasUsername || !message.hasIntegrity) return this.#refuse(400, 'unauthenticated')
    const generation = this.#generationOf(message, component)
    if (generation === undefined || !message.integrityFits(generation.key)) return this.#refuse(401, 'unauthenticated')
    if (message.unknownCount > 0) return this.#refuse(420, 'unknown-attribute', generation)
    // A lite agent is controlled (RFC 8445 §6.1.1): this tells the peer to be controlling (§7.3.1.1).
    if (message.controlled) return this.#refuse(487, 'role-conflict', generation)
    const { priority, useCandidate: nominates } = message
    const moved = this.#components[component].check({ source, generation, priority, nominates }, now)
    this.#writer.begin(StunClass.success, message.bytes).mappedAddress(source).integrity(generation.key).fingerprint()
    return { response: this.#writer.message, checked: true, moved, refusal: undefined }
  }

  #answerBare(source: PeerAddress): StunOutcome {
    if (this.#message.unknownCount > 0) return this.#refuse(420, 'unknown-attribute')
    this.#writer.begin(StunClass.success, this.#message.bytes).mappedAddress(source)
    if (this.#message.hasFingerprint) this.#writer.fingerprint()
    return { response: this.#writer.message, checked: false, moved: false, refusal: undefined }
  }

  /** @param generation with whose key the refusal is signed: never before the request has authenticated (RFC 8489 §9.1.3) */
  #refuse(code: StunErrorCode, refusal: StunRefusal, generation?: IceGeneration): StunOutcome {
    const message = this.#message
    this.#writer.begin(StunClass.error, message.bytes).error(code)
    if (code === 420) this.#writer.unknownAttributes(message.unknown, message.unknownCount)
    if (generation !== undefined) this.#writer.integrity(generation.key)
    if (message.hasFingerprint) this.#writer.fingerprint()
    return { response: this.#writer.message, checked: generation !== undefined, moved: false, refusal }
  }

  #generationOf(message: StunMessage, component: Component): IceGeneration | undefined {
    if (this.#current?.named(message) === true) return this.#current
    if (this.#previous?.named(message) !== true) return undefined
    return this.#components[component].generation === this.#current ? undefined : this.#previous
  }

  #nominatedIn(generation: IceGeneration | undefined): boolean {
    return this.#components[1].generation === generation || this.#components[2].generation === generation
  }
}

function newComponents(): Record<Component, IceComponent> {
  return { 1: new IceComponent(), 2: new IceComponent() }
}

function silent(refusal: StunRefusal | undefined): StunOutcome {
  return Object.freeze({ response: undefined, checked: false, moved: false, refusal })
}
