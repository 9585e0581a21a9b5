import { CodedError } from '../base/coded-error.ts'
import { type Fault, quote, utf8 } from './problem.ts'

/**
 * The value types of Flexisip's schema (reference: config-file §2). Values are latin1 texts, one character a byte of the
 * file, because rules are matched against SIP texts of the same kind; only paths are decoded as UTF-8.
 */
export interface ValueType<V> {
  /** Flexisip's name of the type. */
  readonly name: TypeName
  /** Unit of a number that has none, as `--dump-default` writes it. */
  readonly unit?: 'millisecond' | 'second' | 'minute'
  /**
   * Reads a value as Flexisip does.
   * @throws ValueError
   */
  parse(text: string): V
  /** What Flexisip accepts without a word and the operator hardly meant; offsets are in bytes of `text`. */
  advise?(text: string): readonly Advice[]
}

export type TypeName =
  | 'Boolean'
  | 'Integer'
  | 'IntegerRange'
  | 'DurationMS'
  | 'DurationS'
  | 'DurationMIN'
  | 'String'
  | 'StringList'
  | 'BooleanExpr'

/** A fault that is not an error, at a byte of a value. */
export interface Advice extends Fault {
  readonly offset: number
}

/** A value that its type refuses. */
export class ValueError extends CodedError implements Fault {
  readonly what: string
  readonly instead: string

  constructor({ what, instead }: Fault) {
    super('CONFIG_VALUE', `${what}; ${instead}`)
    this.what = what
    this.instead = instead
  }
}

/** Both ends of an IntegerRange, inclusive. */
export interface Range {
  readonly min: number
  readonly max: number
}

/** `true`, `false`, `1` and `0`, exactly. */
export const boolean: ValueType<boolean> = {
  name: 'Boolean',
  parse(text) {
    if (text === 'true' || text === '1') return true
    if (text === 'false' || text === '0') return false
    throw new ValueError({ what: `${quote(text)} is not a Boolean`, instead: "write 'true' or 'false', exactly" })
  },
}

/** What C's `isspace` skips in front of a number. */
const integerSyntax = /^[ \t\n\v\f\r]*([+-]?[0-9]+)/

/** Reads a number as `std::stoi`: white space and a sign in front, anything behind (reference: config-file §2). */
function stoi(text: string): number {
  const digits = integerSyntax.exec(text)?.[1]
  if (digits === undefined)
    throw new ValueError({ what: `${quote(text)} is not a number`, instead: 'write digits only' })
  const value = Number(digits)
  if (value > 0x7fffffff || value < -0x80000000) {
    throw new ValueError({ what: `${quote(text)} is out of range`, instead: 'write a number of at most 2147483647' })
  }
  return value
}

/** A 32-bit integer; what stands behind its digits is ignored, as Flexisip does. */
export const integer: ValueType<number> = {
  name: 'Integer',
  parse: stoi,
  advise(text) {
    const read = integerSyntax.exec(text)
    if (read === null || read[0] === text) return []
    return [
      { what: `${quote(text)} is read as ${Number(read[1])}`, instead: 'write digits only', offset: read[0].length },
    ]
  },
}

/** `n` or `min-max`, split at the first `-`. */
export const integerRange: ValueType<Range> = {
  name: 'IntegerRange',
  parse(text) {
    const dash = text.indexOf('-')
    const min = stoi(dash < 0 ? text : text.slice(0, dash))
    return Object.freeze({ min, max: dash < 0 ? min : stoi(text.slice(dash + 1)) })
  },
}

const day = 24 * 3_600_000

/** Milliseconds of each unit; a month is 30.436875 days and a year 365.2425, cut to whole seconds. */
const unitMilliseconds: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  min: 60_000,
  h: 3_600_000,
  d: day,
  m: 2_629_746_000,
  y: 31_556_952_000,
}

