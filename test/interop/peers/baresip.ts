import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { baresipAccounts, baresipConfig, mediaPorts, type BaresipSettings } from './baresip-settings.ts'
import { locatePeer, PeerProcess } from './peer-process.ts'
import { type Phone, stepTimeout } from './phone.ts'
import { poll } from './poll.ts'
import { measureTone, type Heard } from './recording.ts'
import { writeTone } from './tone.ts'

export interface BaresipOptions extends BaresipSettings {
  /** Its name in messages. */
  readonly name: string
  /** Scratch folder. */
  readonly folder: string
  readonly toneHz: number
}

/** An event that ctrl_tcp reports, such as CALL_ESTABLISHED; `param` is the reason of CALL_CLOSED. */
interface ControlEvent {
  readonly event?: boolean
  readonly type?: string
  readonly param?: string
}

/** Debian's baresip, driven through its ctrl_tcp module (JSON in netstrings). */
export class Baresip implements Phone {
  readonly name: string
  readonly toneHz: number
  readonly #options: BaresipOptions
  readonly #sounds: string
  readonly #process: PeerProcess
  readonly #events: ControlEvent[] = []
  #control: Socket | undefined
  #pending = Buffer.alloc(0)
  /** Events and recordings before this scenario. */
  #mark = 0
  #textMark = 0
  #busy = false
  #old = new Set<string>()

  constructor(options: BaresipOptions) {
    this.#options = options
    this.name = options.name
    this.toneHz = options.toneHz
    this.#sounds = join(options.folder, 'snd')
    this.#process = new PeerProcess({
      name: options.name,
      command: locatePeer('baresip'),
      args: ['-4', '-f', options.folder, '-v'],
      outFile: join(options.folder, `${options.name}.out`),
    })
  }

  async start(): Promise<void> {
    const { folder, accounts, controlPort } = this.#options
    mkdirSync(this.#sounds, { recursive: true })
    const tone = join(folder, 'tone.wav')
    writeTone(tone, { hz: this.toneHz, rate: 8000 })
    writeFileSync(join(folder, 'config'), baresipConfig(this.#options, folder, tone))
    writeFileSync(join(folder, 'accounts'), baresipAccounts(this.#options))
    writeFileSync(join(folder, 'contacts'), '')
    this.#process.start()
    await this.#process.waitFor(/baresip is ready/)
    for (const { name } of accounts)
      await this.#process.waitFor(new RegExp(`\\b${name}@${this.#options.domain}: .*200 OK .*\\[\\d+ bindings?\\]`))
    await this.#connect(controlPort)
  }

  async listen(): Promise<void> {
    if (this.#busy) {
      // a scenario that failed left a call behind
      this.hangup()
      await this.ended()
    }
    this.#mark = this.#events.length
    this.#textMark = this.#process.mark()
    this.#old = new Set(readdirSync(this.#sounds))
  }

  /** Chooses the account that {@link dial} calls from. */
  use(account: string): void {
    this.#command('uafind', `sip:${account}@${this.#options.domain}`)
  }

  dial(uri: string): void {
    this.#busy = true
    this.#command('dial', uri)
  }

  async incoming(): Promise<void> {
    await this.#event('CALL_INCOMING')
    this.#busy = true
  }

  answer(): void {
    this.#command('accept')
  }

  async established(): Promise<void> {
    await this.#event('CALL_ESTABLISHED')
  }

  hold(): void {
    this.#command('hold')
  }

  resume(): void {
    this.#command('resume')
  }

  /** Sends the far end of the call that is up to somebody else. */
  transfer(uri: string): void {
    this.#command('transfer', uri)
  }

  /** Presses a key for a moment; it always goes out as an event of RFC 4733. */
  press(key: string): void {
    this.#command('sndcode', key)
  }

  /** The next keys that it was told of since {@link listen}, be it by events or INFO. */
  async keys(count: number): Promise<string> {
    const heard = (): string =>
      this.#events
        .slice(this.#mark)
        .filter((each) => each.type === 'CALL_DTMF_START')
        .map((each) => each.param ?? '')
        .join('')
    await poll(() => heard().length >= count || undefined, stepTimeout)
    return heard()
  }

  hangup(): void {
    this.#command('hangup')
  }

  async ended(): Promise<string> {
    const { param = '' } = await this.#event('CALL_CLOSED')
    this.#busy = false
    return param
  }

  /** The last audio that it decoded; a restart of its media begins a new recording. */
  heard(hz: number, from = 0): Heard {
    const file = readdirSync(this.#sounds)
      .filter((name) => name.endsWith('-dec.wav') && !this.#old.has(name))
      .sort()
      .at(-1)
    return measureTone(file === undefined ? '' : join(this.#sounds, file), hz, from)
  }

  ownsPort(port: number): boolean {
    return port >= this.#options.rtpPort && port < this.#options.rtpPort + mediaPorts
  }

  /** Video packets that came in since {@link listen}, and what was wrong with them; known once the call has ended. */
  videoReceived(): { readonly packets: number; readonly errors: number } {
    const text = this.#process.text.slice(this.#textMark)
    const statistics = /^video +Transmit: +Receive:\s+packets: +\d+ +(\d+)[^]*?errors: +\d+ +(\d+)/m.exec(text)
    return { packets: Number(statistics?.[1] ?? 0), errors: Number(statistics?.[2] ?? 0) }
  }

  async stop(): Promise<void> {
    this.#control?.destroy()
    await this.#process.stop()
  }

  async #event(type: string): Promise<ControlEvent> {
    const found = await poll(() => {
      const events = this.#events.slice(this.#mark).filter((each) => each.event === true)
      return events.find((each) => each.type === type || each.type === 'CALL_CLOSED')
    }, stepTimeout)
    if (!found) throw new Error(`${this.name}: no ${type} within ${stepTimeout} ms\n${this.#process.text.slice(-2000)}`)
    if (found.type !== type) throw new Error(`${this.name}: call closed (${found.param ?? ''}) before ${type}`)
    return found
  }

  async #connect(port: number): Promise<void> {
    const control = connect(port, '127.0.0.1')
    this.#control = control
    await new Promise<void>((resolve, reject) => control.once('connect', resolve).once('error', reject))
    control.on('error', (error) => this.#events.push({ type: `control connection: ${error.message}` }))
    control.on('data', (chunk: Buffer) => this.#receive(chunk))
  }

  /** Netstrings: the length in decimal, a colon, the JSON text, a comma. */
  #receive(chunk: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, chunk])
    for (;;) {
      const colon = this.#pending.indexOf(':')
      if (colon < 0) return
      const end = colon + 1 + Number(this.#pending.toString('latin1', 0, colon))
      if (this.#pending.length < end + 1) return
      this.#events.push(JSON.parse(this.#pending.toString('utf8', colon + 1, end)) as ControlEvent)
      this.#pending = this.#pending.subarray(end + 1)
    }
  }

  #command(command: string, params?: string): void {
    const text = JSON.stringify(params === undefined ? { command } : { command, params })
    this.#control?.write(`${Buffer.byteLength(text)}:${text},`)
  }
}
