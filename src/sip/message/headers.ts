import { isToken } from './characters.ts'
import { HeaderError } from './header-error.ts'
import { headerKey } from './header-names.ts'
import { splitFirst, splitList } from './list-values.ts'
import { defaultLimits } from './limits.ts'

/** One header field. */
export interface HeaderField {
  /** The name as it was received or given: spelling and compact form are kept. */
  readonly name: string
  /** The value, unfolded, without white space at its ends; one latin1 char a byte. */
  readonly value: string
}

/**
 * Header fields that a message of ours may have: as many as are read of one message, the Vias of another whose answer it
 * is, and what this server adds. What was taken in must never turn out to be too much when it is passed on.
 */
const mostFields = 4 * defaultLimits.headers

/** CR, LF and everything that is no byte; NUL is looked at apart. A class of single chars: linear. */
const neverInValue = /[\r\n\u0100-\uffff]/

/**
 * Whether a value can stand on one header line: no CR or LF, no char beyond a byte (its low half could be an LF), and NUL
 * only as the quoted-pair `\NUL` that RFC 3261 §25.1 allows in quoted strings.
 */
export function isHeaderValue(value: string): boolean {
  if (neverInValue.test(value)) return false
  for (let at = value.indexOf('\0'); at >= 0; at = value.indexOf('\0', at + 1)) {
    if (value.charCodeAt(at - 1) !== 0x5c) return false
  }
  return true
}

/**
 * The header fields of a message in their order. Names are case-insensitive, and compact forms are the same as full ones:
 * `get('From')` finds `f:`. Values are latin1 strings, one char a byte, so that what is only relayed stays as it came.
 */
export class Headers implements Iterable<HeaderField> {
  // three arrays side by side: an index of a message costs no object a field
  #keys: string[] = []
  #names: string[] = []
  #values: string[] = []

  /**
   * @param fields - name and value of each field, in order
   * @throws HeaderError as `add` does
   */
  constructor(fields: readonly (readonly [string, string])[] = []) {
    for (const [name, value] of fields) this.add(name, value)
  }

  /** How many fields there are. */
  get size(): number {
    return this.#keys.length
  }

  /** The whole value of the first field of the name. */
  get(name: string): string | undefined {
    const at = this.#keys.indexOf(headerKey(name))
    return at < 0 ? undefined : this.#values[at]
  }

  /** The whole value of each field of the name. */
  all(name: string): string[] {
    const key = headerKey(name)
    return this.#values.filter((_, i) => this.#keys[i] === key)
  }

  /**
   * The values of the name across its fields, each field split at its top-level commas (those outside of quotes and `<>`).
   * Empty elements are left out. Only for fields whose grammar is a list: a Date has a comma of its own.
   */
  values(name: string): string[] {
    const key = headerKey(name)
    const result: string[] = []
    for (let i = 0; i < this.#keys.length; i++) {
      if (this.#keys[i] === key) splitList(this.#values[i]!, result)
    }
    return result
  }

  /** How many fields of the name there are. */
  count(name: string): number {
    const key = headerKey(name)
    let count = 0
    for (let at = this.#keys.indexOf(key); at >= 0; at = this.#keys.indexOf(key, at + 1)) count++
    return count
  }

  /** Whether there is a field of the name. */
  has(name: string): boolean {
    return this.#keys.includes(headerKey(name))
  }

  /**
   * Gives the name one field: the first one's place is kept, further ones go; without one it is added at the end.
   * @throws HeaderError as `add` does
   */
  set(name: string, value: string): void {
    const key = headerKey(name)
    const at = this.#keys.indexOf(key)
    if (at < 0) {
      this.add(name, value)
      return
    }
    check(name, value)
    this.#names[at] = name
    this.#values[at] = value
    for (let i = this.#keys.lastIndexOf(key); i > at; i = this.#keys.lastIndexOf(key)) this.#remove(i)
  }

  /**
   * Adds a field at the end.
   * @throws HeaderError `SIP_HEADER_NAME` when the name is no token, `SIP_HEADER_VALUE` when the value would end its line
   *   (CR, LF), holds a NUL or a char that is no byte, `SIP_TOO_MANY_HEADERS` beyond 1024 fields
   */
  add(name: string, value: string): void {
    check(name, value)
    this.#checkRoom()
    this.#keys.push(headerKey(name))
    this.#names.push(name)
    this.#values.push(value)
  }

  /**
   * Adds a field before all others.
   * @throws HeaderError as `add` does
   */
  prepend(name: string, value: string): void {
    check(name, value)
    this.#checkRoom()
    this.#keys.unshift(headerKey(name))
    this.#names.unshift(name)
    this.#values.unshift(value)
  }

  /** Adds a field as it was read from the wire, where the reader has already excluded what `add` refuses. */
  addReceived(name: string, value: string): void {
    this.#keys.push(headerKey(name))
    this.#names.push(name)
    this.#values.push(value)
  }

  /** Removes every field of the name. */
  delete(name: string): void {
    const key = headerKey(name)
    for (let at = this.#keys.lastIndexOf(key); at >= 0; at = this.#keys.lastIndexOf(key)) this.#remove(at)
  }

  /**
   * Replaces the first value of the name, be it alone in its field or the first of a list; without one a field is added
   * before all others.
   * @returns the value that was replaced
   * @throws HeaderError as `add` does
   */
  replaceFirst(name: string, value: string): string | undefined {
    const at = this.#keys.indexOf(headerKey(name))
    if (at < 0) {
      this.prepend(name, value)
      return undefined
    }
    check(name, value)
    const { first, rest } = splitFirst(this.#values[at]!)
    this.#values[at] = rest === '' ? value : `${value}, ${rest}`
    return first
  }

  /**
   * Takes the first value of the name away, and its field with it when it was the only one there.
   * @returns the value that was removed
   */
  removeFirstValue(name: string): string | undefined {
    const at = this.#keys.indexOf(headerKey(name))
    if (at < 0) return undefined
    const { first, rest } = splitFirst(this.#values[at]!)
    if (rest === '') this.#remove(at)
    else this.#values[at] = rest
    return first
  }

  /** A copy that can be changed without changing this one. */
  clone(): Headers {
    const copy = new Headers()
    copy.#keys = this.#keys.slice()
    copy.#names = this.#names.slice()
    copy.#values = this.#values.slice()
    return copy
  }

  /** Every field, in order. */
  *[Symbol.iterator](): Iterator<HeaderField> {
    for (let i = 0; i < this.#keys.length; i++) yield { name: this.#names[i]!, value: this.#values[i]! }
  }

  /**
   * The fields as lines, `Name: value` CRLF each.
   * @param except - a name whose fields are left out
   */
  toLines(except: string): string {
    const key = headerKey(except)
    let text = ''
    for (let i = 0; i < this.#keys.length; i++) {
      if (this.#keys[i] !== key) text += `${this.#names[i]!}: ${this.#values[i]!}\r\n`
    }
    return text
  }

  #remove(at: number): void {
    this.#keys.splice(at, 1)
    this.#names.splice(at, 1)
    this.#values.splice(at, 1)
  }

  #checkRoom(): void {
    if (this.#keys.length < mostFields) return
    throw new HeaderError('SIP_TOO_MANY_HEADERS', `A message has at most ${mostFields} header fields.`)
  }
}

function check(name: string, value: string): void {
  if (!isToken(name)) throw new HeaderError('SIP_HEADER_NAME', 'A header name must be a token.')
  if (isHeaderValue(value)) return
  throw new HeaderError('SIP_HEADER_VALUE', `The value of ${name} has a line end, a NUL or a char that is no byte.`)
}
