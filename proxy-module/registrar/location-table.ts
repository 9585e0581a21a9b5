import { type Clock, type Timer } from '../../src/base/clock.ts'
import { parseUri, uriParam } from '../../src/sip/message/uri.ts'
import { type Flow } from '../../src/sip/transport/flow.ts'
import { addressOfRecord } from './address-of-record.ts'
import { type StoredBinding } from './stored-binding.ts'

/** How often what has expired is swept out, in milliseconds. Lookups leave it out at once. */
const sweepInterval = 60_000

const none: readonly StoredBinding[] = []

/** Where users are, in memory: one process, gone with it. */
export class LocationTable {
  readonly #clock: Clock
  readonly #capacity: number
  readonly #bindings = new Map<string, readonly StoredBinding[]>()
  /** The addresses-of-record that have bindings over a connection, by its id. */
  readonly #byFlow = new Map<number, Set<string>>()
  #count = 0
  #sweep: Timer | undefined

  /** @param capacity - bindings that are kept at most */
  constructor(clock: Clock, capacity = 100_000) {
    this.#clock = clock
    this.#capacity = capacity
  }

  /** Addresses-of-record, bindings and connections in the table. */
  counts(): { readonly users: number; readonly bindings: number; readonly flows: number } {
    return { users: this.#bindings.size, bindings: this.#count, flows: this.#byFlow.size }
  }

  /**
   * The live bindings of an address-of-record, the highest q first, of equal ones the newest. Of a GRUU only those of its
   * instance (RFC 5627 §6.2).
   * @param uri - any sip or sips URI of the address
   * @throws UriError
   */
  lookup(uri: string): readonly StoredBinding[] {
    const parsed = parseUri(uri)
    const aor = addressOfRecord(parsed)
    const all = aor === undefined ? none : this.get(aor)
    const gruu = uriParam(parsed, 'gr')
    const found = typeof gruu === 'string' ? all.filter(({ instance }) => instance === gruu) : all
    return found.length < 2 ? found : found.toReversed().sort((a, b) => b.q - a.q)
  }

  /** The live bindings of a key that `addressOfRecord` made, in the order of their last refresh. */
  get(aor: string): readonly StoredBinding[] {
    const all = this.#bindings.get(aor) ?? none
    const now = this.#clock.now()
    return all.every(({ expiresAt }) => expiresAt > now) ? all : all.filter(({ expiresAt }) => expiresAt > now)
  }

  /** Whether `bindings` can replace what there is of `aor` without exceeding the capacity. */
  hasRoom(aor: string, bindings: readonly StoredBinding[]): boolean {
    return this.#count - (this.#bindings.get(aor)?.length ?? 0) + bindings.length <= this.#capacity
  }

  /** Replaces the bindings of an address-of-record. */
  set(aor: string, bindings: readonly StoredBinding[]): void {
    const before = this.#bindings.get(aor) ?? none
    this.#count += bindings.length - before.length
    if (bindings.length === 0) this.#bindings.delete(aor)
    else this.#bindings.set(aor, bindings)
    for (const { flow } of before) if (flow !== undefined) this.#unlink(flow, aor)
    for (const { flow } of bindings) if (flow?.reliable) this.#link(flow, aor)
    if (this.#bindings.size === 0) this.close()
    else this.#sweep ??= this.#clock.after(sweepInterval, () => this.#removeExpired())
  }

  /** A connection has closed: bindings that live on it alone go, others forget it. To be called for every flow that closes. */
  flowClosed(flow: Flow): void {
    for (const aor of this.#byFlow.get(flow.id) ?? []) {
      const left: StoredBinding[] = []
      for (const binding of this.#bindings.get(aor) ?? none) {
        if (binding.flow?.id !== flow.id) left.push(binding)
        else if (!binding.flowBound) left.push(withoutFlow(binding))
      }
      this.set(aor, left)
    }
  }

  /** Stops the timer; the table can be used on. */
  close(): void {
    this.#sweep?.cancel()
    this.#sweep = undefined
  }

  #removeExpired(): void {
    this.#sweep = undefined
    for (const [aor, before] of this.#bindings) {
      const live = this.get(aor)
      if (live.length < before.length) this.set(aor, live)
    }
    if (this.#bindings.size > 0) this.#sweep ??= this.#clock.after(sweepInterval, () => this.#removeExpired())
  }

  #link(flow: Flow, aor: string): void {
    const aors = this.#byFlow.get(flow.id)
    if (aors === undefined) this.#byFlow.set(flow.id, new Set([aor]))
    else aors.add(aor)
  }

  #unlink(flow: Flow, aor: string): void {
    const aors = this.#byFlow.get(flow.id)
    aors?.delete(aor)
    if (aors?.size === 0) this.#byFlow.delete(flow.id)
  }
}

function withoutFlow(binding: StoredBinding): StoredBinding {
  const rest: { -readonly [K in keyof StoredBinding]: StoredBinding[K] } = { ...binding }
  delete rest.flow
  return rest
}
