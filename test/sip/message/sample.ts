/** The header lines of a minimal INVITE, without Content-Length. */
export const inviteLines: readonly string[] = [
  'Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1',
  'From: "Alice" <sip:alice@example.org>;tag=a1',
  't: <sip:bob@example.org>',
  'Call-ID: call-1',
  'CSeq: 1 INVITE',
]

/** What a test wants different from a minimal INVITE. */
export interface MessageParts {
  readonly start?: string
  readonly lines?: readonly string[]
  readonly body?: Buffer
  /** false: no Content-Length but what `lines` have. */
  readonly length?: boolean
}

/** Bytes of a message, as latin1, with CRLF line ends. */
export function message(parts: MessageParts): Buffer {
  const {
    start = 'INVITE sip:bob@example.org SIP/2.0',
    lines = inviteLines,
    body = Buffer.alloc(0),
    length = true,
  } = parts
  const all = length ? [...lines, `Content-Length: ${body.length}`] : lines
  return Buffer.concat([Buffer.from([start, ...all, '', ''].join('\r\n'), 'latin1'), body])
}
