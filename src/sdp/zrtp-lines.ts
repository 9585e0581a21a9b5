import { type ClearBeforeZrtp, type Protection } from '../base/endpoint-description.ts'
import { attributeName, type Attribute } from './attributes.ts'
import { type RandomBytes } from './sdes-keys.ts'
import { isUnspecified, type MediaDescription } from './session-description.ts'

/**
 * ZRTP of one m-line of one leg (RFC 6189 §8). Values are never changed, so that a failed re-offer is undone by going back to
 * the former one.
 */
export interface ZrtpState {
  /** H0 of the stream, from which its Hello is made. */
  readonly seed: Buffer
  /** Counts the sessions of the leg: all streams of one share it. */
  readonly generation: number
  /** SHA-256 of the peer's Hello, if its description says it. */
  readonly peerHash?: Buffer
  /** The peer's address and port, where they say something: without ICE, and not on hold. */
  readonly transport?: string
}

/** The peer's `a=zrtp-hash:<version> <SHA-256 in hex>`, if it has one that can be read. */
export function readZrtpHash(attributes: readonly Attribute[]): Buffer | undefined {
  for (const attribute of attributes) {
    if (attributeName(attribute) !== 'zrtp-hash') continue
    const [, hex] = /^1\.1\d[ \t]+([0-9a-f]{64})$/i.exec(attribute.slice(attribute.indexOf(':') + 1).trim()) ?? []
    if (hex !== undefined) return Buffer.from(hex, 'hex')
  }
  return undefined
}

/**
 * ZRTP for an offer: what is there, or a new stream of the session.
 * @param generation of the leg's session
 */
export function offerZrtp(before: ZrtpState | undefined, generation: number, random: RandomBytes): ZrtpState {
  return before ?? { seed: random(32), generation }
}

/**
 * ZRTP once the peer has described itself, by an offer or an answer. It goes on unless the peer is another one, which says
 * another Hello, or is elsewhere: then it begins anew, with another Hello of this server.
 * @param ice agreed on the leg: then an address says nothing of the transport
 */
export function meetZrtp(state: ZrtpState, media: MediaDescription, ice: boolean, random: RandomBytes): ZrtpState {
  const known = peerOf(media, ice)
  if (goesOn(state, known)) return { ...state, ...known }
  return { seed: random(32), generation: state.generation + 1, ...known }
}

/**
 * ZRTP of a stream that ended and is there again. A linphone keeps its Hello, and the keys, for as long as the call lasts, and
 * takes no other Hello than before. A phone with another Hello begins the stream anew, in the same session.
 * @param former of the stream before it ended
 * @param fresh for a stream that begins anew
 */
export function returnToZrtp(former: ZrtpState, fresh: ZrtpState, media: MediaDescription, ice: boolean): ZrtpState {
  const known = peerOf(media, ice)
  const same = known.peerHash !== undefined && former.peerHash !== undefined && goesOn(former, known)
  return same ? { ...former, ...known } : { seed: fresh.seed, generation: fresh.generation, ...known }
}

type ZrtpPeer = Pick<ZrtpState, 'peerHash' | 'transport'>

function peerOf({ address, port, attributes }: MediaDescription, ice: boolean): ZrtpPeer {
  const peerHash = readZrtpHash(attributes)
  const transport = ice || address === undefined || isUnspecified(address) ? undefined : `${address} ${port}`
  return { ...(peerHash !== undefined && { peerHash }), ...(transport !== undefined && { transport }) }
}

/** Whether the peer is who and where it was. What either description does not say has not changed. */
function goesOn(before: ZrtpPeer, { peerHash, transport }: ZrtpPeer): boolean {
  const moved = transport !== undefined && before.transport !== undefined && transport !== before.transport
  const other = peerHash !== undefined && before.peerHash?.equals(peerHash) === false
  return !moved && !other
}

/** The two sides of a leg's sessions. */
export interface ZrtpParty {
  /** Names the leg. */
  readonly session: string
  /** Whom the phone talks to, as it sees it. */
  readonly party: string
  readonly clear: ClearBeforeZrtp
}

/** What media must know. */
export function zrtpProtection(
  { seed, generation, peerHash }: ZrtpState,
  { session, party, clear }: ZrtpParty,
): Protection {
  const protection = { mode: 'zrtp', association: `${session}/${generation}`, party, clear, seed } as const
  return peerHash === undefined ? protection : { ...protection, peerHash }
}
