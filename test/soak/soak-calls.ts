import { setTimeout as sleep } from 'node:timers/promises'
import { type Chance } from '../support/torture/chance.ts'
import { type Flow } from './flows.ts'
import { type CallCounts, type MediaLab } from './media-lab.ts'
import { SoakCall, TurnedAway } from './soak-call.ts'
import { type SoakPhone } from './soak-phone.ts'

/** Milliseconds between two first calls. */
const stagger = 50

/** What became of the calls of one flow. */
export interface Tally {
  placed: number
  asPlanned: number
  turnedAway: number
}

/** What the calls need. */
export interface SoakCallsParts {
  readonly callers: readonly SoakPhone[]
  readonly callee: SoakPhone
  readonly media: MediaLab
  readonly route: string
  readonly flows: readonly Flow[]
  readonly chance: Chance
}

/** Keeps so many calls up, each of a flow at random, and counts how they go. */
export class SoakCalls {
  readonly tallies = new Map<string, Tally>()
  /** What did not go as planned. */
  readonly failures: string[] = []
  /** Of calls whose phones stayed to the end. */
  readonly media = { sent: 0, arrived: 0, strange: 0 }
  /** The same, of those that were up during the flood. */
  readonly floodedMedia = { sent: 0, arrived: 0, strange: 0 }
  /** Somebody else calls for no reason: a call may be turned away. */
  flooded = false
  turnedAwayInPeace = 0
  readonly #parts: SoakCallsParts
  readonly #weights: number

  constructor(parts: SoakCallsParts) {
    this.#parts = parts
    this.#weights = parts.flows.reduce((sum, { weight }) => sum + weight, 0)
  }

  /** Counts from zero: a server that has just begun may be behind with its work. What failed is kept. */
  forget(): void {
    this.turnedAwayInPeace = 0
    this.tallies.clear()
    for (const media of [this.media, this.floodedMedia]) Object.assign(media, { sent: 0, arrived: 0, strange: 0 })
  }

  /**
   * Places calls, and waits for the last to end.
   * @param atOnce how many at a time
   * @param duration milliseconds after which no new one is placed
   */
  async run(atOnce: number, duration: number): Promise<void> {
    const end = performance.now() + duration
    const line = async (slot: number): Promise<void> => {
      await sleep(slot * stagger)
      while (performance.now() < end) await this.#place(slot)
    }
    await Promise.all(Array.from({ length: atOnce }, (_, slot) => line(slot)))
  }

  async #place(slot: number): Promise<void> {
    const { callers, callee, media, route, chance } = this.#parts
    const flow = this.#choose()
    const tally = this.tallies.get(flow.name) ?? { placed: 0, asPlanned: 0, turnedAway: 0 }
    this.tallies.set(flow.name, tally)
    tally.placed++
    const call = new SoakCall({ caller: chance.of(callers), callee, media, route, slot })
    const before = this.flooded
    try {
      await flow.run(call, chance)
      tally.asPlanned++
    } catch (error) {
      if (error instanceof TurnedAway) {
        tally.turnedAway++
        if (!before && !this.flooded) this.turnedAwayInPeace++
        await sleep(1000)
      } else this.failures.push(`${flow.name}, ${call.user}: ${String(error)}`)
    }
    const counts = await call.finish()
    if (flow.lossy !== true) this.#count(counts, before || this.flooded ? this.floodedMedia : this.media)
  }

  #count({ a, b }: CallCounts, media: SoakCalls['media']): void {
    media.sent += a.sent + b.sent
    media.arrived += a.arrived + b.arrived
    media.strange += a.strange + b.strange
  }

  #choose(): Flow {
    const { flows, chance } = this.#parts
    let left = chance.below(this.#weights)
    for (const flow of flows) {
      left -= flow.weight
      if (left < 0) return flow
    }
    throw new Error('no flow')
  }
}
