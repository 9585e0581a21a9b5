import { wordBytes } from './byte-set.ts'
import { asksForWords, distinguishingSets, type Program, type Step } from './program.ts'

/**
 * Where a pattern can be after it has read a text from its end to some place: the `byte` steps from which what was read
 * matches.
 */
export interface ReverseState {
  /** Offsets of the steps. */
  readonly steps: Uint16Array
  /** Nothing was read yet. */
  readonly atEnd: boolean
  /** Whether the last byte read, which stands behind the place, belongs to a word. */
  readonly beforeWord: boolean
  /** No text in front can make the pattern match any more. */
  readonly dead: boolean
  /** Whether the automaton keeps this state, and may note its successors. */
  readonly kept: boolean
  /** Successors by byte class, as far as they are known. */
  readonly next: (ReverseState | undefined)[]
  /** Whether the pattern matches when nothing stands in front; unknown until asked. */
  accepted: boolean | undefined
}

/** What stands in front of a place: nothing, or a byte that does or does not belong to a word. */
type Before = 'nothing' | 'word' | 'other'

const op = { byte: 0, split: 1, jump: 2, assert: 3, look: 4, accept: 5 } as const

/** How many states are kept; when there are more, they are all forgotten. */
const mostKept = 500

/**
 * A pattern without back-references as an automaton that reads texts from their end to their beginning, built state by
 * state as texts ask for it. Reading backwards makes look-ahead regular: when a look-ahead is reached, what lies ahead
 * has been read, and whether it matches is known. The work a byte is bounded by the size of the program.
 *
 * As in libstdc++, a look-ahead sees the text as if it began where it looks from: `a(?=^b)b` matches `ab`.
 */
export class ReverseAutomaton {
  /** The class of each byte; bytes of one class are alike for the pattern. */
  readonly classOf = new Uint8Array(256)
  /** The first byte of each class. */
  readonly examples: readonly number[]
  /** Steps walked since the counter was last set to 0: a measure of work, some 5 to 10 ns each. */
  work = 0
  #start: ReverseState
  readonly #parts: readonly number[]
  readonly #ops: Uint8Array
  readonly #partOf: Uint16Array
  /** Per step what its operation needs: the set of a byte, the part of a look, ×2 +1 when negative. */
  readonly #operand: Int32Array
  readonly #program: Program
  /** The steps that lead to step `s` are `#sources[#sourcesFrom[s]…#sourcesFrom[s + 1]]`. */
  readonly #sources: Uint16Array
  readonly #sourcesFrom: Uint32Array
  /** Whether a set holds a class: element set × classes + class. */
  readonly #holds: Uint8Array
  readonly #classIsWord: readonly boolean[]
  readonly #asksForWords: boolean
  /** Parts whose outcome can depend on what stands in front of where they begin. */
  readonly #dependsOnStart: readonly boolean[]
  readonly #kept = new Map<string, ReverseState>()
  // Scratch memory of one walk
  /** The walk that last reached each step; doubles, so that the count of walks never wraps. */
  readonly #marks: Float64Array
  #mark = 0
  readonly #stack: Uint16Array
  readonly #ready: Uint16Array
  #readyCount = 0
  readonly #lookHolds: boolean[]

  constructor(program: Program) {
    const { steps, parts } = program
    this.#program = program
    this.#parts = parts
    this.#asksForWords = asksForWords(steps)
    this.examples = this.#classify()
    this.#classIsWord = this.examples.map((byte) => wordBytes[byte] === 1)
    this.#holds = Uint8Array.from(program.sets.flatMap((set) => this.examples.map((byte) => set[byte]!)))
    this.#ops = Uint8Array.from(steps, (step) => op[step.op as keyof typeof op])
    this.#operand = Int32Array.from(steps, operand)
    this.#partOf = Uint16Array.from(steps, (_, index) => parts.findLastIndex((start) => start <= index))
    ;[this.#sources, this.#sourcesFrom] = sourcesOf(steps)
    this.#dependsOnStart = parts.map((start, part) =>
      steps.slice(start, parts[part + 1]).some((step) => step.op === 'assert' && step.place !== 'end'),
    )
    this.#marks = new Float64Array(steps.length)
    this.#stack = new Uint16Array(steps.length)
    this.#ready = new Uint16Array(steps.length)
    this.#lookHolds = parts.map(() => false)
    this.#start = this.#startState()
  }

  /** The state before anything was read. */
  get start(): ReverseState {
    return this.#start
  }

