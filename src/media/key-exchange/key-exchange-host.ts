import { type MessagePort } from 'node:worker_threads'
import { DtlsAssociation } from '../dtls/dtls-association.ts'
import { type DtlsContext } from '../dtls/dtls-context.ts'
import { toKeyMessage } from '../key-message.ts'
import { type KeyExchangeEvent, type KeyExchangeRequest } from './key-exchange-messages.ts'

interface Running {
  readonly association: DtlsAssociation
  timer: NodeJS.Timeout | undefined
}

/** Runs the handshakes of one media worker, which asks for them over `port`; they end when the port is closed. */
export class KeyExchangeHost {
  readonly #context: DtlsContext
  readonly #port: MessagePort
  readonly #running = new Map<number, Running>()

  constructor(context: DtlsContext, port: MessagePort) {
    this.#context = context
    this.#port = port
    port.on('message', (request: KeyExchangeRequest) => {
      this.#onRequest(request)
    })
    port.on('close', () => {
      for (const exchange of [...this.#running.keys()]) this.#end(exchange)
    })
  }

  #onRequest(request: KeyExchangeRequest): void {
    const { exchange } = request
    switch (request.type) {
      case 'begin':
        this.#begin(exchange, request.role)
        break
      case 'receive':
        this.#running.get(exchange)?.association.receive(request.datagram)
        this.#arm(exchange)
        break
      case 'close':
        this.#end(exchange)
    }
  }

  #begin(exchange: number, role: 'client' | 'server'): void {
    const association = new DtlsAssociation({
      context: this.#context,
      role,
      onSend: (datagram) => this.#tell({ type: 'send', exchange, datagram: Uint8Array.from(datagram) }),
      onConnected: ({ send, receive, peerCertificate }) =>
        this.#tell({
          type: 'connected',
          exchange,
          send: toKeyMessage(send),
          receive: toKeyMessage(receive),
          peerCertificate: Uint8Array.from(peerCertificate),
        }),
      onFailed: (error) => {
        this.#tell({ type: 'failed', exchange, why: error.message })
        queueMicrotask(() => this.#end(exchange)) // not while the association is still at work
      },
    })
    this.#running.set(exchange, { association, timer: undefined })
    association.start()
    this.#arm(exchange)
  }

  /** The association says when it wants to send its flight again; that may change with whatever it does. */
  #arm(exchange: number): void {
    const running = this.#running.get(exchange)
    if (running === undefined) return
    clearTimeout(running.timer)
    const { timeout } = running.association
    if (timeout === undefined) return
    running.timer = setTimeout(() => {
      running.association.onTimeout()
      this.#arm(exchange)
    }, timeout)
  }

  #end(exchange: number): void {
    const running = this.#running.get(exchange)
    if (running === undefined) return
    this.#running.delete(exchange)
    clearTimeout(running.timer)
    running.association.close()
  }

  #tell(event: KeyExchangeEvent): void {
    this.#port.postMessage(event)
  }
}
