import { wordBytes } from './byte-set.ts'
import { type Program } from './program.ts'
import { type PatternVerdict } from './rule-pattern.ts'
import { type AssertedPlace } from './syntax.ts'
import { WorkLimit } from './work-limit.ts'

/** A step here takes some 20 ns, with what it notes to be undone. */
const stepWork = 3

/** What to do when a path fails: go on elsewhere, or put back what that path had changed. Three numbers each. */
const trail = { resume: 0, slot: 1, loop: 2 } as const

/**
 * Matches the whole of `text` against a program with back-references, which no linear method can. It tries the paths
 * one by one in libstdc++'s order, and gives up at the work limit.
 *
 * Three things are libstdc++'s own: a group keeps its text from one round of a loop to the next, and so does one within
 * a look-ahead when the path behind that fails; a group that took no part matches nothing; a loop may go at most two
 * rounds without taking a byte.
 */
export function matchBacktracking(program: Program, text: string): PatternVerdict {
  const run = new Run(program, text)
  const matched = run.part(0, 0, new Int32Array(2 * program.groups).fill(-1))
  return run.exhausted ? 'exhausted' : matched ? 'match' : 'no-match'
}

class Run {
  readonly #program: Program
  readonly #text: string
  readonly #limit = new WorkLimit()
  #work = 0
  /** The work limit was reached; what {@link part} returned means nothing then. */
  exhausted = false

  constructor(program: Program, text: string) {
    this.#program = program
    this.#text = text
  }

  /**
   * Runs one part from `start`, which it takes for the beginning of the text.
   * @param slots where groups begin and end, -1 where they did not; holds what the successful path found
   */
  part(part: number, start: number, slots: Int32Array): boolean {
    const { steps, sets, parts, loops } = this.#program
    const text = this.#text
    // Per loop: the place of its last round, and how many rounds began there
    const rounds = new Int32Array(2 * loops).fill(-1)
    const undo: number[] = [trail.resume, parts[part]!, start]
    while (undo.length > 0) {
      let place = undo.pop()!
      let at = undo.pop()!
      const kind = undo.pop()!
      if (kind === trail.slot) {
        slots[at] = place
        continue
      }
      if (kind === trail.loop) {
        // Two entries: the place, then the count
        rounds[at] = place
        continue
      }
      for (let alive = true; alive;) {
        this.#work += stepWork
        if (this.#limit.reached(this.#work)) this.exhausted = true
        if (this.exhausted) return false
        const step = steps[at]!
        at++
        switch (step.op) {
          case 'byte':
            alive = place < text.length && sets[step.set]![text.charCodeAt(place++)] === 1
            break
          case 'split':
            undo.push(trail.resume, step.second, place)
            at = step.first
            break
          case 'jump':
            at = step.to
            break
          case 'assert':
            alive = this.#holds(step.place, place, start)
            break
          case 'look': {
            const found = slots.slice()
            const matched = this.part(step.part, place, found)
            if (matched) slots.set(found)
            alive = matched !== step.negative
            break
          }
          case 'loop': {
            const slot = 2 * step.number
            const again = rounds[slot] === place
            alive = !again || rounds[slot + 1]! < 2
            if (!alive) break
            undo.push(trail.loop, slot, rounds[slot]!, trail.loop, slot + 1, rounds[slot + 1]!)
            rounds[slot + 1] = again ? rounds[slot + 1]! + 1 : 1
            rounds[slot] = place
            break
          }
          case 'save':
            undo.push(trail.slot, step.slot, slots[step.slot]!)
            slots[step.slot] = place
            break
          case 'reference':
            place = this.#again(slots[2 * step.group - 2]!, slots[2 * step.group - 1]!, place)
            alive = place >= 0
            break
          case 'accept':
            if (part > 0 || place === text.length) return true
            alive = false
        }
      }
    }
    return false
  }

  /** Takes the text from `from` to `to` again at `place`; -1 when it does not stand there, or the group took no part. */
  #again(from: number, to: number, place: number): number {
    if (to < 0) return -1
    const text = this.#text
    let offset = from
    while (offset < to && text.charCodeAt(offset) === text.charCodeAt(place + offset - from)) offset++
    this.#work += (offset - from) >> 2
    return offset === to ? place + to - from : -1
  }

  #holds(asserted: AssertedPlace, place: number, start: number): boolean {
    switch (asserted) {
      case 'start':
        return place === start
      case 'end':
        return place === this.#text.length
      case 'word-boundary':
        return this.#inWord(place - 1, start) !== this.#inWord(place, start)
      case 'inside-or-outside-word':
        return this.#inWord(place - 1, start) === this.#inWord(place, start)
    }
  }

  #inWord(place: number, start: number): boolean {
    return place >= start && place < this.#text.length && wordBytes[this.#text.charCodeAt(place)] === 1
  }
}
