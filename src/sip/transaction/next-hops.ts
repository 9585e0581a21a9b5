import { type SipRequest } from '../message/message.ts'
import { serialize } from '../message/parse.ts'
import { type SipUri } from '../message/uri.ts'
import { targetForSize } from '../transport/congestion.ts'
import { type Flow, type Target } from '../transport/flow.ts'
import { TransportError } from '../transport/transport-error.ts'

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

/** Bytes of Via and Contact, which a request has only when its flow is known; generous. */
const stampLength = 200

/** The ways to the next hop of one request, one after the other. */
export interface Hops {
  /** No way is left that was not tried. */
  readonly exhausted: boolean
  /** Why the last way could not be taken. */
  readonly error: unknown
  /** A flow to the next target that can be reached at all; undefined when there is none, and `error` says why. */
  next(): Promise<Flow | undefined>
}

/** One flow and no other. */
export class OnlyHop implements Hops {
  #flow: Flow | undefined

  constructor(flow: Flow) {
    this.#flow = flow
  }

  get exhausted(): boolean {
    return this.#flow === undefined
  }

  /** Made when it is asked for, which is seldom: the trace of an error costs more than the message. */
  get error(): TransportError {
    return new TransportError('TRANSPORT_CLOSED', 'the connection to the peer is gone')
  }

  next(): Promise<Flow | undefined> {
    const flow = this.#flow
    this.#flow = undefined
    return Promise.resolve(flow?.closed === false ? flow : undefined)
  }
}

/** The ways to a URI (RFC 3263 §4.3). */
export class NextHops implements Hops {
  readonly #request: SipRequest
  readonly #uri: SipUri
  readonly #flows: FlowSource
  readonly #resolver: TargetResolver
  #fallback: Flow | undefined
  #targets: readonly Target[] | undefined
  #tried = 0
  error: unknown

  /**
   * @param request - without Via
   * @param uri - its next hop
   * @param fallback - a flow that leads to the peer too, taken when all targets failed
   */
  constructor(request: SipRequest, uri: SipUri, flows: FlowSource, resolver: TargetResolver, fallback?: Flow) {
    this.#request = request
    this.#uri = uri
    this.#flows = flows
    this.#resolver = resolver
    this.#fallback = fallback
  }

  get exhausted(): boolean {
    return this.#targets !== undefined && this.#tried >= this.#targets.length && this.#fallback === undefined
  }

  async next(): Promise<Flow | undefined> {
    try {
      this.#targets ??= this.#sized(await this.#resolver.resolve(this.#uri))
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

  /** A request too long for a datagram goes by TCP where UDP was not asked for, and by UDP if TCP fails (RFC 3261 §18.1.1). */
  #sized(targets: readonly Target[]): readonly Target[] {
    if (targets.every(({ protocol }) => protocol !== 'udp')) return targets
    const length = serialize(this.#request).length + stampLength
    return targets.flatMap((target) => {
      const sized = targetForSize(target, this.#uri, length)
      return sized === target ? [target] : [sized, target]
    })
  }
}
