/**
 * The identity of a dialog (RFC 3261 §12): Call-ID, our tag, the peer's.
 * @param remoteTag - empty for a peer of RFC 2543 without tags
 */
export function dialogKey(callId: string, localTag: string, remoteTag: string): string {
  return `${callId} ${localTag} ${remoteTag}`
}
