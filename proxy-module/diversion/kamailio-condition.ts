import { type VariableName } from '../filter/message-values.ts'
import { type FilterNode, type Operand } from '../filter/syntax.ts'
import { posixPattern } from './posix-pattern.ts'
import { elements } from './route-condition.ts'
import { TranslationError } from './translation.ts'

/** A filter in Kamailio's language. */
export interface KamailioCondition {
  /** An expression, or what it always comes to; one char per byte (latin1). */
  readonly text: string | boolean
  /** What is not exactly as in the filter, and what must be known, one remark each. */
  readonly remarks: readonly string[]
}

/** The pseudo-variables that have the values of a filter's variables in a request. */
const pseudoVariables = {
  'request.method': '$rm',
  'request.method-name': '$rm',
  'request.uri.domain': '$rd',
  'request.uri.user': '$(ru{uri.user})', // $rU is empty for a tel URI
  'request.uri.params': '$(ru{uri.params})',
  'from.uri.domain': '$fd',
  'from.uri.user': '$(fu{uri.user})',
  'from.uri.params': '$(fu{uri.params})',
  'to.uri.domain': '$td',
  'to.uri.user': '$(tu{uri.user})',
  'to.uri.params': '$(tu{uri.params})',
  'contact.uri.domain': '$(ct{nameaddr.uri}{uri.host})',
  'contact.uri.user': '$(ct{nameaddr.uri}{uri.user})',
  'contact.uri.params': '$(ct{nameaddr.uri}{uri.params})',
  'user-agent': '$ua',
  'call-id': '$ci',
  'content-type': '$(cT{s.select,0,;}{s.trim})',
} as const satisfies Partial<Record<VariableName, string>>

/** Values that every request has. */
const ofEveryRequest: Partial<Record<VariableName, string>> = {
  direction: 'request',
  'status.code': '',
  'status.phrase': '',
}

/** A value as Kamailio has it: a text that is known, or a pseudo-variable. */
type Value = { readonly text: string } | { readonly variable: string }

/**
 * Translates a filter to an expression of Kamailio 5 over a request. Needs the modules pv and textops.
 * @throws {TranslationError} naming the column of what Kamailio has nothing for
 */
export function kamailioCondition(root: FilterNode): KamailioCondition {
  const translator = new Translator()
  const text = translator.translate(root)
  return { text, remarks: [...translator.remarks] }
}

/**
 * Writes a text as a double-quoted string of Kamailio's configuration.
 * @param text one char per byte (latin1)
 * @throws {TranslationError} for byte 0, at which Kamailio's strings end
 */
