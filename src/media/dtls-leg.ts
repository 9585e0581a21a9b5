import { type Protection } from '../base/endpoint-description.ts'
import { type CryptoSuite, type SrtpMasterKey } from '../base/encryption.ts'
import { type Component } from './component.ts'
import { clientRandom } from './dtls/client-hello.ts'
import { matchesFingerprint } from './dtls/matches-fingerprint.ts'
import { type AgreedKeys, type KeyExchange, type KeyExchanger } from './key-exchange/key-exchanger.ts'
import { type PeerAddress } from './packet-io/packet-io.ts'

type DtlsProtection = Extract<Protection, { mode: 'dtls-srtp' }>

/** Associations of one leg that are remembered: those of forks that ring, or the one that a failed re-offer returns to. */
const keptAssociations = 4
/**
 * Handshakes of a component that may run at a time: a ClientHello that differs from the first one may be a phone that
 * begins anew, or a stranger's with a forged source, so it must not end what is under way.
 */
const mostAttempts = 2
/** Finished handshakes with certificates that were not signalled, which are kept for a description that may follow. */
const keptOrphans = 4
/** Handshakes that a client begins anew when one has failed, and the milliseconds before each. */
const clientRetries = 10
const retryDelay = 1000

/** What a leg's handshakes need of the leg. */
export interface DtlsLegOptions {
  readonly exchanger: KeyExchanger
  /** Sends a datagram of a handshake. */
  send(component: Component, datagram: Uint8Array, to: PeerAddress): void
  /** Where the component's packets go at the moment, if that is known. */
  destination(component: Component): PeerAddress | undefined
  /** Keys are agreed on, with the right peer. */
  onKeys(component: Component, keys: { readonly send: SrtpMasterKey; readonly receive: SrtpMasterKey }): void
  /** The peer that began a handshake is the right one, and this is where it is. */
  onPeer(component: Component, source: PeerAddress): void
  /** A handshake has ended, with the right peer; or it has failed, and another may follow. */
  onOutcome(component: Component, outcome: { readonly suite?: CryptoSuite; readonly failure?: string }): void
}

/** One handshake. */
interface Attempt {
  exchange: KeyExchange | undefined
  /** Whom it is made with. */
  readonly peer: PeerAddress
  /** Random of the ClientHello that it began with, when the peer is the client. */
  readonly hello: Buffer | undefined
  /** Its outcome, whoever the peer is. */
  agreed: AgreedKeys | undefined
}

/** One component's part of an association. */
interface Part {
  readonly component: Component
  /** The oldest first. */
  readonly attempts: Attempt[]
  /** The one whose peer has shown the certificate that was signalled: its keys are in use. */
  right: Attempt | undefined
  /** It was finished before its description came: if the phone begins another handshake, that one counts. */
  adopted: boolean
  retries: number
  timer: NodeJS.Timeout | undefined
}

interface Association {
  readonly name: string
  protection: DtlsProtection
  readonly parts: Record<Component, Part>
}

/**
 * The DTLS associations of one leg of one stream (RFC 5763, RFC 5764): one for RTP, and another one for RTCP where it has a
 * port of its own. Keys come into use when the handshake is finished and the certificate is the one that was signalled; a
 * handshake that fails, or that a stranger makes, is counted and forgotten, and the next one has its chance.
 */
export class DtlsLeg {
  readonly #options: DtlsLegOptions
  /** The latest first. */
  readonly #associations: Association[] = []
  #active: Association | undefined
  /** Finished with a certificate that was not signalled, yet: the answer of that fork may still come. The latest first. */
  readonly #orphans: { readonly component: Component; readonly attempt: Attempt }[] = []
  #mux = false

  constructor(options: DtlsLegOptions) {
    this.#options = options
  }

