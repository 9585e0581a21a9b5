import { HeaderError } from './header-error.ts'
import { isHeaderValue } from './headers.ts'
import { type SipMessage } from './message.ts'

/**
 * Writes a message: header fields in their order and spelling, then Content-Length, which is always this body's.
 * @throws HeaderError `SIP_START_LINE` when method, URI or reason would end their line
 */
export function serialize(message: SipMessage): Buffer {
  const startLine =
    message.kind === 'request'
      ? `${message.method} ${message.uri} SIP/2.0`
      : `SIP/2.0 ${message.status} ${message.reason}`
  if (!isHeaderValue(startLine)) {
    throw new HeaderError('SIP_START_LINE', 'The start line has a line end, a NUL or a char that is no byte.')
  }
  const { body, headers } = message
  const head = `${startLine}\r\n${headers.toLines('Content-Length')}Content-Length: ${body.length}\r\n\r\n`
  const bytes = Buffer.allocUnsafe(head.length + body.length)
  bytes.write(head, 'latin1')
  body.copy(bytes, head.length)
  return bytes
}
