import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { WebSocket } from 'ws'
import { locatePeer, PeerProcess } from '../interop/peers/peer-process.ts'

const flags = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--mute-audio'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage'],
  '--autoplay-policy=no-user-gesture-required',
  // a page behind another must not be slower: it talks too
  ...['--disable-background-timer-throttling', '--disable-renderer-backgrounding'],
  // candidates with addresses instead of names of mDNS, and WebSockets to private addresses
  '--disable-features=WebRtcHideLocalIpsWithMdns,LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests',
  // the certificate of a wss is its own authority
  '--ignore-certificate-errors',
  '--remote-debugging-port=0',
  'about:blank',
]

/** Debian's headless Chromium, driven over its DevTools protocol. */
export class Browser {
  readonly #process: PeerProcess
  readonly #pages: Server
  #socket: WebSocket | undefined
  #last = 0
  readonly #waiting = new Map<number, (answer: Answer) => void>()

  private constructor(folder: string, script: string) {
    mkdirSync(folder, { recursive: true })
    this.#process = new PeerProcess({
      name: 'chromium',
      command: locatePeer('chromium'),
      args: [`--user-data-dir=${join(folder, 'profile')}`, ...flags],
      env: { HOME: folder },
      outFile: join(folder, 'chromium.out'),
    })
    this.#pages = createServer((request, response) => {
      const isScript = request.url === '/phone.js'
      response.setHeader('Content-Type', isScript ? 'text/javascript' : 'text/html')
      response.end(isScript ? script : '<!doctype html><meta charset="utf-8"><script src="phone.js"></script>')
    })
  }

  /** @param folder its scratch folder */
  static async start(folder: string): Promise<Browser> {
    const page = fileURLToPath(new URL('page/phone.ts', import.meta.url))
    const { outputFiles } = await build({
      ...{ entryPoints: [page], bundle: true, write: false, format: 'iife', logLevel: 'warning' },
      define: { global: 'globalThis' },
    })
    const browser = new Browser(folder, outputFiles[0]!.text)
    browser.#pages.listen(0, '127.0.0.1')
    await once(browser.#pages, 'listening')
    browser.#process.start()
    const [, endpoint] = await browser.#process.waitFor(/DevTools listening on (ws:\S+)/, { timeout: 30_000 })
    browser.#socket = new WebSocket(endpoint!)
    await once(browser.#socket, 'open')
    browser.#socket.on('message', (data: Buffer) => {
      const answer = JSON.parse(data.toString()) as Answer
      if (answer.id !== undefined) browser.#waiting.get(answer.id)?.(answer)
    })
    return browser
  }

  /** Opens the phone's page. */
  async open(): Promise<Page> {
    const { port } = this.#pages.address() as AddressInfo
    // localhost is a secure context, which WebRTC asks for
    const url = `http://localhost:${port}/`
    const { targetId } = await this.send('Target.createTarget', { url })
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true })
    const page = new Page(this, { target: String(targetId), session: String(sessionId), url })
    await page.loaded()
    return page
  }

  /** Sends a command of the protocol. */
  async send(method: string, params: object, sessionId?: string): Promise<Record<string, unknown>> {
    const id = ++this.#last
    const answered = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve))
    this.#socket!.send(JSON.stringify({ id, method, params, sessionId }))
    const { result, error } = await answered
    this.#waiting.delete(id)
    if (result === undefined) throw new Error(`${method}: ${error?.message}`)
    return result
  }

  async stop(): Promise<void> {
    this.#socket?.close()
    this.#pages.close()
    this.#pages.closeAllConnections()
    await this.#process.stop({})
  }
}

interface Answer {
  readonly id?: number
  readonly result?: Record<string, unknown>
  readonly error?: { readonly message: string }
}

/** One page, in which scripts can be run. */
export class Page {
  readonly #browser: Browser
  readonly #target: string
  readonly #session: string
  readonly #url: string

  constructor(browser: Browser, ids: { readonly target: string; readonly session: string; readonly url: string }) {
    this.#browser = browser
    this.#target = ids.target
    this.#session = ids.session
    this.#url = ids.url
  }

  /** The value of an expression; a promise is awaited. */
  async evaluate<T>(expression: string): Promise<T> {
    const params = { expression, awaitPromise: true, returnByValue: true, userGesture: true }
    const { result, exceptionDetails } = await this.#browser.send('Runtime.evaluate', params, this.#session)
    if (exceptionDetails !== undefined) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`)
    return (result as { readonly value: T }).value
  }

  /** Loads it again, as a user does; what it had is lost. */
  async reload(): Promise<void> {
    await this.#browser.send('Page.navigate', { url: this.#url }, this.#session)
    await this.loaded()
  }

  async close(): Promise<void> {
    await this.#browser.send('Target.closeTarget', { targetId: this.#target })
  }

  /** Waits until the page's script has run. */
  async loaded(): Promise<void> {
    for (let i = 0; i < 200; i++) {
      if (await this.evaluate<boolean>('globalThis.phone !== undefined')) return
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
    throw new Error('the page of the browser phone did not load')
  }
}
