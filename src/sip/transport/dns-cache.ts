import { type Clock } from '../../base/clock.ts'
import { type DnsAnswer, type DnsClient } from './dns-client.ts'

/** The longest time, in seconds, that an answer is kept, whatever its TTL: an operator who changes a record waits no longer. */
const longest = 60
/** The time, in seconds, that "there is none" is kept, and an answer without TTL. */
const withoutTtl = 10
/** Names come from the network (Request-URIs): the cache must not grow with them. */
const defaultSize = 512

interface Entry {
  /** On the clock, in ms; Infinity while the question is under way. */
  until: number
  readonly answer: Promise<DnsAnswer<unknown>>
}

/**
 * Answers of a {@link DnsClient}, kept for their TTL within bounds. Equal questions that come while one is under way share
 * its answer. Failures are not kept.
 */
export class DnsCache implements DnsClient {
  readonly #client: DnsClient
  readonly #clock: Clock
  readonly #size: number
  readonly #entries = new Map<string, Entry>()

  /** @param size how many answers are kept at most; the oldest gives way */
  constructor(client: DnsClient, clock: Clock, size: number = defaultSize) {
    this.#client = client
    this.#clock = clock
    this.#size = size
  }

  /** How many answers are kept, or being asked for. */
  get size(): number {
    return this.#entries.size
  }

  hosts: DnsClient['hosts'] = (name) => this.#client.hosts(name) // a file of this machine: its changes count at once
  naptr: DnsClient['naptr'] = (name) => this.#ask(`naptr ${name}`, () => this.#client.naptr(name))
  srv: DnsClient['srv'] = (name) => this.#ask(`srv ${name}`, () => this.#client.srv(name))
  a: DnsClient['a'] = (name) => this.#ask(`a ${name}`, () => this.#client.a(name))
  aaaa: DnsClient['aaaa'] = (name) => this.#ask(`aaaa ${name}`, () => this.#client.aaaa(name))
  lookup: DnsClient['lookup'] = (name) => this.#ask(`lookup ${name}`, () => this.#client.lookup(name))

  #ask<Record>(question: string, ask: () => Promise<DnsAnswer<Record>>): Promise<DnsAnswer<Record>> {
    const known = this.#entries.get(question)
    // the key holds the record type, so the answer is of the type asked for
    if (known !== undefined && known.until > this.#clock.now()) return known.answer as Promise<DnsAnswer<Record>>
    const answer = ask()
    const entry: Entry = { until: Infinity, answer }
    this.#entries.delete(question)
    this.#entries.set(question, entry)
    const oldest = this.#entries.keys().next().value
    if (this.#entries.size > this.#size && oldest !== undefined) this.#entries.delete(oldest)
    answer.then(
      ({ records, ttl }) => {
        const seconds = records.length === 0 ? withoutTtl : Math.min(ttl ?? withoutTtl, longest)
        entry.until = this.#clock.now() + seconds * 1000
      },
      () => {
        if (this.#entries.get(question) === entry) this.#entries.delete(question)
      },
    )
    return answer
  }
}
