import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { type DtlsContext } from '../../../src/media/dtls/dtls-context.ts'
import { dtlsEnd, type DtlsEnd } from './dtls-link.ts'

/** Our end of an association over a UDP socket of 127.0.0.1, with timers. */
export class DtlsUdp {
  readonly end: DtlsEnd
  /** What has come in, the first first. */
  readonly received: Buffer[] = []
  readonly #socket: Socket
  readonly #role: 'client' | 'server'
  #peer: number | undefined
  #timer: NodeJS.Timeout | undefined

  private constructor(context: DtlsContext, role: 'client' | 'server', socket: Socket, peer: number | undefined) {
    this.#socket = socket
    this.#role = role
    this.#peer = peer
    this.end = dtlsEnd({ context, role, onSend: (datagram) => socket.send(datagram, this.#peer, '127.0.0.1') })
    socket.on('message', (datagram, { port }) => {
      this.#peer ??= port
      this.received.push(datagram)
      this.end.association.receive(datagram)
      this.#arm()
    })
    socket.on('error', (error) => {
      throw error
    })
  }

  /** @param peer port of the server that a client calls */
  static async open(context: DtlsContext, role: 'client' | 'server', peer?: number): Promise<DtlsUdp> {
    const socket = createSocket('udp4').bind(0, '127.0.0.1')
    await once(socket, 'listening')
    return new DtlsUdp(context, role, socket, peer)
  }

  get port(): number {
    return this.#socket.address().port
  }

  start(): void {
    if (this.#role === 'server') return
    this.end.association.start()
    this.#arm()
  }

  close(): void {
    clearTimeout(this.#timer)
    this.end.association.close()
    this.#socket.close()
  }

  #arm(): void {
    clearTimeout(this.#timer)
    const { timeout } = this.end.association
    if (timeout === undefined) return
    this.#timer = setTimeout(() => {
      this.end.association.onTimeout()
      this.#arm()
    }, timeout)
  }
}