function duration(
  name: 'DurationMS' | 'DurationS' | 'DurationMIN',
  unit: NonNullable<ValueType<number>['unit']>,
  milliseconds: number,
): ValueType<number> {
  return {
    name,
    unit,
    parse(text) {
      const [, digits, suffix] = /^([0-9]+)(|ms|s|min|h|d|m|y)$/.exec(text) ?? []
      if (digits === undefined || suffix === undefined) {
        throw new ValueError({
          what: `${quote(text)} is not a duration`,
          instead: "write digits and one of ms, s, min, h, d, m, y, without a space, e.g. '30s'",
        })
      }
      const factor = suffix === '' ? milliseconds : unitMilliseconds[suffix]!
      if (factor < milliseconds) {
        throw new ValueError({
          what: `'${suffix}' is too fine a unit for a duration in ${unit}s`,
          instead: `write whole ${unit}s`,
        })
      }
      const value = Number(digits) * factor
      if (!Number.isSafeInteger(value)) {
        throw new ValueError({ what: `${quote(text)} is out of range`, instead: 'write a shorter duration' })
      }
      return value
    },
    advise(text) {
      if (!/^[0-9]+m$/.test(text)) return []
      return [
        {
          what: "the unit 'm' means months of 30.4 days",
          instead: "write 'min' for minutes",
          offset: text.length - 1,
        },
      ]
    },
  }
}

/** A duration whose number without a unit is milliseconds; values are milliseconds. */
export const durationMs = duration('DurationMS', 'millisecond', 1)
/** A duration whose number without a unit is seconds; values are milliseconds. */
export const durationS = duration('DurationS', 'second', 1_000)
/** A duration whose number without a unit is minutes; values are milliseconds. */
export const durationMin = duration('DurationMIN', 'minute', 60_000)

/** Any text, verbatim. */
export const string: ValueType<string> = { name: 'String', parse: (text) => text }

/** The text of a filter, which its user parses. */
export const booleanExpr: ValueType<string> = { name: 'BooleanExpr', parse: (text) => text }

/** A String that names a file or directory: the only texts that are decoded as UTF-8. */
export const path: ValueType<string> = {
  name: 'String',
  parse(text) {
    const decoded = utf8(text)
    if (!decoded.includes('\uFFFD')) return decoded
    throw new ValueError({ what: `${quote(text)} is not UTF-8`, instead: 'name the file in UTF-8' })
  },
}

/** A String that is one of a few words, exactly. */
export function oneOf<const W extends string>(...words: readonly W[]): ValueType<W> {
  return {
    name: 'String',
    parse(text) {
      const word = words.find((one) => one === text)
      if (word !== undefined) return word
      const list = words.map((one) => `'${one}'`).join(', ')
      throw new ValueError({ what: `${quote(text)} is not one of ${list}`, instead: 'write one of them, exactly' })
    },
  }
}

/** One element of a StringList. */
export interface ListElement {
  readonly text: string
  /** Bytes before it in the value. */
  readonly offset: number
}

/** Splits a StringList at runs of space and newline: neither tab nor comma, and no quoting (Flexisip >= 2.6). */
export function splitList(text: string): ListElement[] {
  return Array.from(text.matchAll(/[^ \n]+/g), (match) => ({ text: match[0], offset: match.index }))
}

/** A list of words. */
export const stringList: ValueType<readonly string[]> = {
  name: 'StringList',
  parse: (text) => Object.freeze(splitList(text).map((element) => element.text)),
  advise(text) {
    const advice: Advice[] = []
    for (const element of splitList(text)) {
      const tab = element.text.indexOf('\t')
      if (tab >= 0) {
        advice.push({
          what: `a tab does not separate the elements of a list: ${quote(element.text)} is one element`,
          instead: 'write a space',
          offset: element.offset + tab,
        })
      }
      const comma = element.text.indexOf(',')
      if (comma >= 0) {
        advice.push({
          what: `a Flexisip up to 2.5 splits ${quote(element.text)} at its comma, since 2.6 only spaces separate`,
          instead: 'separate with spaces, and write a pattern without a comma if such a Flexisip reads this file too',
          offset: element.offset + comma,
        })
      }
    }
    return advice
  },
}
