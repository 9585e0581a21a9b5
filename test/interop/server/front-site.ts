import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Baresip, type BaresipOptions } from '../peers/baresip.ts'
import { Kamailio } from '../peers/kamailio.ts'
import { Linphone, type LinphoneOptions } from '../peers/linphone.ts'
import { PeerProcess } from '../peers/peer-process.ts'
import { type Phone } from '../peers/phone.ts'
import { poll } from '../peers/poll.ts'
import { B2buaServer, type B2buaServerOptions } from './b2bua-server.ts'
import { saveAtomically, userAgent } from './flexisip-conf.ts'
import { scratchFolder } from './site.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const kamailioAt = '127.0.0.1:5060'
const b2buaUri = 'sip:127.0.0.1:6067;transport=tcp'
const domain = 'example.org'

/** Where phones go: one URI for each transport; browsers go to the WebSocket. */
export const front = {
  host: '127.0.0.2',
  port: 5060,
  udp: 'sip:127.0.0.2:5060',
  tcp: 'sip:127.0.0.2:5060;transport=tcp',
  tls: 'sip:127.0.0.2:5061;transport=tls',
  wss: 'sip:127.0.0.2:5066;transport=wss',
} as const

/** `[module::B2bua]` of the front proxy, as the tests change it. */
export interface Diverting {
  readonly enabled: boolean
  readonly filter?: string
}

/** A site whose proxy is Kamailio, which knows nothing of the B2BUA: `--server proxy` stands before it. */
export class FrontSite {
  readonly folder: string
  readonly #kamailio: Kamailio
  readonly #phones: Phone[] = []
  readonly #conf: string
  #b2bua: B2buaServer | undefined
  #front: PeerProcess | undefined

  private constructor(name: string) {
    this.folder = scratchFolder(name)
    this.#conf = join(this.folder, 'front/flexisip.conf')
    this.#kamailio = new Kamailio({ folder: join(this.folder, 'kamailio'), listen: kamailioAt, path: true })
  }

  /**
   * @param name of the folder for what is left behind
   * @param server of the B2BUA
   */
  static async open(
    name: string,
    diverting: Diverting = { enabled: true },
    server: Pick<B2buaServerOptions, 'encryptionRules' | 'args'> = { encryptionRules: ['none .*'] },
  ): Promise<FrontSite> {
    const site = new FrontSite(name)
    try {
      await Promise.all([site.#kamailio.start(), site.#startFront(diverting), site.#startB2bua(server)])
      return site
    } catch (error) {
      await site.close()
      throw error
    }
  }

  get b2bua(): B2buaServer {
    if (!this.#b2bua) throw new Error('the B2BUA has not started')
    return this.#b2bua
  }

  async linphone(
    name: string,
    options: Omit<LinphoneOptions, 'name' | 'domain' | 'proxy' | 'folder'>,
  ): Promise<Linphone> {
    return this.begin(new Linphone({ ...options, name, domain, proxy: front.udp, folder: join(this.folder, name) }))
  }

  async baresip(name: string, options: Omit<BaresipOptions, 'name' | 'domain' | 'proxy' | 'folder'>): Promise<Baresip> {
    return this.begin(new Baresip({ ...options, name, domain, proxy: front.udp, folder: join(this.folder, name) }))
  }

  /** Changes `[module::B2bua]` by an editor's atomic save; resolves when the front has taken it. */
  async save(diverting: Diverting): Promise<void> {
    const process = this.#front!
    const from = process.mark()
    saveAtomically(this.#conf, this.#text(diverting))
    // it logs what has changed; a save of the same says nothing
    await poll(() => (process.mark() > from ? true : undefined), 1500)
  }

  /** @returns the exit statuses of the two servers */
  async close(): Promise<readonly (number | null | undefined)[]> {
    await Promise.all(this.#phones.map((phone) => phone.stop()))
    const status = await this.#b2bua?.stop()
    await this.#front?.stop({ grace: 5000 })
    await this.#kamailio.stop()
    return [status, this.#front?.end?.code]
  }

  async #startB2bua(options: Pick<B2buaServerOptions, 'encryptionRules' | 'args'>): Promise<void> {
    this.#b2bua = await B2buaServer.start({
      transport: b2buaUri,
      outboundProxy: `sip:${kamailioAt};transport=tcp`,
      folder: join(this.folder, 'b2bua'),
      ...options,
    })
  }

  async #startFront(diverting: Diverting): Promise<void> {
    const folder = join(this.folder, 'front')
    mkdirSync(folder, { recursive: true })
    const [certificate, key] = [join(folder, 'front.pem'), join(folder, 'front.key')]
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
        ...['-subj', '/CN=front', '-addext', `subjectAltName=IP:${front.host}`, '-keyout', key, '-out', certificate],
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    )
    writeFileSync(this.#conf, this.#text(diverting))
    writeFileSync(
      join(folder, 'flexisip-b2bua.conf'),
      [
        '[b2bua]',
        `tls-certificates-file=${certificate}`,
        `tls-certificates-private-key=${key}`,
        '[proxy]',
        `next-hop=sip:${kamailioAt}`,
        `transports=${front.udp} sips:${front.host}:5061 ${front.wss}`,
        '',
      ].join('\n'),
    )
    this.#front = new PeerProcess({
      name: 'front',
      command: process.execPath,
      args: ['src/main.ts', '--server', 'proxy', '-c', this.#conf],
      cwd: root,
      outFile: join(folder, 'front.out'),
    })
    this.#front.start()
    await this.#front.waitFor(/ runs\b.*listening=/, { timeout: 20_000 })
  }

  /** The token key is in the data directory, which both servers share. */
  #text({ enabled, filter = '' }: Diverting): string {
    return [
      '[global]',
      `log-directory=${this.folder}/front/log`,
      'log-level=message',
      '[b2bua-server]',
      `data-directory=${this.folder}/b2bua/data`,
      `user-agent=${userAgent}`,
      '[module::B2bua]',
      `enabled=${enabled}`,
      `filter=${filter}`,
      `b2bua-server=${b2buaUri}`,
      '',
    ].join('\n')
  }

  /** Starts a phone, which stops with the site. */
  async begin<P extends Phone>(phone: P): Promise<P> {
    this.#phones.push(phone)
    await phone.start()
    return phone
  }
}
