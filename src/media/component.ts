/** What a socket of a stream carries (RFC 8445 §4): 1 is RTP, with RTCP where that is multiplexed, 2 is RTCP alone. */
export type Component = 1 | 2
