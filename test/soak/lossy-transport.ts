import { type SipMessage, type SipResponse } from '../../src/sip/message/message.ts'
import { type TransactionTransport } from '../../src/sip/transaction/transaction-layer.ts'
import { type Flow, type Target } from '../../src/sip/transport/flow.ts'
import { TransportLayer } from '../../src/sip/transport/transport-layer.ts'

/** A flow of UDP that loses some of what is sent over it. */
class LossyFlow implements Flow {
  readonly #flow: Flow
  readonly #isLost: () => boolean
  readonly id: number
  readonly protocol: Flow['protocol']
  readonly reliable: boolean
  readonly secure: boolean
  readonly local: Flow['local']
  readonly remote: Flow['remote']
  readonly sentBy: string
  readonly contact: string

  constructor(flow: Flow, isLost: () => boolean) {
    this.#flow = flow
    this.#isLost = isLost
    const { id, protocol, reliable, secure, local, remote, sentBy, contact } = flow
    this.id = id
    this.protocol = protocol
    this.reliable = reliable
    this.secure = secure
    this.local = local
    this.remote = remote
    this.sentBy = sentBy
    this.contact = contact
  }

  get closed(): boolean {
    return this.#flow.closed
  }

  send(bytes: Buffer, onError?: Parameters<Flow['send']>[1]): void {
    if (!this.#isLost()) this.#flow.send(bytes, onError)
  }
}

/**
 * The transport of a phone: it loses datagrams both ways, it can go deaf for one call, and it can lose its socket and come back on
 * another.
 */
export class LossyTransport implements TransactionTransport {
  onMessage: (message: SipMessage, flow: Flow) => void = () => undefined
  onFlowClosed: (flow: Flow) => void = () => undefined
  /** How many messages came, by method, or status and method. */
  readonly received = new Map<string, number>()
  lost = 0
  uri = ''
  readonly protocol: 'udp' | 'tcp'
  /** Part of the datagrams that are lost, each way. */
  readonly loss: number
  readonly #deaf = new Set<string>()
  #inner = new TransportLayer()

  constructor(protocol: 'udp' | 'tcp', loss: number) {
    this.protocol = protocol
    this.loss = loss
  }

  /** @param port 0 takes any */
  async listen(port: number): Promise<void> {
    const inner = this.#inner
    inner.onMessage = (message, flow) => this.#receive(message, flow)
    inner.onFlowClosed = (flow) => this.onFlowClosed(flow)
    const at = await inner.listen({ protocol: this.protocol, host: '127.0.0.1', port })
    this.uri = `sip:127.0.0.1:${at.port};transport=${this.protocol}`
  }

  /** The phone has another address from now on, and none of its connections. */
  async move(): Promise<void> {
    await this.#inner.close()
    this.#inner = new TransportLayer()
    await this.listen(0)
  }

  /** Nothing that belongs to this call is heard or answered any more. */
  ignore(callId: string): void {
    this.#deaf.add(callId)
  }

  async flowTo(target: Target): Promise<Flow> {
    const flow = await this.#inner.flowTo(target)
    return flow.reliable ? flow : new LossyFlow(flow, () => this.#isLost())
  }

  async respond(response: SipResponse, flow: Flow): Promise<void> {
    if (this.#ignores(response) || (!flow.reliable && this.#isLost())) return
    await this.#inner.respond(response, flow)
  }

  close(): Promise<void> {
    return this.#inner.close()
  }

  #receive(message: SipMessage, flow: Flow): void {
    if (this.#ignores(message) || (!flow.reliable && this.#isLost())) return
    const kind =
      message.kind === 'request'
        ? message.method
        : `${message.status} ${message.headers.get('CSeq')?.split(' ')[1] ?? ''}`
    this.received.set(kind, (this.received.get(kind) ?? 0) + 1)
    this.onMessage(message, flow)
  }

  #ignores({ headers }: SipMessage): boolean {
    return this.#deaf.size > 0 && this.#deaf.has(headers.get('Call-ID') ?? '')
  }

  #isLost(): boolean {
    const lost = Math.random() < this.loss
    if (lost) this.lost++
    return lost
  }
}