  /**
   * The state after a byte of class `byteClass` was read in front of what led to `state`.
   * @param keep whether to look among the kept states and keep the result, which costs more and saves it the next time
   */
  step(state: ReverseState, byteClass: number, keep: boolean): ReverseState {
    const known = state.next[byteClass]
    if (known) return known
    const isWord = this.#classIsWord[byteClass]!
    this.#readyCount = 0
    this.#walkAll(state, isWord ? 'word' : 'other')
    const classes = this.examples.length
    let count = 0
    for (let i = 0; i < this.#readyCount; i++) {
      const step = this.#ready[i]!
      if (this.#holds[this.#operand[step]! * classes + byteClass] === 1) this.#stack[count++] = step
    }
    const steps = this.#stack.slice(0, count)
    const beforeWord = this.#asksForWords && isWord
    if (!keep) return this.#newState(steps, beforeWord, false)
    this.work += 4 * count
    const next = this.#keep(steps.sort(), beforeWord)
    if (state.kept) state.next[byteClass] = next
    return next
  }

  /** Whether the pattern matches a text of which `state` is what reading all of it led to. */
  accepts(state: ReverseState): boolean {
    if (state.accepted !== undefined) return state.accepted
    for (let part = this.#parts.length - 1; part > 0; part--) this.#walkLook(part, state, undefined)
    return (state.accepted = this.#walk(0, state, 'nothing', false))
  }

  #startState(): ReverseState {
    const state = { steps: new Uint16Array(0), atEnd: true, beforeWord: false, dead: false, kept: true, next: [] }
    return { ...state, accepted: undefined }
  }

  #keep(steps: Uint16Array, beforeWord: boolean): ReverseState {
    const key = String.fromCharCode(beforeWord ? 1 : 0, ...steps)
    const known = this.#kept.get(key)
    if (known) return known
    if (this.#kept.size >= mostKept) {
      this.#kept.clear()
      this.#start = this.#startState()
    }
    const state = this.#newState(steps, beforeWord, true)
    this.#kept.set(key, state)
    return state
  }

  #newState(steps: Uint16Array, beforeWord: boolean, kept: boolean): ReverseState {
    const dead = !steps.some((step) => this.#partOf[step] === 0)
    return { steps, atEnd: false, beforeWord, dead, kept, next: [], accepted: undefined }
  }

  /** Finds the `byte` steps that lead, by whatever byte, to where `state` is; look-aheads inside others come first. */
  #walkAll(state: ReverseState, before: Before): void {
    for (let part = this.#parts.length - 1; part > 0; part--) this.#walkLook(part, state, before)
    this.#walk(0, state, before, true)
  }

  #walkLook(part: number, state: ReverseState, before: Before | undefined): void {
    if (!this.#dependsOnStart[part]) {
      this.#lookHolds[part] = this.#walk(part, state, 'nothing', before !== undefined)
      return
    }
    this.#lookHolds[part] = this.#walk(part, state, 'nothing', false)
    if (before !== undefined) this.#walk(part, state, before, true)
  }

  /**
   * Walks one part backwards without reading, from where `state` is.
   * @param collect whether to note the `byte` steps that are reached
   * @returns whether the part's first step was reached
   */
  #walk(part: number, state: ReverseState, before: Before, collect: boolean): boolean {
    const mark = ++this.#mark
    const marks = this.#marks
    const stack = this.#stack
    let depth = 0
    let work = state.steps.length
    for (const step of state.steps) {
      if (this.#partOf[step] !== part) continue
      marks[step] = mark
      stack[depth++] = step
    }
    if (part > 0 || state.atEnd) {
      const accept = (this.#parts[part + 1] ?? this.#ops.length) - 1
      marks[accept] = mark
      stack[depth++] = accept
    }
    while (depth > 0) {
      const target = stack[--depth]!
      const last = this.#sourcesFrom[target + 1]!
      for (let i = this.#sourcesFrom[target]!; i < last; i++) {
        const step = this.#sources[i]!
        work++
        if (this.#ops[step] === op.byte) {
          if (collect) this.#ready[this.#readyCount++] = step
        } else if (marks[step] !== mark && this.#leadsOn(step, state, before)) {
          marks[step] = mark
          stack[depth++] = step
        }
      }
    }
    this.work += work
    return marks[this.#parts[part]!] === mark
  }

  #leadsOn(step: number, state: ReverseState, before: Before): boolean {
    if (this.#ops[step] === op.look) {
      const operand = this.#operand[step]!
      return this.#lookHolds[operand >> 1] === ((operand & 1) === 0)
    }
    if (this.#ops[step] !== op.assert) return true
    const { place } = this.#program.steps[step] as Step & { op: 'assert' }
    switch (place) {
      case 'start':
        return before === 'nothing'
      case 'end':
        return state.atEnd
      case 'word-boundary':
        return (before === 'word') !== state.beforeWord
      case 'inside-or-outside-word':
        return (before === 'word') === state.beforeWord
    }
  }

  /** Sorts bytes into classes: two are alike when every set holds both or neither. */
  #classify(): readonly number[] {
    const sets = distinguishingSets(this.#program)
    const classes = new Map<string, number>()
    const examples: number[] = []
    for (let byte = 0; byte < 256; byte++) {
      const signature = sets.map((set) => set[byte]).join('')
      const known = classes.get(signature)
      if (known === undefined) classes.set(signature, examples.push(byte) - 1)
      this.classOf[byte] = known ?? examples.length - 1
    }
    return examples
  }
}

function operand(step: Step): number {
  if (step.op === 'byte') return step.set
  return step.op === 'look' ? 2 * step.part + (step.negative ? 1 : 0) : 0
}

/** Inverts the edges of a program: for each step those that lead to it, flat. */
function sourcesOf(steps: readonly Step[]): [sources: Uint16Array, from: Uint32Array] {
  const targets = (step: Step, index: number): readonly number[] => {
    if (step.op === 'split') return [step.first, step.second]
    if (step.op === 'jump') return [step.to]
    return step.op === 'accept' ? [] : [index + 1]
  }
  const from = new Uint32Array(steps.length + 1)
  steps.forEach((step, index) => targets(step, index).forEach((target) => from[target + 1]!++))
  for (let index = 0; index < steps.length; index++) from[index + 1]! += from[index]!
  const filled = from.slice()
  const sources = new Uint16Array(from[steps.length]!)
  steps.forEach((step, index) => targets(step, index).forEach((target) => (sources[filled[target]!++] = index)))
  return [sources, from]
}
