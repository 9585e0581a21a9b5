import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PeerProcess } from '../peers/peer-process.ts'

const source = fileURLToPath(new URL('zrtp-peer.c', import.meta.url))
const program = fileURLToPath(new URL('../../../out/zrtp-peer', import.meta.url))

/** What libbzrtp says that it has agreed on. */
export interface PeerResult {
  readonly secure: boolean
  readonly sas?: string
  readonly ka?: string
  readonly cipher?: string
  readonly hash?: string
  readonly auth?: string
  readonly cacheMismatch?: boolean
  readonly aux?: string
  /** In hex, as the peer sees them. */
  readonly selfKey?: string
  readonly selfSalt?: string
  readonly peerKey?: string
  readonly peerSalt?: string
}

type Event = Readonly<Record<string, unknown>> & { readonly ev: string; readonly channel?: number }

/** One ZRTP endpoint on libbzrtp over UDP, without media; what it can be told is at the head of zrtp-peer.c. */
export class ZrtpPeer {
  readonly #process: PeerProcess

  private constructor(args: readonly string[], command: string) {
    this.#process = new PeerProcess({ name: 'zrtp-peer', command, args })
  }

  /**
   * Starts it. Needs libbzrtp-dev and a C compiler, with which it is built once.
   * @param command one that has been built already, on another bzrtp than Debian's
   */
  static async start(args: readonly string[], command = program): Promise<ZrtpPeer> {
    if (command === program && (!existsSync(program) || statSync(program).mtimeMs < statSync(source).mtimeMs)) {
      mkdirSync(dirname(program), { recursive: true })
      execFileSync('cc', ['-O2', '-o', program, source, '-lbzrtp', '-lbctoolbox', '-lsqlite3'], { stdio: 'inherit' })
    }
    const peer = new ZrtpPeer(args, command)
    peer.#process.start()
    await peer.#process.waitFor(/"ev":"ready"[^\n]*\n/, { timeout: 10_000 })
    return peer
  }

  /** A line for its standard input: start, mult, quit … */
  tell(line: string): void {
    this.#process.send(line)
  }

  /** SHA-256 of its Hello, in hex. */
  get helloHash(): string {
    return String(this.#events().find(({ ev }) => ev === 'ready')!['helloHash'])
  }

  /** Waits until it says so, of a stream. */
  async secure(channel = 0): Promise<void> {
    await this.#process.waitFor(new RegExp(`"ev":"secure","channel":${channel},.*\\n`), { timeout: 15_000 })
  }

  /** What it has agreed on, on the first stream or another. */
  result(channel = 0): PeerResult {
    const events = this.#events().filter((event) => event.channel === channel)
    const secure = events.find(({ ev }) => ev === 'secure')
    return Object.assign(
      { secure: secure !== undefined },
      secure,
      ...events.filter(({ ev }) => ev === 'keys'),
      secure === undefined ? {} : { secure: true },
    ) as PeerResult
  }

  async stop(): Promise<void> {
    await this.#process.stop({ line: 'quit' })
  }

  #events(): readonly Event[] {
    return this.#process.text
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as Event)
  }
}
