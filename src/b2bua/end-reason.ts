/**
 * Why a call ended: one closed list. Log lines, metrics and call records use these names, `docs/end-reasons.md` is tested
 * against it, and each reason knows the SIP status that answers a caller who is still waiting (RFC 3261 §21) and the
 * Q.850 cause that a BYE or a CANCEL carries in its Reason header (RFC 3326; mapping of RFC 3398 §8.2.6).
 */
export const endReasons = {
  hangup: { status: 487, cause: 16, text: 'Normal call clearing' },
  cancelled: { status: 487, cause: 16, text: 'The caller gave up' },
  'answered-elsewhere': { status: 487, cause: 26, text: 'Answered elsewhere' },
  busy: { status: 486, cause: 17, text: 'Busy' },
  declined: { status: 603, cause: 21, text: 'Declined' },
  'not-found': { status: 404, cause: 1, text: 'No such recipient' },
  'no-answer': { status: 486, cause: 19, text: 'Nobody answered in time' },
  unavailable: { status: 480, cause: 20, text: 'Recipient not available' },
  rejected: { status: 500, cause: 21, text: 'Refused by the recipient or on the way' },
  redirected: { status: 302, cause: 23, text: 'Redirected' },
  unreachable: { status: 503, cause: 38, text: 'The outbound proxy cannot be reached' },
  'proxy-timeout': { status: 504, cause: 102, text: 'The outbound proxy did not answer' },
  'bad-request': { status: 400, cause: 95, text: 'Malformed request' },
  'incompatible-media': { status: 488, cause: 88, text: 'No media that both sides accept' },
  'unsupported-encryption': { status: 488, cause: 79, text: 'Media encryption not available' },
  'key-exchange-failed': { status: 488, cause: 88, text: 'Media keys could not be agreed' },
  'no-rtp': { status: 480, cause: 41, text: 'No media received' },
  'max-duration': { status: 480, cause: 102, text: 'Maximum call duration reached' },
  'max-calls': { status: 486, cause: 34, text: 'Too many calls' },
  overload: { status: 503, cause: 42, text: 'Overloaded' },
  'too-many-hops': { status: 483, cause: 25, text: 'Too many hops' },
  'no-ack': { status: 408, cause: 102, text: 'The answer was never acknowledged' },
  'dialog-lost': { status: 481, cause: 41, text: 'A party no longer knows the call' },
  'session-expired': { status: 480, cause: 102, text: 'The session timer was not refreshed' },
  'media-failure': { status: 500, cause: 47, text: 'Media resources failed' },
  shutdown: { status: 503, cause: 41, text: 'Server shutting down' },
  'internal-error': { status: 500, cause: 41, text: 'Internal error' },
} as const satisfies Record<string, EndReasonRow>

interface EndReasonRow {
  /** Status of the final response to a caller who is still waiting. */
  readonly status: number
  /** ITU-T Q.850 cause value. */
  readonly cause: number
  /** For people; the text of the Reason header. */
  readonly text: string
}

/** The name of an end reason, which is also its label in metrics and its value in records. */
export type EndReason = keyof typeof endReasons

const byStatus: Readonly<Record<number, EndReason>> = {
  400: 'bad-request',
  404: 'not-found',
  408: 'proxy-timeout',
  410: 'not-found',
  415: 'incompatible-media',
  480: 'unavailable',
  481: 'dialog-lost',
  483: 'too-many-hops',
  484: 'not-found',
  486: 'busy',
  487: 'cancelled',
  488: 'incompatible-media',
  503: 'unreachable',
  504: 'proxy-timeout',
  600: 'busy',
  603: 'declined',
  604: 'not-found',
  606: 'incompatible-media',
}

/** The end reason for a final failure response that came from the far side. */
export function endReasonOfStatus(status: number): EndReason {
  const known = byStatus[status]
  if (known !== undefined) return known
  return status >= 300 && status < 400 ? 'redirected' : 'rejected'
}
