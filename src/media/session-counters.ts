/** What happened on one leg of one stream since it was opened. Bytes are those of UDP payloads, tags included. */
export interface LegCounters {
  /** Valid RTP packets received: authenticated on a secured leg, from the learned source on a clear one. */
  readonly rtpPacketsReceived: number
  readonly rtpBytesReceived: number
  readonly rtpPacketsSent: number
  readonly rtpBytesSent: number
  readonly rtcpPacketsReceived: number
  readonly rtcpBytesReceived: number
  readonly rtcpPacketsSent: number
  readonly rtcpBytesSent: number
  /** Packets on a secured leg whose tag is wrong. A plain RTP packet that is long enough to hold a tag counts here. */
  readonly authenticationFailures: number
  /** Packets on a secured leg whose index was used before, or is so old that this cannot be known. */
  readonly replays: number
  /** Packets on a secured leg that are certainly plain: well-formed clear RTCP, or too short for a tag. */
  readonly plainPackets: number
  /** Packets from an address that is not the stream's source. */
  readonly unknownSource: number
  /** Too short, not of version 2, or with lengths that lie. */
  readonly malformed: number
  /** STUN, DTLS and ZRTP packets (RFC 7983). */
  readonly controlPackets: number
  /** Control packets that were refused: from a stranger, not authentic, or of no use on this leg. */
  readonly controlRefused: number
  /** Handshakes that have brought keys. */
  readonly keyExchanges: number
  /** Handshakes that have failed, or whose certificate was not the signalled one. */
  readonly keyExchangeFailures: number
  /** Packets given up because, for 200 ms, the leg was not described or its receive key not known. */
  readonly notReady: number
  /** Packets for this leg that had nowhere to go, for 200 ms: no remote address or key yet, or a hold address. */
  readonly undeliverable: number
  /** Packets for this leg that were not encrypted because their index was used before (a repeated clear packet). */
  readonly repeatsNotSent: number
  /** Packets that the operating system refused to send. */
  readonly sendErrors: number
  /** When the last valid RTP packet came, in milliseconds of `performance.now()` of the engine's thread; 0: never. */
  readonly lastReceivedAt: number
}

/** The counters of a stream. */
export interface StreamCounters {
  readonly kind: string
  readonly a: LegCounters
  readonly b: LegCounters
}

/** The counters of a session, by stream number. */
export interface SessionCounters {
  readonly streams: readonly StreamCounters[]
}
