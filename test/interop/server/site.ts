import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Baresip, type BaresipOptions } from '../peers/baresip.ts'
import { Kamailio } from '../peers/kamailio.ts'
import { Linphone, type LinphoneOptions } from '../peers/linphone.ts'
import { type Phone } from '../peers/phone.ts'
import { B2buaServer } from './b2bua-server.ts'
import { userAgent, type FlexisipConf } from './flexisip-conf.ts'

/** What came of every run is kept here until the next one: logs, recordings, captures. */
const scratch = fileURLToPath(new URL('../../../out/interop', import.meta.url))

/** A fresh folder for what a test file leaves behind. */
export function scratchFolder(name: string): string {
  const folder = join(scratch, name)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  return folder
}

const proxyAddress = '127.0.0.1:5060'
const b2buaUri = 'sip:127.0.0.1:6067;transport=tcp'
/** Domain in which phones register. The domain that is called chooses the rule; the proxy looks users up without it. */
const domain = 'example.org'

export interface SiteOptions extends Partial<Omit<FlexisipConf, 'folder'>> {
  /** No B2BUA: the phones and the proxy alone. */
  readonly withoutB2bua?: boolean
  /** The diverting Route has `;lr`, which Flexisip's has not. */
  readonly looseRoute?: boolean
  /** More arguments of the B2BUA. */
  readonly args?: readonly string[]
}

/** An operator's site on one machine: a proxy, the B2BUA beside it as the example configuration has it, and phones. */
export class Site {
  readonly folder: string
  /** The proxy, unless the B2BUA's program is the proxy too. */
  readonly #kamailio: Kamailio | undefined
  readonly #phones: Phone[] = []
  readonly #options: SiteOptions
  #b2bua: B2buaServer | undefined

  private constructor(name: string, options: SiteOptions) {
    this.#options = options
    this.folder = scratchFolder(name)
    const divert = { b2bua: b2buaUri, userAgent, looseRoute: options.looseRoute ?? false }
    if (options.standalone !== undefined) return
    this.#kamailio = new Kamailio({
      folder: join(this.folder, 'kamailio'),
      listen: proxyAddress,
      ...(options.withoutB2bua ? {} : { divert }),
    })
  }

  /** @param name of the folder for what is left behind */
  static async open(name: string, options: SiteOptions = {}): Promise<Site> {
    const site = new Site(name, options)
    try {
      await site.#kamailio?.start()
      if (!options.withoutB2bua) site.#b2bua = await site.#startB2bua()
      return site
    } catch (error) {
      await site.close()
      throw error
    }
  }

  get b2bua(): B2buaServer {
    if (!this.#b2bua) throw new Error('this site has no B2BUA')
    return this.#b2bua
  }

  /**
   * Stops the B2BUA and starts it again, with its data directory as it was.
   *
   * @param args more of its arguments from now on
   * @returns its exit status
   */
  async restartB2bua(args: readonly string[] = []): Promise<number | null> {
    const status = await this.b2bua.stop()
    this.#b2bua = await this.#startB2bua(args)
    return status
  }

  /** Starts a linphonec, registered as `name`. */
  async linphone(
    name: string,
    options: Omit<LinphoneOptions, 'name' | 'domain' | 'proxy' | 'folder'>,
  ): Promise<Linphone> {
    const folder = join(this.folder, name)
    return this.begin(new Linphone({ ...options, name, domain, proxy: `sip:${proxyAddress}`, folder }))
  }

  /** Starts a baresip, registered as each of its accounts. */
  async baresip(name: string, options: Omit<BaresipOptions, 'name' | 'domain' | 'proxy' | 'folder'>): Promise<Baresip> {
    const folder = join(this.folder, name)
    return this.begin(new Baresip({ ...options, name, domain, proxy: `sip:${proxyAddress}`, folder }))
  }

  /**
   * Stops everything.
   * @returns the exit status of the B2BUA, if there is one
   */
  async close(): Promise<number | null | undefined> {
    await Promise.all(this.#phones.map((phone) => phone.stop()))
    const status = await this.#b2bua?.stop()
    await this.#kamailio?.stop()
    return status
  }

  #startB2bua(args: readonly string[] = []): Promise<B2buaServer> {
    return B2buaServer.start({
      transport: b2buaUri,
      outboundProxy: `sip:${proxyAddress};transport=tcp`,
      ...this.#options,
      args: [...(this.#options.args ?? []), ...args],
      folder: join(this.folder, 'b2bua'),
    })
  }

  /** Starts a phone, which stops with the site. */
  async begin<P extends Phone>(phone: P): Promise<P> {
    this.#phones.push(phone)
    await phone.start()
    return phone
  }
}
