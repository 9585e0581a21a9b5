import { type PatternVerdict } from './rule-pattern.ts'
import { type ReverseAutomaton } from './reverse-automaton.ts'
import { WorkLimit } from './work-limit.ts'

/** How many states one match may have the automaton keep; keeping all would cost hostile texts more than it saves. */
const mostNewStates = 64

/**
 * Matches the whole of `text` from its end to its beginning, one look-up a byte where the automaton's states are known.
 * The time is linear in the text; a pattern that holds hundreds of places open at once is stopped at the work limit.
 */
export function matchLinear(automaton: ReverseAutomaton, text: string): PatternVerdict {
  const { classOf } = automaton
  automaton.work = 0
  let state = automaton.start
  let keepable = mostNewStates
  let limit: WorkLimit | undefined
  for (let offset = text.length - 1; offset >= 0; offset--) {
    const byteClass = classOf[text.charCodeAt(offset)]
    if (byteClass === undefined) return 'no-match' // no byte: the text did not come off a wire
    const known = state.next[byteClass]
    if (known === undefined) {
      state = automaton.step(state, byteClass, keepable-- > 0)
      if ((limit ??= new WorkLimit()).reached(automaton.work)) return 'exhausted'
    } else {
      state = known
    }
    if (state.dead) return 'no-match'
  }
  return automaton.accepts(state) ? 'match' : 'no-match'
}
