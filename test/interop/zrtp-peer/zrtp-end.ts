import { randomBytes } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { type HelloAlgorithms, ownAlgorithms } from '../../../src/media/zrtp/algorithms.ts'
import { sha256 } from '../../../src/media/zrtp/key-derivation.ts'
import { ownHello } from '../../../src/media/zrtp/own-hello.ts'
import { MemorySecretCache, type SecretCache } from '../../../src/media/zrtp/secret-cache.ts'
import { ZrtpSession } from '../../../src/media/zrtp/zrtp-session.ts'
import { type ZrtpResult } from '../../../src/media/zrtp/zrtp-exchange.ts'
import { ZrtpStream } from '../../../src/media/zrtp/zrtp-stream.ts'

export interface ZrtpEndOptions {
  readonly peerPort: number
  readonly algorithms?: Partial<HelloAlgorithms>
  readonly zid?: Buffer
  readonly cache?: SecretCache
  readonly session?: ZrtpSession
  readonly peerHash?: Buffer
  /** Says whether a packet is lost, on its way in or out. */
  readonly lose?: (packet: Buffer, inbound: boolean) => boolean
  /** Milliseconds after which a packet arrives, in either direction, once for each; unless this says, once and at once. */
  readonly travel?: () => readonly number[]
  readonly auxSecret?: Buffer
}

/** This server's side of an exchange, over a socket and the machine's clock. */
export class ZrtpEnd {
  readonly session: ZrtpSession
  readonly stream: ZrtpStream
  readonly outcome: Promise<ZrtpResult>
  readonly #socket: Socket
  /** SHA-256 of its Hello, for `a=zrtp-hash`. */
  readonly helloHash: Buffer
  #timer: NodeJS.Timeout | undefined
  readonly #travel: (() => readonly number[]) | undefined
  #closed = false

  private constructor(socket: Socket, options: ZrtpEndOptions) {
    this.#socket = socket
    const algorithms = { ...ownAlgorithms, ...options.algorithms }
    const { zid = randomBytes(12), cache = new MemorySecretCache(), peerHash, auxSecret, lose = () => false } = options
    this.#travel = options.travel
    this.session =
      options.session ??
      new ZrtpSession({
        ...{ zid, cache, party: 'sip:peer@example.org', algorithms },
        ...(auxSecret !== undefined && { auxSecret }),
      })
    const seed = randomBytes(32)
    this.helloHash = sha256(ownHello({ seed, zid: this.session.zid, algorithms: this.session.algorithms }))
    let settle: { resolve: (result: ZrtpResult) => void; reject: (error: Error) => void }
    this.outcome = new Promise((resolve, reject) => (settle = { resolve, reject }))
    this.outcome.catch(() => {}) // a test that does not wait for it expects no success
    this.stream = new ZrtpStream(this.session, {
      ...{ ssrc: randomBytes(4).readUInt32BE(0), seed, now: () => performance.now() },
      ...(peerHash !== undefined && { peerHash }),
      onSend: (packet) => {
        if (lose(packet, false)) return
        this.#carry(() => socket.send(packet, options.peerPort, '127.0.0.1'))
      },
      onSecured: (result) => settle.resolve(result),
      onFailed: (error) => settle.reject(error),
    })
    socket.on('message', (packet) => {
      if (lose(packet, true)) return
      this.#carry(() => {
        this.stream.receive(packet)
        this.#arm()
      })
    })
  }

  static async open(port: number, options: ZrtpEndOptions): Promise<ZrtpEnd> {
    const socket = createSocket('udp4')
    socket.bind(port, '127.0.0.1')
    await once(socket, 'listening')
    return new ZrtpEnd(socket, options)
  }

  start(): void {
    this.stream.start()
    this.#arm()
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    this.stream.close()
    this.#socket.close()
  }

  #carry(deliver: () => void): void {
    if (this.#travel === undefined) {
      deliver()
      return
    }
    for (const delay of this.#travel()) {
      setTimeout(() => {
        if (!this.#closed) deliver()
      }, delay)
    }
  }

  #arm(): void {
    clearTimeout(this.#timer)
    const { timeout } = this.stream
    if (timeout === undefined) return
    this.#timer = setTimeout(() => {
      this.stream.onTimeout()
      this.#arm()
    }, timeout)
  }
}
