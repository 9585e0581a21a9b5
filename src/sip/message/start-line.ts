import { isDigits, isToken } from './characters.ts'
import { type Fault } from './head.ts'
import { parseUri, UriError } from './uri.ts'

/** A request line or status line taken apart; `fault` says what is wrong with it, the rest is then as good as it goes. */
export type StartLine =
  | { readonly kind: 'request'; readonly method: string; readonly uri: string; readonly fault: Fault | undefined }
  | { readonly kind: 'response'; readonly status: number; readonly reason: string; readonly fault: Fault | undefined }

/**
 * Reads a start line (RFC 3261 §7.1, §7.2). Exactly one space stands between its parts; more, or white space at its ends,
 * is a fault.
 * @returns undefined when it is nothing of SIP at all
 */
export function readStartLine(line: string): StartLine | undefined {
  if (isSipVersion(line, 0)) return readStatusLine(line)
  const methodEnd = line.indexOf(' ')
  const text = line.trimEnd()
  const versionStart = text.lastIndexOf(' ') + 1
  if (methodEnd < 0 || !isSipVersion(line, versionStart)) return undefined
  const method = line.slice(0, methodEnd)
  const uri = line.slice(methodEnd + 1, Math.max(methodEnd + 1, versionStart - 1))
  if (!isToken(method)) return undefined
  return { kind: 'request', method, uri, fault: requestLineFault(line, uri, versionStart) }
}

function requestLineFault(line: string, uri: string, versionStart: number): Fault | undefined {
  const version = line.slice(versionStart)
  if (version.toUpperCase() !== 'SIP/2.0') {
    if (version === version.trimEnd()) return { code: 'SIP_VERSION', what: 'The version is not SIP/2.0.', status: 505 }
    return { code: 'SIP_START_LINE', what: 'White space behind the request line.' }
  }
  try {
    // headers in a Request-URI are an attempt to write into somebody else's request (RFC 3261 §19.1.1, RFC 4475 §3.1.2.13)
    if (parseUri(uri).headers !== '') return { code: 'SIP_START_LINE', what: 'The Request-URI has headers.' }
    return undefined
  } catch (error) {
    if (!(error instanceof UriError)) throw error
    return { code: 'SIP_START_LINE', what: `Request-URI: ${error.message}`, cause: error }
  }
}

function readStatusLine(line: string): StartLine {
  const version = line.slice(0, 8).toUpperCase()
  const status = line.slice(8, 11)
  const after = line.charCodeAt(11)
  const whole = version === 'SIP/2.0 ' && isDigits(status) && (line.length === 11 || after === 0x20)
  const number = whole ? Number(status) : 0
  const fault = number >= 100 && number <= 699 ? undefined : { code: 'SIP_START_LINE', what: 'Malformed status line.' }
  return { kind: 'response', status: number, reason: line.slice(12), fault }
}

/** Whether `SIP/`, in any case, stands at `at`. */
function isSipVersion(line: string, at: number): boolean {
  return line.charCodeAt(at + 3) === 0x2f && line.slice(at, at + 3).toUpperCase() === 'SIP'
}
