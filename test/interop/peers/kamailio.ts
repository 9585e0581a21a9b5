import { mkdirSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { locatePeer, PeerProcess } from './peer-process.ts'
import { poll } from './poll.ts'

export interface KamailioOptions {
  /** Scratch folder. */
  readonly folder: string
  /** address:port, UDP and TCP. */
  readonly listen: string
  /** Keeps the Path of registrations, for a proxy that stands before it. */
  readonly path?: boolean
  readonly divert?: {
    /** Where INVITEs go first, such as sip:127.0.0.1:6067;transport=tcp. */
    readonly b2bua: string
    /** INVITEs with exactly this User-Agent are not diverted, as Flexisip >= 2.4 does it. */
    readonly userAgent: string
    /** Adds `;lr` to the Route that diverts; Flexisip's module does not. */
    readonly looseRoute?: boolean
  }
}

const configuration = fileURLToPath(new URL('../etc/kamailio.cfg', import.meta.url))

/** Kamailio as registrar and loose-routing proxy that diverts calls as module::B2bua does; see etc/kamailio.cfg. */
export class Kamailio {
  readonly #options: KamailioOptions
  readonly #process: PeerProcess

  constructor(options: KamailioOptions) {
    this.#options = options
    const { folder, listen, divert, path = false } = options
    const defines = [`LISTEN_UDP=udp:${listen}`, `LISTEN_TCP=tcp:${listen}`, ...(path ? ['USE_PATH=1'] : [])]
    if (divert) {
      const route = divert.looseRoute ? `<${divert.b2bua};lr>` : `<${divert.b2bua}>`
      defines.push(
        `B2BUA_URI="${divert.b2bua}"`,
        `B2BUA_ROUTE="Route: ${route}\\r\\n"`,
        `B2BUA_USER_AGENT="${divert.userAgent}"`,
      )
    }
    const run = join(folder, 'run')
    mkdirSync(run, { recursive: true })
    this.#process = new PeerProcess({
      name: 'kamailio',
      command: locatePeer('kamailio'),
      // -DD: in the foreground with its workers; -E: log to standard error; -m, -M: MiB shared and of each worker
      args: [
        ...['-DD', '-E', '-f', configuration, '-Y', run, '-w', run, '-m', '64', '-M', '8'],
        ...defines.flatMap((define) => ['-A', define]),
      ],
      outFile: join(folder, 'kamailio.out'),
    })
  }

  async start(): Promise<void> {
    this.#process.start()
    const [host = '', port = ''] = this.#options.listen.split(':')
    const listens = await poll(async () => {
      if (this.#process.end) return false
      return (await accepts(host, Number(port))) || undefined
    }, 10_000)
    if (listens) return
    await this.stop()
    throw new Error(`kamailio does not listen on ${this.#options.listen}\n${this.#process.text.slice(-2000)}`)
  }

  stop(): Promise<void> {
    return this.#process.stop()
  }
}

/** Whether something accepts TCP connections there. */
export function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host)
    const settle = (open: boolean): void => {
      socket.destroy()
      resolve(open)
    }
    socket.once('connect', () => settle(true)).once('error', () => settle(false))
  })
}
