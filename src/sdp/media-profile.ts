/** What the profile of an m-line says (RFC 3551, RFC 3711, RFC 4585, RFC 5124, RFC 5764). */
export interface MediaProfile {
  /** Plain RTP, SRTP keyed in the description, or SRTP keyed by DTLS. */
  readonly security: 'rtp' | 'srtp' | 'dtls-srtp'
  /** The F of AVPF and SAVPF: early RTCP feedback. */
  readonly feedback: boolean
}
