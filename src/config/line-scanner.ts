/**
 * The line grammar of flexisip.conf, as Flexisip's own reader has it (reference: config-file §1). It works on bytes, so
 * the text is latin1: one character a byte.
 */

/** Bytes of a line that the reader takes at a time: what is left of a longer line is read as a line of its own. */
export const longestLine = 20_479

/** What one line, or one piece of a line that is too long, says. All offsets are columns of the file, from 1. */
export type Statement =
  | { readonly kind: 'section'; readonly line: number; readonly column: number; readonly name: string }
  | {
      readonly kind: 'value'
      readonly line: number
      readonly column: number
      readonly key: string
      readonly value: string
      readonly valueColumn: number
    }
  /** `key=` with nothing behind: as if it were not there. */
  | { readonly kind: 'blank'; readonly line: number; readonly column: number; readonly key: string }
  | { readonly kind: 'ignored'; readonly line: number; readonly column: number; readonly why: IgnoredLine }

/** Why a line that is neither blank nor a comment has no effect, or not the one that it seems to have. */
export type IgnoredLine = 'no-equals' | 'no-key' | 'no-bracket' | 'no-name' | 'tab' | 'too-long' | 'nul' | 'bom'

/** Reads the statements of a file, in order. */
export function* scanLines(text: string): Generator<Statement> {
  let line = 0
  let start = 0
  while (start < text.length) {
    line++
    const feed = text.indexOf('\n', start)
    const end = feed < 0 ? text.length : feed
    if (line === 1 && text.startsWith('\xEF\xBB\xBF')) yield { kind: 'ignored', line, column: 1, why: 'bom' }
    let from = start
    do {
      if (from > start) yield { kind: 'ignored', line, column: from - start + 1, why: 'too-long' }
      const to = Math.min(from + longestLine, end)
      // fgets counts the line feed too: behind exactly 20479 bytes it comes with the next piece, on its own
      yield* scanPiece(text.slice(from, to), line, from - start, feed === to && to - from < longestLine)
      from = to
    } while (from < end)
    start = end + 1
  }
}

/**
 * Reads one piece of a line.
 * @param before bytes of the line in front of the piece
 * @param terminated whether a line feed follows: only then are spaces at the end of a value removed
 */
function* scanPiece(piece: string, line: number, before: number, terminated: boolean): Generator<Statement> {
  let text = piece
  const nul = piece.indexOf('\0')
  if (nul >= 0) {
    // the reader's string functions stop here, and never see the line feed
    yield { kind: 'ignored', line, column: before + nul + 1, why: 'nul' }
    text = piece.slice(0, nul)
    terminated = false
  }
  let first = 0
  while (text[first] === ' ') first++
  if (text[first] === '#') return
  const column = before + first + 1
  if (text[first] === '[') {
    const close = text.indexOf(']', first)
    if (close < 0) {
      yield { kind: 'ignored', line, column, why: 'no-bracket' }
      return
    }
    const name = firstWord(text.slice(first + 1, close))
    yield name === undefined
      ? { kind: 'ignored', line, column, why: 'no-name' }
      : { kind: 'section', line, column, name: name.text }
    return
  }
  yield* scanValue(text, line, before, terminated)
}

function* scanValue(text: string, line: number, before: number, terminated: boolean): Generator<Statement> {
  const equals = text.indexOf('=')
  const key = firstWord(equals < 0 ? text : text.slice(0, equals))
  const column = before + (key?.offset ?? 0) + 1
  if (key !== undefined) {
    if (equals < 0 && key.text.startsWith('#')) return
    if (key.offset > 0 && /^[#[]/.test(key.text)) yield { kind: 'ignored', line, column, why: 'tab' }
    else if (equals < 0) yield { kind: 'ignored', line, column, why: 'no-equals' }
  }
  if (equals < 0) return
  if (key === undefined) {
    yield { kind: 'ignored', line, column: before + equals + 1, why: 'no-key' }
    return
  }
  if (terminated && equals === text.length - 1) {
    yield { kind: 'blank', line, column, key: key.text }
    return
  }
  let from = equals + 1
  let to = text.length
  while (from < to && text[from] === ' ') from++
  while (terminated && to > from && text[to - 1] === ' ') to--
  yield { kind: 'value', line, column, key: key.text, value: text.slice(from, to), valueColumn: before + from + 1 }
}

/** The first word as `sscanf("%s")` finds it. */
function firstWord(text: string): { text: string; offset: number } | undefined {
  const found = /[^ \t\n\v\f\r]+/.exec(text)
  return found === null ? undefined : { text: found[0], offset: found.index }
}