export function kamailioString(text: string): string {
  if (text.includes('\0')) throw new TranslationError(undefined, 'Kamailio has no texts with a byte 0', 'remove it')
  const escaped = text.replaceAll(/["\\\x01-\x1f\x7f]/g, (char) =>
    char === '"' || char === '\\' ? `\\${char}` : `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
  return `"${escaped}"`
}

/** As {@link kamailioString}, for a parameter of a function in which `$` begins a pseudo-variable. */
export function kamailioParameter(text: string): string {
  return kamailioString(text.replaceAll('$', '$$$$'))
}

class Translator {
  readonly remarks = new Set<string>()

  translate(node: FilterNode): string | boolean {
    switch (node.kind) {
      case 'constant':
        return node.value
      case 'message-kind':
        return node.name === 'is_request'
      case 'and':
      case 'or':
        return this.#chain(node)
      case 'not':
        return negation(this.translate(node.body))
      case 'test':
        return this.#test(node.test, this.#value(node.operand))
      case 'regex':
        return this.#regex(node)
      case 'comparison': {
        const negative = node.operator === '!=' || node.operator === 'notin'
        const text = this.#comparison(node.operator, this.#value(node.left), this.#value(node.right))
        return negative ? negation(text) : text
      }
    }
  }

  /** `&&` or `||` with all the same that follow on its right: chains may be thousands long. */
  #chain(first: FilterNode & { kind: 'and' | 'or' }): string | boolean {
    const { kind } = first
    const terms: (string | boolean)[] = []
    let node: FilterNode = first
    for (; node.kind === kind; node = node.right) terms.push(this.translate(node.left))
    terms.push(this.translate(node))
    return joined(kind, terms)
  }

  #value(operand: Operand): Value {
    if (operand.kind === 'literal') return operand
    const { name, column } = operand
    const constant = ofEveryRequest[name]
    if (constant !== undefined) return { text: constant }
    if (!Object.hasOwn(pseudoVariables, name))
      throw new TranslationError(column, `Kamailio has no pseudo-variable for ${name}`, 'compare something else')
    const variable = pseudoVariables[name as keyof typeof pseudoVariables]
    this.#remark(name, variable)
    return { variable }
  }

  #remark(name: VariableName, variable: string): void {
    if (name.endsWith('.user') || name.endsWith('.params'))
      this.remarks.add(`${name} (${variable}): Kamailio compares %HH as written, Flexisip takes needless ones away.`)
    if (name === 'contact.uri.params')
      this.remarks.add(
        `${name} (${variable}): in a Contact without <> the parameters are the header's, Kamailio takes them for the URI's.`,
      )
    if (name === 'content-type')
      this.remarks.add(`${name} (${variable}): blanks around the / stay, Flexisip removes them.`)
  }

  #test(test: 'defined' | 'numeric', value: Value): string | boolean {
    if ('text' in value) return test === 'defined' ? value.text !== '' : /^[0-9]*$/.test(value.text)
    return test === 'defined' ? `${value.variable} ne ""` : `${value.variable} =~ "^[0-9]*$"`
  }

  #regex({ left, pattern, column }: FilterNode & { kind: 'regex' }): string | boolean {
    const value = this.#value(left)
    if ('text' in value) return pattern.matches(value.text)
    const { text, caseless } = posixPattern(pattern.source, column)
    if (!caseless)
      this.remarks.add(`regex at column ${column} (${value.variable} =~): Kamailio ignores case, Flexisip does not.`)
    return `${value.variable} =~ ${kamailioString(text)}`
  }

  /** A comparison without its negation. `==` would compare numbers as such, `=~` ignores case: `eq` does neither. */
  #comparison(operator: string, left: Value, right: Value): string | boolean {
    switch (operator) {
      case '==':
      case '!=':
        if ('text' in left && 'text' in right) return left.text === right.text
        return 'text' in left ? equal(right, left) : equal(left, right)
      case 'contains':
        if ('text' in right && right.text === '') return true
        if ('text' in left && 'text' in right) return left.text.includes(right.text)
        // Nothing would be the text <null> in a parameter
        return joined('or', [
          'text' in right ? false : `${right.variable} eq ""`,
          joined('and', [defined(left), `str_find(${parameter(left)}, ${parameter(right)})`]),
        ])
      default:
        if ('text' in right) {
          const each = elements(right.text).map((text) => this.#comparison('==', left, { text }))
          return joined('or', each)
        }
        if ('text' in left && left.text.includes(' ')) return false
        return joined('and', [defined(left), defined(right), `in_list(${parameter(left)}, ${parameter(right)}, " ")`])
    }
  }
}

function equal(left: Value, right: Value): string {
  return `${expression(left)} eq ${expression(right)}`
}

function expression(value: Value): string {
  return 'text' in value ? kamailioString(value.text) : value.variable
}

function parameter(value: Value): string {
  return 'text' in value ? kamailioParameter(value.text) : `"${value.variable}"`
}

function defined(value: Value): string | boolean {
  return 'text' in value ? value.text !== '' : `${value.variable} ne ""`
}

function negation(text: string | boolean): string | boolean {
  return typeof text === 'boolean' ? !text : `!(${text})`
}

/** Terms with `&&` or `||` between them; those that are known to be true or false are left out, or decide. */
function joined(kind: 'and' | 'or', terms: readonly (string | boolean)[]): string | boolean {
  const deciding = kind === 'or'
  if (terms.includes(deciding)) return deciding
  const open = terms.filter((term) => typeof term === 'string')
  if (open.length === 0) return !deciding
  return open.length === 1 ? open[0]! : open.map((term) => `(${term})`).join(deciding ? ' || ' : ' && ')
}
