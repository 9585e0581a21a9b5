/** Estimate of the round trip, in milliseconds (RFC 3261 §17.1.1.1). */
export const t1 = 500
/** Longest interval between retransmissions of anything but an INVITE, in milliseconds (RFC 3261 §17.1.2.2). */
export const t2 = 4_000
/** How long a message may stay in the network, in milliseconds (RFC 3261 §17.1.2.2). */
export const t4 = 5_000
/** Timers B, F, H, J, L and M, in milliseconds (RFC 3261 table 4, RFC 6026 §7). */
export const transactionTimeout = 64 * t1
/** Timer D on an unreliable transport, in milliseconds (RFC 3261 §17.1.1.2: at least 32 s). */
export const timerD = 32_000
/** After this time an INVITE is answered 100 if its user said nothing, in milliseconds (RFC 3261 §17.2.1). */
export const tryingDelay = 200
/**
 * After this time another request is answered 100, in milliseconds (RFC 4320 §4.1: when timer E of the client has grown to
 * T2, after T1 + 2*T1 + 4*T1).
 */
export const nonInviteTryingDelay = 7 * t1
