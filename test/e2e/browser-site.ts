import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type B2buaServer } from '../interop/server/b2bua-server.ts'
import { type Baresip, type BaresipOptions } from '../interop/peers/baresip.ts'
import { type Linphone, type LinphoneOptions } from '../interop/peers/linphone.ts'
import { scratchFolder, Site } from '../interop/server/site.ts'
import { Browser } from './browser.ts'
import { BrowserPhone, type BrowserPhoneOptions } from './browser-phone.ts'

/** A browser has no candidate of the loopback; the other phones are where it is. */
const address = '10.99.0.1'
const webSocket = '127.0.0.1:5066'
const domain = 'example.org'

export interface BrowserSiteOptions {
  /** Calls are diverted to the B2BUA; otherwise the proxy is all that is between phones. */
  readonly enabled?: boolean
  readonly encryptionRules: readonly string[]
  /** What leg B is tried with again, as the companion file has it. */
  readonly fallback?: string
  readonly users: readonly string[]
}

type Own = 'name' | 'domain' | 'proxy' | 'folder' | 'address' | 'password'

/** The program alone (`--server all`), with a browser that comes by WebSocket, and with phones. */
export class BrowserSite {
  readonly #site: Site
  readonly #browser: Browser

  private constructor(site: Site, browser: Browser) {
    this.#site = site
    this.#browser = browser
  }

  /** @param name of the folder for what is left behind */
  static async open(name: string, options: BrowserSiteOptions): Promise<BrowserSite> {
    const { enabled = true, encryptionRules, fallback = '', users } = options
    const site = await Site.open(name, {
      standalone: { enabled },
      encryptionRules,
      args: [
        ...['--set', `b2bua/media-address=${address}`],
        ...['--set', `proxy/transports=sip:127.0.0.1:5060 sip:${webSocket};transport=ws`],
        ...['--set', `b2bua/fallback=${fallback}`],
        ...authentication(users, scratchFolder(`${name}-passwords`)),
      ],
    })
    try {
      return new BrowserSite(site, await Browser.start(join(site.folder, 'browser')))
    } catch (error) {
      await site.close()
      throw error
    }
  }

  get folder(): string {
    return this.#site.folder
  }

  get b2bua(): B2buaServer {
    return this.#site.b2bua
  }

  /** Opens a page of the browser, which registers as `name`. */
  page(
    name: string,
    { toneHz, password = passwordOf(name) }: Pick<BrowserPhoneOptions, 'toneHz' | 'password'>,
  ): Promise<BrowserPhone> {
    const folder = join(this.folder, name)
    const socket = `ws://${webSocket}`
    return this.#site.begin(new BrowserPhone(this.#browser, { name, toneHz, password, domain, socket, folder }))
  }

  linphone(name: string, options: Omit<LinphoneOptions, Own>): Promise<Linphone> {
    return this.#site.linphone(name, { ...options, address, password: passwordOf(name) })
  }

  baresip(name: string, options: Omit<BaresipOptions, Own>): Promise<Baresip> {
    const accounts = options.accounts.map((one) => ({ ...one, password: passwordOf(one.name) }))
    return this.#site.baresip(name, { ...options, accounts, address })
  }

  /** @returns the exit status of the server */
  async close(): Promise<number | null | undefined> {
    const status = await this.#site.close()
    await this.#browser.stop()
    return status
  }
}

function passwordOf(user: string): string {
  return `${user}-password`
}

/** Settings with which the proxy asks its users for passwords; without, it serves the loopback only. */
function authentication(users: readonly string[], folder: string): string[] {
  const file = join(folder, 'passwords')
  const lines = users.map((user) => `${user}@${domain} clrtxt:${passwordOf(user)} ;\n`)
  writeFileSync(file, `version:1\n\n${lines.join('')}`)
  return ['enabled=true', `auth-domains=${domain}`, `file-path=${file}`].flatMap((setting) => [
    '--set',
    `module::Authentication/${setting}`,
  ])
}
