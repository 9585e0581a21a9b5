import { type SipUri } from '../message/uri.ts'
import { type Flow, type Target } from '../transport/flow.ts'

/** The part of the transport layer that finds a way to a target. */
export interface FlowSource {
  /** @throws TransportError when the target cannot be reached */
  flowTo(target: Target): Promise<Flow>
}

/** RFC 3263: the targets of a URI, best first. */
export interface TargetResolver {
  /** @throws CodedError when the name leads nowhere */
  resolve(uri: SipUri): Promise<readonly Target[]>
}

/** The ways to the next hop of one request, one after the other (RFC 3263 §4.3). */
export class NextHops {
  readonly #uri: SipUri
  readonly #flows: FlowSource
  readonly #resolver: TargetResolver
  #fallback: Flow | undefined
  #targets: readonly Target[] | undefined
  #tried = 0
  /** Why the last way could not be taken. */
  error: unknown

  /** @param fallback - a flow that leads to the peer too, taken when all targets failed */
  constructor(uri: SipUri, flows: FlowSource, resolver: TargetResolver, fallback?: Flow) {
    this.#uri = uri
    this.#flows = flows
    this.#resolver = resolver
    this.#fallback = fallback
  }

  /** No way is left that was not tried. */
  get exhausted(): boolean {
    return this.#targets !== undefined && this.#tried >= this.#targets.length && this.#fallback === undefined
  }

  /** A flow to the next target that can be reached at all; undefined when there is none, and `error` says why. */
  async next(): Promise<Flow | undefined> {
    try {
      this.#targets ??= await this.#resolver.resolve(this.#uri)
    } catch (error) {
      this.#targets = []
      this.error = error
    }
    while (this.#tried < this.#targets.length) {
      try {
        return await this.#flows.flowTo(this.#targets[this.#tried++]!)
      } catch (error) {
        this.error = error
      }
    }
    const fallback = this.#fallback
    this.#fallback = undefined
    return fallback?.closed === false ? fallback : undefined
  }
}
