import { appendFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { poll } from '../interop/peers/poll.ts'
import { type Phone, stepTimeout } from '../interop/peers/phone.ts'
import { measureTone, type Heard } from '../interop/peers/recording.ts'
import { writeWav } from '../interop/peers/tone.ts'
import { type Browser, type Page } from './browser.ts'

export interface BrowserPhoneOptions {
  /** User part of its address. */
  readonly name: string
  readonly domain: string
  /** URI of the proxy's WebSocket. */
  readonly socket: string
  readonly password?: string
  /** Scratch folder. */
  readonly folder: string
  readonly toneHz: number
}

interface Note {
  readonly event: string
  readonly detail?: string
}

/** What WebRTC says of a call (https://www.w3.org/TR/webrtc-stats/). */
export type Stats = Readonly<Record<string, unknown>> & { readonly type: string }

function isEnd({ event }: Note): boolean {
  return event === 'ended' || event === 'failed'
}

/** What ends the waiting for anything else. */
function isTrouble(note: Note): boolean {
  return isEnd(note) || note.event === 'problem' || note.event === 'registrationFailed'
}

/** A phone in a page of the browser: JsSIP over WebSocket, DTLS-SRTP and ICE. */
export class BrowserPhone implements Phone {
  readonly name: string
  readonly toneHz: number
  /** Whether it offers and takes video in the calls to come. */
  video = false
  readonly #browser: Browser
  readonly #options: BrowserPhoneOptions
  #opened: Page | undefined
  /** What was asked of the page last. */
  #asked: Promise<unknown> = Promise.resolve()
  #calls = 0
  #busy = false
  /** How many notes belong to calls that have ended since {@link BrowserPhone.listen}. */
  #past = 0
  #recording = ''
  /** Its media ports, as its candidates tell them. */
  #ports = new Set<number>()

  constructor(browser: Browser, options: BrowserPhoneOptions) {
    this.#browser = browser
    this.#options = options
    this.name = options.name
    this.toneHz = options.toneHz
  }

  async start(): Promise<void> {
    mkdirSync(this.#options.folder, { recursive: true })
    this.#opened = await this.#browser.open()
    await this.register()
  }

  /** Loads its page again, which loses the connection, the call and all that it knew. */
  async reload(): Promise<void> {
    await this.#page.reload()
    this.#busy = false
    await this.register()
  }

  /**
   * Registers, which a page does once.
   *
   * @param password another one than its own
   */
  async register(password = this.#options.password): Promise<void> {
    const { socket, name, domain, toneHz: hz } = this.#options
    await this.#do(`start(${JSON.stringify({ socket, uri: `sip:${name}@${domain}`, password, hz })})`)
    await this.happened('registered')
  }

  async stop(): Promise<void> {
    await this.#opened?.close()
  }

  async listen(): Promise<void> {
    if (this.#busy) {
      // a scenario that failed left a call behind
      this.hangup()
      await this.ended()
    }
    this.#recording = join(this.#options.folder, `heard-${++this.#calls}.wav`)
    this.#ports = new Set()
    this.#past = 0
    await this.#do('forget()')
  }

  dial(uri: string): void {
    this.#busy = true
    this.#ask(`call(${JSON.stringify(uri)}, ${this.video})`)
  }

  async incoming(): Promise<void> {
    await this.happened('incoming')
    this.#busy = true
  }

  answer(): void {
    this.#ask(`answer(${this.video})`)
  }

  async established(): Promise<void> {
    await this.happened('confirmed')
    await this.happened('connection connected')
  }

  hold(): void {
    this.#ask('hold()')
  }

  resume(): void {
    this.#ask('resume()')
  }

  /** Adds its picture to the call that is up; resolves when the far end has agreed. */
  async addVideo(): Promise<void> {
    await this.#renegotiate('addVideo()')
  }

  /** Takes its picture away again. */
  async removeVideo(): Promise<void> {
    await this.#renegotiate('removeVideo()')
  }

  /** Offers other ICE credentials; resolves when the far end has agreed. */
  async restartIce(): Promise<void> {
    await this.#renegotiate('restartIce()')
  }

  hangup(): void {
    this.#ask('hangup()')
  }

  async ended(): Promise<string> {
    const { event, detail = '' } = await this.#first(isEnd, 'end')
    this.#busy = false
    const notes = await this.#notes()
    this.#past += notes.slice(this.#past).findIndex(isEnd) + 1
    await this.#keep()
    return `${event}: ${detail}`
  }

  heard(hz: number, from = 0): Heard {
    return measureTone(this.#recording, hz, from)
  }

  /** Known once the call has ended. */
  ownsPort(port: number): boolean {
    return this.#ports.has(port)
  }

  /** All statistics of the call that is up. */
  stats(): Promise<readonly Stats[]> {
    return this.#do('stats()')
  }

  /** The descriptions of this call so far that it wrote (`local`) or read, in order. */
  async descriptions(originator: 'local' | 'remote'): Promise<readonly string[]> {
    const notes = await this.#notes()
    return notes.flatMap(({ event, detail = '' }) => (event.startsWith(`sdp ${originator} `) ? [detail] : []))
  }

  /** Waits until the page has noted an event; a call that failed ends the waiting. */
  async happened(event: string): Promise<void> {
    const found = await this.#first((note) => note.event === event || isTrouble(note), event)
    if (found.event !== event) throw new Error(`${this.name}: ${JSON.stringify(found)} before ${event}`)
  }

  async #first(wanted: (note: Note) => boolean, what: string): Promise<Note> {
    await this.#asked
    const found = await poll(async () => (await this.#notes()).slice(this.#past).find(wanted), stepTimeout)
    if (found !== undefined) return found
    const events = (await this.#notes()).map(({ event }) => event)
    throw new Error(`${this.name}: no ${what} within ${stepTimeout} ms: ${JSON.stringify(events)}`)
  }

  /** Each offer that was answered adds a note. */
  async #renegotiate(call: string): Promise<void> {
    const done = async (): Promise<number> =>
      (await this.#notes()).filter(({ event }) => event === 'renegotiated').length
    const before = await done()
    this.#ask(call)
    await this.#asked
    const agreed = await poll(async () => ((await done()) > before ? true : undefined), stepTimeout)
    if (!agreed) throw new Error(`${this.name}: ${call} came to nothing`)
  }

  /** Keeps what the page knows of the call that has ended. */
  async #keep(): Promise<void> {
    const { rate, pcm } = await this.#do<{ readonly rate: number; readonly pcm: string }>('recording()')
    writeWav(this.#recording, Buffer.from(pcm, 'base64'), { rate })
    for (const sdp of await this.descriptions('local'))
      for (const [, port] of sdp.matchAll(/^a=candidate:\S+ \d udp \d+ \S+ (\d+) /gim)) this.#ports.add(Number(port))
    const said = (await this.#notes()).map(({ event, detail = '' }) => `${event}\n${detail}\n`)
    appendFileSync(join(this.#options.folder, 'page.log'), said.join(''))
  }

  /** Asks for something that the page then does by itself; what comes of it is in its notes. */
  #ask(call: string): void {
    const failed = (error: unknown): Promise<unknown> =>
      this.#page.evaluate(`phone.notes().push(${JSON.stringify({ event: 'problem', detail: String(error) })})`)
    this.#asked = this.#do(call).catch(failed)
  }

  #notes(): Promise<readonly Note[]> {
    return this.#do('notes()')
  }

  #do<T>(call: string): Promise<T> {
    return this.#page.evaluate<T>(`phone.${call}`)
  }

  get #page(): Page {
    if (!this.#opened) throw new Error(`${this.name} has not started`)
    return this.#opened
  }
}
