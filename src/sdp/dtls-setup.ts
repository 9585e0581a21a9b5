import { type Protection } from '../base/endpoint-description.ts'
import { type Fingerprint } from '../base/fingerprint.ts'
import { type RandomBytes } from './sdes-keys.ts'
import { SdpError } from './sdp-error.ts'
import { writeFingerprint } from './fingerprint-lines.ts'
import { isUnspecified, type MediaDescription } from './session-description.ts'

/** What the peer's last description says of its side of the association. */
interface DtlsPeer {
  readonly fingerprints: readonly Fingerprint[]
  readonly tlsId?: string
  /** Address and port, where they say something: without ICE, and not on hold. */
  readonly transport?: string
}

/**
 * The DTLS association of one m-line of one leg (RFC 5763, RFC 8842). Values are never changed, so that a failed re-offer
 * is undone by going back to the former one.
 */
export interface DtlsState {
  /** This server's `a=tls-id`. */
  readonly tlsId: string
  /** Counts the associations that the peer has begun anew under one tls-id of this server. */
  readonly generation: number
  /** The highest of them so far: none ever comes again. */
  readonly latest: number
  readonly role?: 'client' | 'server'
  readonly peer?: DtlsPeer
  /** Associations with others who have answered the same offer: calls fork. */
  readonly forks?: readonly DtlsState[]
  /** The association that ended with the stream, which is there again. */
  readonly former?: DtlsState
}

/** Answers of one offer that are remembered: more forks than anybody rings at once. */
const mostForks = 8

/**
 * The association for an offer: the one that is there, or a new one.
 * @param former the one that ended with the stream: a phone may yet return to it
 */
export function offerDtls(before: DtlsState | undefined, random: RandomBytes, former?: DtlsState): DtlsState {
  if (before !== undefined) return before
  // one that was only offered has kept the one before it
  const ended = former?.role === undefined ? former?.former : former
  return { tlsId: random(16).toString('hex'), generation: 1, latest: 0, ...(ended !== undefined && { former: ended }) }
}

/**
 * The association for an answer. It goes on unless the offer changes certificate, tls-id or transport, or asks for the
 * other role (RFC 8842 §5.3, RFC 5763 §6.6).
 * @param ice agreed on the leg: then an address says nothing of the transport
 * @param former the one that ended with the stream
 * @throws SdpError `DTLS_FINGERPRINT_MISSING`, `DTLS_SETUP_UNUSABLE`
 */
export function answerDtls(
  before: DtlsState | undefined,
  offer: MediaDescription,
  ice: boolean,
  random: RandomBytes,
  former?: DtlsState,
): DtlsState {
  const peer = peerOf(offer, ice)
  const setup = offer.setup?.toLowerCase() ?? 'actpass'
  if (!['actpass', 'active', 'passive'].includes(setup)) {
    throw new SdpError('DTLS_SETUP_UNUSABLE', `a=setup:${printable(setup)} in an offer`)
  }
  const kept = before?.role !== undefined && !begins(before.peer, peer) ? before : returned(former, peer)
  if (kept !== undefined && (setup === 'actpass' || (setup === 'active') === (kept.role === 'server'))) {
    return { ...kept, peer: { ...kept.peer, ...peer } }
  }
  const role = setup === 'active' ? 'server' : 'client'
  return { ...offerDtls(undefined, random), latest: 1, role, peer }
}

/**
 * Takes the answer to an offer, which says `actpass`. Without `a=setup` the answerer is the client, as RFC 4145 has it and as
 * phones that forget it behave. An answer that begins a new association, or comes from another fork, counts one on.
 * @param earlier the association after an earlier answer to the same offer, if there was one
 * @param ice agreed on the leg: then an address says nothing of the transport
 * @throws SdpError `DTLS_FINGERPRINT_MISSING`, `DTLS_SETUP_UNUSABLE`
 */
export function acceptDtls(
  offered: DtlsState,
  earlier: DtlsState | undefined,
  answer: MediaDescription,
  ice: boolean,
): DtlsState {
  const peer = peerOf(answer, ice)
  const setup = answer.setup?.toLowerCase() ?? 'active'
  // some answer actpass, which is no answer: they leave it to whoever speaks first, and are ready for it
  if (!['actpass', 'active', 'passive'].includes(setup)) {
    throw new SdpError('DTLS_SETUP_UNUSABLE', `a=setup:${printable(setup)} in an answer`)
  }
  const met = [
    ...(earlier === undefined ? [] : [earlier, ...(earlier.forks ?? [])]),
    ...(offered.role === undefined ? [] : [offered]),
  ]
  const same = met.find((one) => !begins(one.peer, peer)) ?? returned(offered.former, peer)
  const forks = met.filter((one) => one !== same && one !== offered).slice(0, mostForks)
  // in answer to a re-offer the role may be said wrong, but it is not made anew (rtpengine#2156)
  const { latest } = earlier ?? offered
  if (same !== undefined) return { ...same, latest, peer: { ...same.peer, ...peer }, forks }
  const role = setup === 'passive' ? 'client' : 'server'
  return { tlsId: offered.tlsId, generation: latest + 1, latest: latest + 1, role, peer, forks }
}

/** The attributes of a description: `actpass` in an offer, the role in an answer. */
export function dtlsLines({ tlsId, role }: DtlsState, own: Fingerprint, offer: boolean): readonly string[] {
  const setup = offer ? 'actpass' : role === 'client' ? 'active' : 'passive'
  return [`setup:${setup}`, `fingerprint:${writeFingerprint(own)}`, `tls-id:${tlsId}`]
}

/** What media must know. */
export function dtlsProtection({ tlsId, generation, role, peer }: DtlsState): Protection {
  const association = `${tlsId}/${generation}`
  const fingerprints = peer?.fingerprints ?? []
  return { mode: 'dtls-srtp', association, ...(role !== undefined && { role }), fingerprints }
}

function peerOf({ fingerprints, tlsId, address, port }: MediaDescription, ice: boolean): DtlsPeer {
  if (fingerprints.length === 0) {
    throw new SdpError('DTLS_FINGERPRINT_MISSING', 'no a=fingerprint that can be read')
  }
  const transport = ice || address === undefined || isUnspecified(address) ? undefined : `${address} ${port}`
  return { fingerprints, ...(tlsId !== undefined && { tlsId }), ...(transport !== undefined && { transport }) }
}

/** Whether the peer's description begins a new association. What either description does not say has not changed. */
function begins(before: DtlsPeer | undefined, now: DtlsPeer): boolean {
  if (before === undefined) return true
  if (now.tlsId !== undefined && before.tlsId !== undefined && now.tlsId !== before.tlsId) return true
  if (now.transport !== undefined && before.transport !== undefined && now.transport !== before.transport) return true
  const known = new Set(before.fingerprints.map(writeFingerprint))
  return !now.fingerprints.some((one) => known.has(writeFingerprint(one)))
}

/**
 * The association that ended with its stream, where the peer goes on with it now that the stream is there again: a linphone
 * keeps the keys for as long as the call lasts, begins no other handshake, and knows no tls-id. Who says one, or has moved,
 * begins anew (RFC 8842 §5.5).
 */
function returned(former: DtlsState | undefined, { tlsId, transport, ...peer }: DtlsPeer): DtlsState | undefined {
  if (former?.role === undefined || tlsId !== undefined || transport === undefined) return undefined
  return transport === former.peer?.transport && !begins(former.peer, peer) ? former : undefined
}

/** Only what looks like a value is shown. */
function printable(setup: string): string {
  return /^[a-z-]{1,16}$/.test(setup) ? setup : '?'
}