  /**
   * Takes over what was agreed: the same name goes on with its association, another one begins its own.
   * @param protection `undefined` when the leg is not, or no longer, one of DTLS-SRTP. What was finished is kept: the stream may
   * be there again
   */
  apply(protection: DtlsProtection | undefined, mux: boolean): void {
    this.#mux = mux
    if (protection === undefined) {
      for (const association of this.#associations) rest(association)
      this.#active = undefined
      return
    }
    const index = this.#associations.findIndex(({ name }) => name === protection.association)
    const association = index < 0 ? begun(protection) : this.#associations.splice(index, 1)[0]!
    this.#associations.unshift(association)
    for (const old of this.#associations.splice(keptAssociations)) end(old)
    association.protection = protection
    this.#active = association
    for (const component of this.#components()) this.#advance(association, association.parts[component])
  }

  /** A component's address has become known, or is another one: a client that waited for it begins. */
  onDestination(component: Component): void {
    if (this.#active !== undefined && this.#components().includes(component)) {
      this.#advance(this.#active, this.#active.parts[component])
    }
  }

  /** A datagram of a handshake, from a source that deserves an answer. It is copied. */
  receive(component: Component, datagram: Uint8Array, source: PeerAddress): void {
    const association = this.#active
    if (association === undefined) return
    const part = association.parts[component]
    const random = clientRandom(datagram)
    if (random !== undefined) {
      // it goes to the handshake that it began, and no other
      const known = part.attempts.find(({ hello }) => hello?.equals(random) === true)
      if (known !== undefined) known.exchange?.receive(datagram)
      else if ((part.right === undefined || part.adopted) && association.protection.role !== 'client') {
        if (part.attempts.length === mostAttempts) discard(part, part.attempts.at(-1)!)
        this.#attempt(association, part, 'server', source, random).exchange?.receive(datagram)
      }
      return
    }
    for (const { exchange } of [...part.attempts]) exchange?.receive(datagram)
  }

  /** Ends everything. */
  close(): void {
    for (const association of this.#associations.splice(0)) end(association)
    for (const { attempt } of this.#orphans.splice(0)) attempt.exchange?.close()
    this.#active = undefined
  }

  #components(): readonly Component[] {
    return this.#mux ? [1] : [1, 2]
  }

  /** Goes as far as what is known allows. */
  #advance(association: Association, part: Part): void {
    this.#adopt(association, part)
    for (const attempt of [...part.attempts]) this.#verify(association, part, attempt)
    const to = this.#options.destination(part.component)
    const begins = association.protection.role === 'client' && part.attempts.length === 0 && part.timer === undefined
    if (begins && to !== undefined) this.#attempt(association, part, 'client', to, undefined)
  }

  /** A handshake that was finished before its description came (calls fork) is the association's, if its certificate is. */
  #adopt(association: Association, part: Part): void {
    const { fingerprints } = association.protection
    if (part.right !== undefined) return
    const place = this.#orphans.findIndex(
      ({ component, attempt: { agreed } }) =>
        component === part.component &&
        agreed?.peerCertificate !== undefined &&
        matchesFingerprint(agreed.peerCertificate, fingerprints),
    )
    if (place < 0) return
    const { attempt } = this.#orphans.splice(place, 1)[0]!
    part.attempts.push(attempt)
    this.#verify(association, part, attempt, true)
  }

  #attempt(
    association: Association,
    part: Part,
    role: 'client' | 'server',
    { address, port }: PeerAddress,
    hello: Buffer | undefined,
  ): Attempt {
    const peer = { address, port }
    const attempt: Attempt = { exchange: undefined, peer, hello, agreed: undefined }
    part.attempts.push(attempt)
    attempt.exchange = this.#options.exchanger.begin(
      { protocol: 'dtls', role },
      {
        onSend: (datagram) => {
          // a client's peer may move before it has spoken: ICE nominates while the first Hello is on its way
          const to = role === 'client' ? (this.#options.destination(part.component) ?? peer) : peer
          this.#options.send(part.component, datagram, to)
        },
        onConnected: (agreed) => {
          attempt.agreed = agreed
          this.#verify(association, part, attempt)
        },
        onFailed: (why) => this.#failed(association, part, attempt, why),
      },
    )
    return attempt
  }

  /** The certificate decides, as soon as both it and the peer's description are known (RFC 5763 §5). */
  #verify(association: Association, part: Part, attempt: Attempt, adopted = false): void {
    const { agreed, peer, hello } = attempt
    const { fingerprints } = association.protection
    if (agreed === undefined || fingerprints.length === 0) return
    if (agreed.peerCertificate === undefined || !matchesFingerprint(agreed.peerCertificate, fingerprints)) {
      this.#orphans.unshift({ component: part.component, attempt: { ...attempt } })
      for (const { attempt: old } of this.#orphans.splice(keptOrphans)) old.exchange?.close()
      attempt.exchange = undefined
      this.#failed(association, part, attempt, 'the certificate is not the one of the session description')
      return
    }
    if (part.right === undefined || (part.adopted && attempt !== part.right)) {
      part.right = attempt
      part.adopted = adopted
      for (const other of [...part.attempts]) if (other !== attempt) discard(part, other)
      if (hello !== undefined) this.#options.onPeer(part.component, peer)
      this.#options.onOutcome(part.component, { suite: agreed.send.suite })
    }
    if (association === this.#active) this.#options.onKeys(part.component, agreed)
  }

  #failed(association: Association, part: Part, attempt: Attempt, why: string): void {
    if (!part.attempts.includes(attempt)) return // how an orphan ends is no matter
    if (attempt === part.right) {
      attempt.exchange = undefined // the peer has closed what was finished: the keys stay in use
      return
    }
    discard(part, attempt)
    this.#options.onOutcome(part.component, { failure: why })
    if (association.protection.role !== 'client' || part.retries >= clientRetries) return
    part.retries++
    part.timer = setTimeout(() => {
      part.timer = undefined
      if (association === this.#active) this.#advance(association, part)
    }, retryDelay)
  }
}

function begun(protection: DtlsProtection): Association {
  const part = (component: Component): Part => ({
    component,
    attempts: [],
    right: undefined,
    adopted: false,
    retries: 0,
    timer: undefined,
  })
  return { name: protection.association, protection, parts: { 1: part(1), 2: part(2) } }
}

function discard(part: Part, attempt: Attempt): void {
  attempt.exchange?.close()
  part.attempts.splice(part.attempts.indexOf(attempt), 1)
}

/** Ends what is under way; a phone that comes back may begin another handshake, which then counts. */
function rest({ parts }: Association): void {
  for (const part of [parts[1], parts[2]]) {
    clearTimeout(part.timer)
    part.timer = undefined
    part.adopted = part.right !== undefined
    for (const attempt of [...part.attempts]) if (attempt !== part.right) discard(part, attempt)
  }
}

function end({ parts }: Association): void {
  for (const part of [parts[1], parts[2]]) {
    clearTimeout(part.timer)
    for (const attempt of [...part.attempts]) discard(part, attempt)
  }
}
