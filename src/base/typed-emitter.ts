/** A map of event names to the arguments that their listeners take. */
export type EventMap<M> = Record<keyof M, unknown[]>

/**
 * An event emitter whose events are typed, and which survives a listener that throws: the other listeners still run,
 * and the error is handed to `onListenerError`, so that an observer can never break a call.
 */
export class TypedEmitter<M extends EventMap<M>> {
  readonly #listeners: { [K in keyof M]?: readonly ((...args: M[K]) => void)[] } = {}
  /** Receives what listeners throw. The default rethrows it outside of the emitter's caller, where the process sees it. */
  onListenerError: (error: unknown) => void = (error) => {
    queueMicrotask(() => {
      throw error
    })
  }

  /**
   * Adds a listener.
   * @returns a function that removes it again
   */
  on<K extends keyof M>(event: K, listener: (...args: M[K]) => void): () => void {
    this.#listeners[event] = [...(this.#listeners[event] ?? []), listener]
    return () => {
      this.#listeners[event] = this.#listeners[event]?.filter((one) => one !== listener) ?? []
    }
  }

  /** Calls the listeners of `event` in the order in which they were added. */
  emit<K extends keyof M>(event: K, ...args: M[K]): void {
    for (const listener of this.#listeners[event] ?? []) {
      try {
        listener(...args)
      } catch (error) {
        this.onListenerError(error)
      }
    }
  }
}
