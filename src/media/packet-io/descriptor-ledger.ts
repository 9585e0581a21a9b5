import { closeSync } from 'node:fs'

/** Descriptors that have a place; those above are closed by whoever opened them, or not at all. */
const places = 65_536

/**
 * Which descriptors a thread holds that Node knows nothing of, in memory that outlives the thread: however it ends, the
 * thread that started it closes what is left.
 */
export class DescriptorLedger {
  /** To be handed to the other thread. */
  readonly memory: SharedArrayBuffer
  readonly #held: Uint8Array

  constructor(memory = new SharedArrayBuffer(places)) {
    this.memory = memory
    this.#held = new Uint8Array(memory)
  }

  /** Notes a descriptor that was just opened. */
  add(descriptor: number): void {
    this.#held[descriptor] = 1
  }

  /** Forgets one that is about to be closed: its number may be another's a moment later. */
  remove(descriptor: number): void {
    this.#held[descriptor] = 0
  }

  /** Closes all that is left. The thread that held them must have ended. */
  closeAll(): void {
    for (let fd = this.#held.indexOf(1); fd >= 0; fd = this.#held.indexOf(1, fd + 1)) {
      this.remove(fd)
      closeSync(fd)
    }
  }
}
