import { poll } from '../interop/peers/poll.ts'
import { stepTimeout } from '../interop/peers/phone.ts'
import { type Browser, type Page } from './browser.ts'

export interface BrowserPhoneOptions {
  /** URI of the proxy's WebSocket. */
  readonly socket: string
  /** Its address of record. */
  readonly uri: string
  readonly toneHz: number
  /** Sends a picture with every call. */
  readonly video?: boolean
}

interface Note {
  readonly event: string
  readonly detail?: string
}

/** What WebRTC says of a call (https://www.w3.org/TR/webrtc-stats/). */
export type Stats = Readonly<Record<string, unknown>> & { readonly type: string }

/** A phone in a page of the browser: JsSIP over WebSocket, DTLS-SRTP and ICE. */
export class BrowserPhone {
  readonly uri: string
  readonly toneHz: number
  readonly #page: Page

  private constructor(page: Page, { uri, toneHz }: BrowserPhoneOptions) {
    this.#page = page
    this.uri = uri
    this.toneHz = toneHz
  }

  /** Opens its page and registers it. */
  static async start(browser: Browser, options: BrowserPhoneOptions): Promise<BrowserPhone> {
    const phone = new BrowserPhone(await browser.open(), options)
    const { socket, uri, toneHz: hz, video = false } = options
    await phone.#do(`start(${JSON.stringify({ socket, uri, hz, video })})`)
    await phone.happened('registered')
    return phone
  }

  /** Forgets earlier calls; from now on it listens for this tone. */
  async listen(hz: number): Promise<void> {
    await this.#do(`forget(${hz})`)
  }

  async dial(uri: string): Promise<void> {
    await this.#do(`call(${JSON.stringify(uri)})`)
  }

  async answer(): Promise<void> {
    await this.happened('incoming')
    await this.#do('answer()')
  }

  hold(): Promise<unknown> {
    return this.#do('hold()')
  }

  resume(): Promise<unknown> {
    return this.#do('resume()')
  }

  hangup(): Promise<unknown> {
    return this.#do('hangup()')
  }

  /** Waits until the page has noted an event; a call that failed ends the waiting. */
  async happened(event: string): Promise<Note> {
    const found = await poll(async () => {
      const notes = await this.#do<readonly Note[]>('notes()')
      const failure = notes.find((note) => /failed/i.test(note.event))
      if (failure !== undefined && failure.event !== event) throw new Error(`${this.uri}: ${JSON.stringify(failure)}`)
      return notes.find((note) => note.event === event)
    }, stepTimeout)
    if (found !== undefined) return found
    const notes = await this.#do<readonly Note[]>('notes()')
    throw new Error(`${this.uri}: no ${event}: ${JSON.stringify(notes.map((note) => note.event))}`)
  }

  /** Tenths of a second in which the far side's tone was heard, something else, and nothing. */
  heard(): Promise<{ readonly tone: number; readonly other: number; readonly silent: number }> {
    return this.#do('heard()')
  }

  /** All statistics of the call. */
  stats(): Promise<readonly Stats[]> {
    return this.#do('stats()')
  }

  #do<T>(call: string): Promise<T> {
    return this.#page.evaluate<T>(`phone.${call}`)
  }
}
