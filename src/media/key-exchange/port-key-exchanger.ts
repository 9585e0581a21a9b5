import { type MessagePort } from 'node:worker_threads'
import { fromKeyMessage } from '../key-message.ts'
import { type KeyExchangeEvent, type KeyExchangeRequest } from './key-exchange-messages.ts'
import { type KeyExchange, type KeyExchanger, type KeyExchangeKind, type KeyExchangeListener } from './key-exchanger.ts'

const unavailable = 'no handshake is possible at the moment'

/** A media worker's end of the key exchange worker, which it reaches over a port of its own. */
export class PortKeyExchanger implements KeyExchanger {
  #port: MessagePort | undefined
  readonly #listeners = new Map<number, KeyExchangeListener>()
  #last = 0

  /** Takes the port to a key exchange worker that has just been started; handshakes with the one before are lost. */
  connect(port: MessagePort): void {
    this.#port?.close()
    this.#port = port
    const lost = [...this.#listeners.values()]
    this.#listeners.clear()
    port.on('message', (event: KeyExchangeEvent) => {
      this.#onEvent(event)
    })
    for (const listener of lost) listener.onFailed('the key exchange worker has ended', false)
  }

  begin(kind: KeyExchangeKind, listener: KeyExchangeListener): KeyExchange {
    const exchange = ++this.#last
    if (this.#port === undefined) queueMicrotask(() => listener.onFailed(unavailable, false))
    else this.#listeners.set(exchange, listener)
    this.#tell({ type: 'begin', exchange, kind })
    return {
      receive: (datagram) => {
        if (this.#listeners.has(exchange))
          this.#tell({ type: 'receive', exchange, datagram: Uint8Array.from(datagram) })
      },
      relaySas: (sas) => {
        if (this.#listeners.has(exchange)) this.#tell({ type: 'relaySas', exchange, sas })
      },
      close: () => {
        if (this.#listeners.delete(exchange)) this.#tell({ type: 'close', exchange })
      },
    }
  }

  #tell(request: KeyExchangeRequest): void {
    this.#port?.postMessage(request)
  }

  #onEvent(event: KeyExchangeEvent): void {
    const listener = this.#listeners.get(event.exchange)
    if (listener === undefined) return // closed while the event was on its way
    switch (event.type) {
      case 'send':
        listener.onSend(event.datagram)
        break
      case 'connected': {
        const { send, receive, peerCertificate, zrtp } = event
        listener.onConnected({
          send: fromKeyMessage(send),
          receive: fromKeyMessage(receive),
          ...(peerCertificate !== undefined && { peerCertificate: Buffer.from(peerCertificate) }),
          ...(zrtp !== undefined && { zrtp }),
        })
        break
      }
      case 'failed':
        this.#listeners.delete(event.exchange)
        listener.onFailed(event.why, event.unanswered)
    }
  }
}
