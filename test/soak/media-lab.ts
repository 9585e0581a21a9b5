import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { cpuSeconds } from '../interop/server/cpu-seconds.ts'
import { type MediaCommand, type MediaReply, type PhaseReport, type Side, type StreamCount } from './media-messages.ts'

/** What a call's two phones count. */
export type CallCounts = Readonly<Record<Side, StreamCount>>

/** The process in which the phones send and hear media. */
export class MediaLab {
  /** Per slot the ports of the caller, of the callee, and that to which the caller may move. */
  readonly ports: readonly (readonly [number, number, number])[]
  readonly #process: ChildProcess
  readonly #ending = new Map<number, (counts: CallCounts) => void>()
  #reporting: ((phases: readonly PhaseReport[]) => void) | undefined

  private constructor(process: ChildProcess, ports: MediaLab['ports']) {
    this.#process = process
    this.ports = ports
    process.on('message', (reply: MediaReply) => this.#hear(reply))
  }

  /**
   * @param slots calls at a time
   * @param loss part of the packets that are lost before they reach the server
   */
  static async open(slots: number, loss: number): Promise<MediaLab> {
    const child = fork(fileURLToPath(new URL('media-phones.ts', import.meta.url)))
    const opened = new Promise<MediaLab['ports']>((resolve, reject) => {
      child.once('message', (reply: MediaReply) => {
        if (reply.kind === 'opened') resolve(reply.ports)
      })
      child.once('exit', (code) => reject(new Error(`the phones' media ended with ${code}`)))
    })
    child.send({ do: 'open', slots, loss } satisfies MediaCommand)
    return new MediaLab(child, await opened)
  }

  tell(command: MediaCommand): void {
    this.#process.send(command)
  }

  /** A call is over. */
  end(slot: number): Promise<CallCounts> {
    this.tell({ do: 'end', slot })
    return new Promise((resolve) => this.#ending.set(slot, resolve))
  }

  report(): Promise<readonly PhaseReport[]> {
    this.tell({ do: 'report' })
    return new Promise((resolve) => (this.#reporting = resolve))
  }

  cpuSeconds(): number {
    return cpuSeconds(this.#process.pid!)
  }

  close(): void {
    if (this.#process.connected) this.#process.disconnect()
  }

  #hear(reply: MediaReply): void {
    if (reply.kind === 'ended') {
      this.#ending.get(reply.slot)?.(reply)
      this.#ending.delete(reply.slot)
    } else if (reply.kind === 'report') this.#reporting?.(reply.phases)
  }
}
