import { isUtf8 } from 'node:buffer'

/** Named values of a log line, which stand behind its text; never secrets. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>

/** Longest text and longest value that a line shows, in characters: a header field may be 64 KiB. */
const longestShown = 4096

/**
 * Writes a text with its fields as one line: `text key=value key="value of words"`. What peers put into it cannot end the
 * line nor look like another field: a value stands bare, or as a JSON string when it is empty or has white space, quotes,
 * backslashes or anything invisible. SIP's latin1 (one character a byte) is shown as UTF-8 where it is valid UTF-8.
 */
export function formatLogLine(text: string, fields: LogFields = {}): string {
  let line = escapeInvisible(readable(text))
  for (const [key, value] of Object.entries(fields)) {
    if (value !== undefined) line += ` ${key}=${formatValue(readable(String(value)))}`
  }
  return line
}

function formatValue(value: string): string {
  const escaped = escapeInvisible(value.replaceAll(/["\\]/g, '\\$&'))
  return escaped === value && /^\S+$/.test(value) ? value : `"${escaped}"`
}

/**
 * Escapes what would end a line, hide a part of it or show it in another order: C0 and C1 controls (ESC among them), DEL,
 * the soft hyphen, and Unicode's line separators, directions, joiners and byte order mark.
 */
function escapeInvisible(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/gu,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

function readable(text: string): string {
  const decoded = decode(text)
  if (decoded.length <= longestShown) return decoded
  return `${decoded.slice(0, longestShown)}… (${decoded.length - longestShown} characters more)`
}

/** Single bytes that are UTF-8 together, decoded; any other text as it is. */
function decode(text: string): string {
  if (!/[\u0080-\u00ff]/.test(text) || /[\u0100-\uffff]/.test(text)) return text
  const bytes = Buffer.from(text, 'latin1')
  return isUtf8(bytes) ? bytes.toString('utf8') : text
}
