/** What the profile of an m-line says (RFC 3551, RFC 3711, RFC 4585, RFC 5124, RFC 5764). */
export interface MediaProfile {
  /** Plain RTP, SRTP with its keys in the description, or SRTP keyed by DTLS. */
  readonly security: 'rtp' | 'srtp' | 'dtls-srtp'
  /** The F of AVPF and SAVPF: early RTCP feedback. */
  readonly feedback: boolean
}

const profiles: ReadonlyMap<string, MediaProfile> = new Map([
  ['RTP/AVP', { security: 'rtp', feedback: false }],
  ['RTP/AVPF', { security: 'rtp', feedback: true }],
  ['RTP/SAVP', { security: 'srtp', feedback: false }],
  ['RTP/SAVPF', { security: 'srtp', feedback: true }],
  ['UDP/TLS/RTP/SAVP', { security: 'dtls-srtp', feedback: false }],
  ['UDP/TLS/RTP/SAVPF', { security: 'dtls-srtp', feedback: true }],
])

/** The meaning of a profile over UDP, or `undefined` for everything that is not RTP (BFCP, SCTP, RTP over TCP, …). */
export function mediaProfile(protocol: string): MediaProfile | undefined {
  return profiles.get(protocol.toUpperCase())
}

/** The profile as an m-line writes it. */
export function profileName({ security, feedback }: MediaProfile): string {
  for (const [name, profile] of profiles) {
    if (profile.security === security && profile.feedback === feedback) return name
  }
  throw new TypeError(`no profile for ${security}`) // unreachable: the table has every combination
}
