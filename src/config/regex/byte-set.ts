/** A set of bytes: element `b` is 1 when byte `b` belongs to it, else 0. Always 256 long, never changed once built. */
export type ByteSet = Uint8Array

/** The set of the bytes for which `belongs` holds. */
export function byteSet(belongs: (byte: number) => boolean): ByteSet {
  return Uint8Array.from({ length: 256 }, (_, byte) => (belongs(byte) ? 1 : 0))
}

/** The set of one byte. */
export function singleByte(byte: number): ByteSet {
  return byteSet((one) => one === byte)
}

/** Every byte that is not in `set`. */
export function complement(set: ByteSet): ByteSet {
  return set.map((belongs) => 1 - belongs)
}

const between = (low: string, high: string) => (byte: number) => byte >= low.charCodeAt(0) && byte <= high.charCodeAt(0)
const digit = between('0', '9')
const lower = between('a', 'z')
const upper = between('A', 'Z')
const alpha = (byte: number) => lower(byte) || upper(byte)
const alnum = (byte: number) => alpha(byte) || digit(byte)
const blank = (byte: number) => byte === 0x20 || byte === 0x09
const space = (byte: number) => blank(byte) || (byte >= 0x0a && byte <= 0x0d)
const graph = between('!', '~')
const word = (byte: number) => alnum(byte) || byte === 0x5f

/**
 * The character classes of `[[:name:]]` in the locale "C", with libstdc++'s own `d`, `s` and `w`. No byte from 0x80 on
 * belongs to any.
 */
export const characterClasses: ReadonlyMap<string, ByteSet> = new Map([
  ['alnum', byteSet(alnum)],
  ['alpha', byteSet(alpha)],
  ['blank', byteSet(blank)],
  ['cntrl', byteSet((byte) => byte < 0x20 || byte === 0x7f)],
  ['digit', byteSet(digit)],
  ['graph', byteSet(graph)],
  ['lower', byteSet(lower)],
  ['print', byteSet((byte) => graph(byte) || byte === 0x20)],
  ['punct', byteSet((byte) => graph(byte) && !alnum(byte))],
  ['space', byteSet(space)],
  ['upper', byteSet(upper)],
  ['xdigit', byteSet((byte) => digit(byte) || between('a', 'f')(byte) || between('A', 'F')(byte))],
  ['d', byteSet(digit)],
  ['s', byteSet(space)],
  ['w', byteSet(word)],
])

/** What `\w` and `\b` take for a word: letters, digits and the underscore. */
export const wordBytes: ByteSet = byteSet(word)

/** What `.` stands for in ECMAScript: every byte but line feed and carriage return. */
export const anyButLineEnds: ByteSet = byteSet((byte) => byte !== 0x0a && byte !== 0x0d)
