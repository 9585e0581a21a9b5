import { SdpError } from './sdp-error.ts'

/** Lines of a description; the longest of real browsers have some hundred. */
const maxLines = 2048
/** Bytes of one line. */
const maxLineLength = 8192
const maxMedia = 64

/** One line: `type=value`. */
export interface SdpLine {
  /** In the text, from 1. */
  readonly number: number
  readonly type: string
  /** What follows `=`, one char per byte. */
  readonly value: string
}

/** The lines of the session, or an m= line with those that follow it. */
export type SdpSection = readonly SdpLine[]

/** The complaint about one line. It names the line by number and never quotes it, because lines hold keys. */
export function malformed(line: number, what: string): SdpError {
  return new SdpError('SDP_MALFORMED', `line ${line} of the session description: ${what}`)
}

/**
 * Splits a description into sections: the session's, then one for each m= line, which begins with it (RFC 8866 §5).
 * Lines may end in CRLF, LF or CR; empty lines are allowed at the end only.
 * @throws SdpError `SDP_MALFORMED`, `SDP_TOO_LARGE`
 */
export function readLines(body: Buffer): readonly [SdpSection, ...SdpSection[]] {
  const session: SdpLine[] = []
  const sections: [SdpLine[], ...SdpLine[][]] = [session]
  let section = session
  let blank = 0
  let number = 0
  for (const text of body.toString('latin1').split(/\r\n|\r|\n/)) {
    number++
    if (number > maxLines) throw new SdpError('SDP_TOO_LARGE', `session description of over ${maxLines} lines`)
    if (text.length === 0) {
      blank ||= number
      continue
    }
    if (blank > 0) throw malformed(blank, 'empty')
    if (text.length > maxLineLength) {
      throw new SdpError('SDP_TOO_LARGE', `line ${number} of the session description: over ${maxLineLength} bytes`)
    }
    const line = readLine(text, number)
    if (line.type === 'm') {
      if (sections.length > maxMedia) throw new SdpError('SDP_TOO_LARGE', `over ${maxMedia} m= lines`)
      section = []
      sections.push(section)
    }
    section.push(line)
  }
  if (session.length === 0) throw malformed(1, 'no v= line')
  return sections
}

function readLine(text: string, number: number): SdpLine {
  const letter = text.charCodeAt(0)
  if (letter < 0x61 || letter > 0x7a || text[1] !== '=') throw malformed(number, 'not a letter followed by "="')
  if (text.includes('\0')) throw malformed(number, 'a NUL byte')
  const line = { number, type: text[0]!, value: text.slice(2) }
  if (number === 1 && (line.type !== 'v' || line.value.trim() !== '0')) throw malformed(1, 'not "v=0"')
  return line
}
