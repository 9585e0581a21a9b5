import { type ByteSet, wordBytes } from './byte-set.ts'
import { PatternError } from './pattern-error.ts'
import { type AssertedPlace, type PatternNode, type PatternSyntax } from './syntax.ts'

/**
 * One step of a compiled pattern. A step leads to the one behind it unless it says otherwise.
 *
 * - `byte` takes one byte of a set.
 * - `split` leads to both `first` and `second`; a backtracking run prefers `first`.
 * - `jump` leads to `to`.
 * - `assert` takes nothing and leads on where `place` holds.
 * - `look` leads on where the part that begins at `start` matches ahead (or does not, when `negative`).
 * - `loop` begins another round of a loop; only patterns with back-references have it, as they have `save`.
 * - `save` notes the place in `slot` (2 × group − 2 where the group begins, one more where it ends).
 * - `reference` takes what the group took.
 * - `accept` ends a part.
 */
export type Step =
  | { readonly op: 'byte'; /** Index in {@link Program.sets}. */ readonly set: number }
  | { readonly op: 'split'; first: number; second: number }
  | { readonly op: 'jump'; readonly to: number }
  | { readonly op: 'assert'; readonly place: AssertedPlace }
  | { readonly op: 'look'; readonly part: number; readonly negative: boolean }
  | { readonly op: 'loop'; /** Which loop. */ readonly number: number }
  | { readonly op: 'save'; readonly slot: number }
  | { readonly op: 'reference'; readonly group: number }
  | { readonly op: 'accept' }

/** A compiled pattern. */
export interface Program {
  readonly steps: readonly Step[]
  /** The offset of the first step of each part: the pattern itself, then each look-ahead behind the part that holds it. */
  readonly parts: readonly number[]
  readonly sets: readonly ByteSet[]
  readonly groups: number
  readonly loops: number
}

/** How many steps a program may have; `a{1000}` takes a thousand. libstdc++ stops at 100,000 states. */
const mostSteps = 20_000

/**
 * Compiles a syntax tree; repetitions with bounds are written out.
 * @throws {PatternError} when the program would have more than 20,000 steps
 */
export function compileProgram(syntax: PatternSyntax): Program {
  return new Compiler(syntax).compile()
}

class Compiler {
  readonly #syntax: PatternSyntax
  readonly #steps: Step[] = []
  readonly #sets: ByteSet[] = []
  readonly #setNumbers = new Map<string, number>()
  readonly #parts: number[] = []
  /** Look-aheads whose body is still to be written, in the order of their parts. */
  readonly #bodies: PatternNode[] = []
  #loops = 0
  /** Steps and copies of repeated bodies; an empty body has no steps, and must not be copied without end either. */
  #size = 0

  constructor(syntax: PatternSyntax) {
    this.#syntax = syntax
  }

  compile(): Program {
    this.#bodies.push(this.#syntax.root)
    for (let part = 0; part < this.#bodies.length; part++) {
      this.#parts.push(this.#steps.length)
      this.#node(this.#bodies[part]!)
      this.#step({ op: 'accept' }, 1)
    }
    return {
      steps: this.#steps,
      parts: this.#parts,
      sets: this.#sets,
      groups: this.#syntax.groups,
      loops: this.#loops,
    }
  }

  #grow(column: number): void {
    if (++this.#size <= mostSteps) return
    throw new PatternError(
      column,
      `the pattern takes more than ${mostSteps} steps`,
      'write smaller repetitions, or several rules',
    )
  }

  #step<S extends Step>(step: S, column: number): S {
    this.#grow(column)
    this.#steps.push(step)
    return step
  }

  #node(node: PatternNode, column = 1): void {
    switch (node.kind) {
      case 'byte':
        this.#step({ op: 'byte', set: this.#setNumber(node.set) }, column)
        return
      case 'sequence':
        for (const item of node.items) this.#node(item, column)
        return
      case 'choice':
        this.#choice(node.options, column)
        return
      case 'repeat':
        this.#repeat(node)
        return
      case 'group':
        if (this.#syntax.refersBack) this.#step({ op: 'save', slot: 2 * node.number - 2 }, column)
        this.#node(node.body, column)
        if (this.#syntax.refersBack) this.#step({ op: 'save', slot: 2 * node.number - 1 }, column)
        return
      case 'look-ahead':
        this.#bodies.push(node.body)
        this.#step({ op: 'look', part: this.#bodies.length - 1, negative: node.negative }, column)
        return
      case 'assertion':
        this.#step({ op: 'assert', place: node.place }, column)
        return
      case 'reference':
        this.#step({ op: 'reference', group: node.group }, column)
    }
  }

  #choice(options: readonly PatternNode[], column: number): void {
    const jumps: { to: number }[] = []
    options.forEach((option, index) => {
      const split = index < options.length - 1 ? this.#split(column) : undefined
      if (split) split.first = this.#steps.length
      this.#node(option, column)
      if (!split) return
      jumps.push(this.#step({ op: 'jump', to: 0 }, column))
      split.second = this.#steps.length
    })
    for (const jump of jumps) jump.to = this.#steps.length
  }

  #split(column: number): { first: number; second: number } {
    return this.#step({ op: 'split', first: 0, second: 0 }, column)
  }

  #repeat({ body, min, max, lazy, column }: PatternNode & { kind: 'repeat' }): void {
    for (let copy = 0; copy < min; copy++) {
      this.#grow(column)
      this.#node(body, column)
    }
    if (max === Infinity) {
      this.#loop(body, lazy, column)
      return
    }
    const splits: { first: number; second: number }[] = []
    for (let copy = min; copy < max; copy++) {
      const split = this.#split(column)
      splits.push(split)
      this.#enter(split, lazy)
      this.#node(body, column)
    }
    for (const split of splits) this.#leave(split, lazy)
  }

  #loop(body: PatternNode, lazy: boolean, column: number): void {
    const start = this.#steps.length
    const split = this.#split(column)
    this.#enter(split, lazy)
    if (this.#syntax.refersBack) this.#step({ op: 'loop', number: this.#loops++ }, column)
    this.#node(body, column)
    this.#step({ op: 'jump', to: start }, column)
    this.#leave(split, lazy)
  }

  /** Lets `split` lead to the next step, as its preference unless it is lazy. */
  #enter(split: { first: number; second: number }, lazy: boolean): void {
    split[lazy ? 'second' : 'first'] = this.#steps.length
  }

  /** Lets `split` lead past what it repeats. */
  #leave(split: { first: number; second: number }, lazy: boolean): void {
    split[lazy ? 'first' : 'second'] = this.#steps.length
  }

  #setNumber(set: ByteSet): number {
    const key = set.join('')
    const known = this.#setNumbers.get(key)
    if (known !== undefined) return known
    this.#setNumbers.set(key, this.#sets.length)
    return this.#sets.push(set) - 1
  }
}

/** The sets in which a program tells bytes apart, that of `\b` included. */
export function distinguishingSets({ sets, steps }: Program): readonly ByteSet[] {
  return asksForWords(steps) ? [...sets, wordBytes] : sets
}

/** Whether a word boundary is asserted anywhere. */
export function asksForWords(steps: readonly Step[]): boolean {
  return steps.some(
    (step) => step.op === 'assert' && (step.place === 'word-boundary' || step.place === 'inside-or-outside-word'),
  )
}
