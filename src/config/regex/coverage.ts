import { type ReverseAutomaton, type ReverseState } from './reverse-automaton.ts'
import { compileRule, type RulePattern } from './rule-pattern.ts'

/** How many states, or pairs of states, one question may visit before it stays unanswered. */
const mostVisited = 500

/**
 * A text that `pattern` matches.
 * @returns the text, `none` when there is none, or `undefined` when none was found in reasonable time
 */
export function exampleOf(pattern: RulePattern): { readonly text: string } | 'none' | undefined {
  if (!pattern.automaton) return undefined
  return search([pattern.automaton], ([automaton], [state]) => automaton!.accepts(state!))
}

/**
 * Whether `wide` matches every text that `narrow` matches, as far as texts without line ends go: the value of a header
 * holds none. Only a certain yes is true: a pattern with back-references covers its own like alone, and patterns whose
 * automata are too large to compare cover nothing.
 */
export function covers(wide: RulePattern, narrow: RulePattern): boolean {
  if (wide.source === narrow.source) return true
  if (!wide.automaton) return false
  const counterexample = search(
    // What refers back matches some texts; who matches every text matches those
    [narrow.automaton ?? compileRule('.*').automaton!, wide.automaton],
    ([inner, outer], [inside, outside]) => inner!.accepts(inside!) && !outer!.accepts(outside!),
  )
  return counterexample === 'none'
}

/**
 * Reads texts from their end in all automata at once, until what they led to satisfies `found`. A path on which the
 * first automaton is dead is not followed.
 */
function search(
  automata: readonly ReverseAutomaton[],
  found: (automata: readonly ReverseAutomaton[], states: readonly ReverseState[]) => boolean,
): { readonly text: string } | 'none' | undefined {
  const bytes = telling(automata)
  const numbers = new Map<ReverseState, number>()
  const numberOf = (state: ReverseState): number => {
    const known = numbers.get(state)
    if (known !== undefined) return known
    numbers.set(state, numbers.size)
    return numbers.size - 1
  }
  const visited = new Set<string>()
  const open: { readonly states: readonly ReverseState[]; readonly text: string }[] = [
    { states: automata.map(({ start }) => start), text: '' },
  ]
  for (let one = open.pop(); one; one = open.pop()) {
    const { states, text } = one
    const key = states.map(numberOf).join()
    if (visited.has(key)) continue
    if (visited.size >= mostVisited) return undefined
    visited.add(key)
    if (found(automata, states)) return { text }
    for (const byte of bytes) {
      const next = states.map((state, index) => automata[index]!.step(state, automata[index]!.classOf[byte]!, true))
      if (!next[0]!.dead) open.push({ states: next, text: String.fromCharCode(byte) + text })
    }
  }
  return 'none'
}

/** One byte of each kind that the automata tell apart, line ends left out. */
function telling(automata: readonly ReverseAutomaton[]): readonly number[] {
  const kinds = new Map<string, number>()
  for (let byte = 255; byte >= 0; byte--) {
    if (byte === 0x0a || byte === 0x0d) continue
    kinds.set(automata.map(({ classOf }) => classOf[byte]).join(), byte)
  }
  return [...kinds.values()]
}
