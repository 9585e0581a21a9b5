import { randomBytes } from 'node:crypto'
import { type MessagePort } from 'node:worker_threads'
import { type CodedError } from '../../base/coded-error.ts'
import { DtlsAssociation } from '../dtls/dtls-association.ts'
import { type DtlsContext } from '../dtls/dtls-context.ts'
import { toKeyMessage } from '../key-message.ts'
import { ownAlgorithms, type Algorithms } from '../zrtp/algorithms.ts'
import { type SecretCache } from '../zrtp/secret-cache.ts'
import { ZrtpSession } from '../zrtp/zrtp-session.ts'
import { ZrtpStream } from '../zrtp/zrtp-stream.ts'
import { type KeyExchangeEvent, type KeyExchangeRequest } from './key-exchange-messages.ts'
import { type KeyExchangeKind, type SasOfOther } from './key-exchanger.ts'

/** What this server exchanges keys with. */
export interface KeyExchangeIdentity {
  /** Absent: no DTLS. */
  readonly context?: DtlsContext
  /** Absent: no ZRTP. */
  readonly zrtp?: { readonly zid: Buffer; readonly cache: SecretCache; readonly trustedMitm: boolean }
}

/** What DTLS and ZRTP have in common: they are given datagrams and the time. */
interface Exchange {
  start(): void
  receive(datagram: Uint8Array): void
  /** Of ZRTP. */
  relaySas?(sas: SasOfOther): void
  readonly timeout: number | undefined
  onTimeout(): void
  close(): void
}

interface Running {
  readonly exchange: Exchange
  /** Of ZRTP: what happens to one stream may make another of its session speak. */
  readonly session?: string | undefined
  timer: NodeJS.Timeout | undefined
}

/** Runs the handshakes of one media worker, which asks for them over `port`; they end when the port is closed. */
export class KeyExchangeHost {
  readonly #identity: KeyExchangeIdentity
  readonly #port: MessagePort
  readonly #running = new Map<number, Running>()
  /** The sessions of ZRTP, each as long as it has a stream. */
  readonly #sessions = new Map<string, ZrtpSession>()

  constructor(identity: KeyExchangeIdentity, port: MessagePort) {
    this.#identity = identity
    this.#port = port
    port.on('message', (request: KeyExchangeRequest) => {
      this.#onRequest(request)
    })
    port.on('close', () => {
      for (const exchange of [...this.#running.keys()]) this.#end(exchange)
    })
  }

  #onRequest(request: KeyExchangeRequest): void {
    const number = request.exchange
    switch (request.type) {
      case 'begin': {
        const { kind } = request
        const exchange = kind.protocol === 'dtls' ? this.#dtls(number, kind.role) : this.#zrtp(number, kind)
        if (exchange === undefined) {
          this.#tell({ type: 'failed', exchange: number, why: `${kind.protocol} is not available`, unanswered: false })
          return
        }
        const session = kind.protocol === 'zrtp' ? kind.association : undefined
        this.#running.set(number, { exchange, session, timer: undefined })
        exchange.start()
        break
      }
      case 'receive':
        this.#running.get(number)?.exchange.receive(request.datagram)
        break
      case 'relaySas':
        this.#running.get(number)?.exchange.relaySas?.(request.sas)
        break
      case 'close':
        this.#end(number)
    }
    this.#arm(number)
  }

  #dtls(exchange: number, role: 'client' | 'server'): Exchange | undefined {
    const { context } = this.#identity
    if (context === undefined) return undefined
    return new DtlsAssociation({
      ...{ context, role, ...this.#ends(exchange) },
      onConnected: ({ send, receive, peerCertificate }) =>
        this.#tell({
          ...{ type: 'connected', exchange, send: toKeyMessage(send), receive: toKeyMessage(receive) },
          peerCertificate: Uint8Array.from(peerCertificate),
        }),
    })
  }

  #zrtp(exchange: number, kind: Extract<KeyExchangeKind, { protocol: 'zrtp' }>): Exchange | undefined {
    const { zrtp } = this.#identity
    if (zrtp === undefined) return undefined
    const { association, party, seed, peerHash } = kind
    const session = this.#sessions.get(association) ?? new ZrtpSession({ ...zrtp, party, algorithms: ownAlgorithms })
    this.#sessions.set(association, session)
    const stream = new ZrtpStream(session, {
      ...{ ssrc: randomBytes(4).readUInt32BE(0), seed: Buffer.from(seed), now: () => performance.now() },
      ...(peerHash !== undefined && { peerHash: Buffer.from(peerHash) }),
      ...this.#ends(exchange),
      onSecured: ({ send, receive, algorithms, sas, sasHash, enrolled, verified, cache }) => {
        this.#tell({
          ...{ type: 'connected', exchange, send: toKeyMessage(send), receive: toKeyMessage(receive) },
          zrtp: {
            ...(sas !== undefined && { sas }),
            ...(sasHash !== undefined && { sasHash: Uint8Array.from(sasHash) }),
            ...{ enrolled, verified, cache },
            algorithms: namesOf(algorithms),
          },
        })
        queueMicrotask(() => this.#armSession(association)) // the streams that have waited for its key
      },
    })
    return {
      start: () => stream.start(),
      receive: (datagram) => stream.receive(datagram),
      relaySas: ({ algorithm, hash }) =>
        stream.relaySas({ algorithm: algorithm.padEnd(4), hash: Buffer.from(hash), verified: false }),
      get timeout() {
        return stream.timeout
      },
      onTimeout: () => stream.onTimeout(),
      close: () => {
        stream.close()
        if (session.empty) this.#sessions.delete(association)
      },
    }
  }

  #ends(exchange: number): {
    onSend: (datagram: Uint8Array) => void
    onFailed: (error: CodedError) => void
  } {
    return {
      onSend: (datagram) => this.#tell({ type: 'send', exchange, datagram: Uint8Array.from(datagram) }),
      onFailed: ({ message, code }) => {
        this.#tell({ type: 'failed', exchange, why: message, unanswered: code === 'ZRTP_UNANSWERED' })
        queueMicrotask(() => this.#end(exchange)) // not while the exchange is still at work
      },
    }
  }

  /** An exchange says when it wants to speak again; that may change with whatever it does. */
  #arm(number: number): void {
    const running = this.#running.get(number)
    if (running === undefined) return
    clearTimeout(running.timer)
    const { timeout } = running.exchange
    if (timeout === undefined) return
    running.timer = setTimeout(() => {
      running.exchange.onTimeout()
      this.#arm(number)
    }, timeout)
  }

  #armSession(session: string): void {
    for (const [number, running] of this.#running) if (running.session === session) this.#arm(number)
  }

  #end(exchange: number): void {
    const running = this.#running.get(exchange)
    if (running === undefined) return
    this.#running.delete(exchange)
    clearTimeout(running.timer)
    running.exchange.close()
  }

  #tell(event: KeyExchangeEvent): void {
    this.#port.postMessage(event)
  }
}

/** As they are written for people. */
function namesOf({ keyAgreement, hash, cipher, authTag, sas }: Algorithms): readonly string[] {
  return [keyAgreement, hash, cipher, authTag, sas].map((name) => name.trimEnd())
}
