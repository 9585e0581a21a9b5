import { execFileSync } from 'node:child_process'
import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type SrtpMasterKey } from '../../../src/base/encryption.ts'
import { openCipherProvider } from '../../../src/media/srtp/open-cipher-provider.ts'
import { SrtpEncryptContext } from '../../../src/media/srtp/srtp-encrypt-context.ts'
import { PeerProcess } from '../../interop/peers/peer-process.ts'
import { cpuSeconds } from '../../interop/server/cpu-seconds.ts'
import { inBuffer, rtpPacket } from '../../support/media/packets.ts'

/** What became of the packets of a measurement. */
export interface MediaResult {
  readonly sent: number
  /** Of those that were sent, what came out on the other leg. */
  readonly received: number
  /** Packets sent to each phone's server, and what the worst of all streams has received of them. */
  readonly each: number
  readonly fewest: number
  /** Packets that the system would not send. */
  readonly refused: number
  /** Datagrams that are none of the server's packets. */
  readonly foreign: number
  /** Milliseconds by which the phones were late at most, when they had no processor. */
  readonly latest: number
}

export interface MediaPhonesOptions {
  readonly folder: string
  /** Of the callers and of the callees, at one of which the server expects all media of that side. */
  readonly ports: Readonly<Record<Side, number>>
  /** With which each side encrypts. */
  readonly keys: Readonly<Record<Side, SrtpMasterKey>>
  /** How long there will be packets. */
  readonly seconds: number
}

export type Side = 'a' | 'b'

const packetsPerSecond = 50
const source = fileURLToPath(new URL('./phones.c', import.meta.url))

/** The media of all phones: 50 packets a second each, of 160 bytes in SRTP, which are made before. */
export class MediaPhones {
  readonly #process: PeerProcess

  private constructor(process: PeerProcess) {
    this.#process = process
  }

  /** @throws Error when there is no C compiler */
  static async start({ folder, ports, keys, seconds }: MediaPhonesOptions): Promise<MediaPhones> {
    const program = join(folder, 'phones')
    execFileSync('cc', ['-O2', '-o', program, source])
    const file = join(folder, 'packets')
    const size = writePackets(file, keys, seconds * packetsPerSecond)
    const process = new PeerProcess({
      ...{ name: 'media phones', command: program, args: [file, size, ports.a, ports.b].map(String) },
      outFile: join(folder, 'phones.out'),
    }).start()
    await process.waitFor(/ready/)
    return new MediaPhones(process)
  }

  /** One more phone sends, to this port of the server. */
  add(side: Side, port: number): void {
    this.#process.send(`${side} ${port}`)
  }

  /** Counts what is sent from now on. */
  begin(): void {
    this.#process.send('begin')
  }

  /** What became of the packets since {@link begin}; a second is waited for those under way. */
  async end(): Promise<MediaResult> {
    const from = this.#process.mark()
    this.#process.send('end')
    const [line] = await this.#process.waitFor(/\{.*\}/, { from })
    return JSON.parse(line) as MediaResult
  }

  /** CPU seconds used so far. */
  cpuSeconds(): number {
    return cpuSeconds(this.#process.pid)
  }

  stop(): Promise<void> {
    return this.#process.stop()
  }
}

/** Writes the packets of both sides, one behind the other; returns the bytes of each. */
function writePackets(file: string, keys: Readonly<Record<Side, SrtpMasterKey>>, count: number): number {
  const { provider } = openCipherProvider()
  const output = openSync(file, 'w')
  let size = 0
  for (const [side, ssrc] of [
    ['a', 0x0a0a0a0a],
    ['b', 0x0b0b0b0b],
  ] as const) {
    const context = new SrtpEncryptContext(keys[side], provider)
    for (let number = 0; number < count; number++) {
      const timestamp = (number * 160) % 2 ** 32
      const packet = inBuffer(rtpPacket({ sequence: number & 0xffff, timestamp, ssrc, payload: Buffer.alloc(160) }))
      context.protectRtp(packet)
      size = packet.length
      writeSync(output, packet.bytes, 0, size)
    }
    context.close()
  }
  closeSync(output)
  return size
}
