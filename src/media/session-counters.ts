/**
 * What one source of a leg (SSRC) has sent since it was first heard. Only its packets that count as received in
 * {@link LegCounters} make it known, so that a stranger cannot add one.
 */
export interface SourceCounters {
  /** Its 32 bits, unsigned. */
  readonly ssrc: number
  readonly packets: number
  readonly bytes: number
  /**
   * Sequence numbers between the lowest and the highest that no packet had (RFC 3550 A.3, duplicates left out, so that it is
   * never negative). A jump of 3,000 or more is a beginning anew, not a loss (A.1).
   */
  readonly lost: number
  /** Packets that came behind one with a higher number. */
  readonly late: number
  /** Packets whose number had come before. On a secured leg these are {@link replays}. */
  readonly duplicates: number
  readonly replays: number
  /** With the number of this source, whoever has sent them. */
  readonly authenticationFailures: number
  /** Interarrival jitter (RFC 3550 A.8), in milliseconds; packets of one timestamp count once. */
  readonly jitter: number
  /** As of the leg. */
  readonly lastReceivedAt: number
}

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
  /** As of {@link SourceCounters}, of all sources that there have been. */
  readonly lost: number
  readonly late: number
  readonly duplicates: number
  /** The sources of RTP that were heard last, at most four, the latest last. */
  readonly sources: readonly SourceCounters[]
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
