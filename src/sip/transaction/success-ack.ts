import { type SipRequest } from '../message/message.ts'
import { serialize } from '../message/parse.ts'
import { type SipUri } from '../message/uri.ts'
import { type Flow } from '../transport/flow.ts'
import { type Hops } from './next-hops.ts'
import { routeRequest } from './route-request.ts'
import { stampAsUserAgent } from './stamp.ts'

/** What the ACK needs of the layer. */
export interface SuccessAckContext {
  hopsOf(request: SipRequest, uri: SipUri, fallback: Flow | undefined): Hops
  undelivered(request: SipRequest, error: Error): void
}

/**
 * The ACK of a 2xx: a request without a transaction, which its user sends again for every repeated 2xx (RFC 3261
 * §13.2.2.4, §17.1).
 */
export class SuccessAck {
  readonly #request: SipRequest
  readonly #context: SuccessAckContext
  readonly #fallback: Flow | undefined
  /** As it was sent. Text: a Buffer of this size would keep all that was sent about the same time. */
  #text: string | undefined
  #flow: Flow | undefined
  #looking = false

  /** @param request - without Via; it must not change any more */
  constructor(request: SipRequest, context: SuccessAckContext, fallback?: Flow) {
    this.#request = request
    this.#context = context
    this.#fallback = fallback
  }

  /** Sends the ACK, the same each time; finds the next hop on the first, and again when the flow is gone. */
  send(): void {
    if (this.#flow?.closed === false && this.#text !== undefined) {
      this.#flow.send(Buffer.from(this.#text, 'latin1'), this.#onError)
    } else if (!this.#looking) void this.#findAndSend()
  }

  async #findAndSend(): Promise<void> {
    this.#looking = true
    try {
      // a strict router changes the request: it is routed on a copy, so that it can be again
      const request: SipRequest = { ...this.#request, headers: this.#request.headers.clone() }
      const hops = this.#context.hopsOf(request, routeRequest(request), this.#fallback)
      this.#flow = await hops.next()
      if (this.#flow === undefined) throw hops.error
      stampAsUserAgent(request, this.#flow)
      const bytes = serialize(request)
      this.#text = bytes.toString('latin1')
      this.#flow.send(bytes, this.#onError)
    } catch (error) {
      this.#onError(error)
    } finally {
      this.#looking = false
    }
  }

  readonly #onError = (error: unknown): void =>
    this.#context.undelivered(this.#request, error instanceof Error ? error : new Error(String(error)))
}
