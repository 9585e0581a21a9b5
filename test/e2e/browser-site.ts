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
  /** Users and passwords; without, the proxy asks for none. */
  readonly passwords?: Readonly<Record<string, string>>
}

type Own = 'name' | 'domain' | 'proxy' | 'folder' | 'address'

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
    const { enabled = true, encryptionRules, passwords } = options
    const site = await Site.open(name, {
      standalone: { enabled },
      encryptionRules,
      args: [
        ...['--set', `b2bua/media-address=${address}`],
        ...['--set', `proxy/transports=sip:127.0.0.1:5060 sip:${webSocket};transport=ws`],
        ...(passwords === undefined ? [] : authentication(passwords, scratchFolder(`${name}-passwords`))),
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
  page(name: string, options: Pick<BrowserPhoneOptions, 'toneHz' | 'password'>): Promise<BrowserPhone> {
    const folder = join(this.folder, name)
    const socket = `ws://${webSocket}`
    return this.#site.begin(new BrowserPhone(this.#browser, { ...options, name, domain, socket, folder }))
  }

  linphone(name: string, options: Omit<LinphoneOptions, Own>): Promise<Linphone> {
    return this.#site.linphone(name, { ...options, address })
  }

  baresip(name: string, options: Omit<BaresipOptions, Own>): Promise<Baresip> {
    return this.#site.baresip(name, { ...options, address })
  }

  /** @returns the exit status of the server */
  async close(): Promise<number | null | undefined> {
    const status = await this.#site.close()
    await this.#browser.stop()
    return status
  }
}

function authentication(passwords: Readonly<Record<string, string>>, folder: string): string[] {
  const file = join(folder, 'passwords')
  const users = Object.entries(passwords).map(([user, password]) => `${user}@${domain} clrtxt:${password} ;\n`)
  writeFileSync(file, `version:1\n\n${users.join('')}`)
  return ['enabled=true', `auth-domains=${domain}`, `file-path=${file}`].flatMap((setting) => [
    '--set',
    `module::Authentication/${setting}`,
  ])
}
