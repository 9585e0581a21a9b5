import assert from 'node:assert/strict'
import { type TestContext } from 'node:test'
import { StandaloneRouting } from '../../../proxy-module/proxy/standalone-routing.ts'
import { Authentication } from '../../../proxy-module/registrar/authentication.ts'
import { LocationTable } from '../../../proxy-module/registrar/location-table.ts'
import { parsePasswordFile } from '../../../proxy-module/registrar/password-file.ts'
import { defaultRegistrarSettings } from '../../../proxy-module/registrar/register.ts'
import { Registrar } from '../../../proxy-module/registrar/registrar.ts'
import { systemClock } from '../../../src/base/clock.ts'
import { type SipRequest } from '../../../src/sip/message/message.ts'
import { requestText } from '../torture/sip-text.ts'
import { TcpWire, UdpWire, type Wire } from '../torture/wire.ts'
import { ProxySite, type ProxySiteOptions } from './proxy-site.ts'

/** What a standalone proxy of a test may differ in. */
export interface StandaloneSiteOptions extends Omit<ProxySiteOptions, 'nextHop' | 'routing'> {
  /** Lines of the password file; without them everybody on this machine is admitted. */
  readonly passwords?: string
}

/** A standalone proxy of sip.example.org and of its own address, with its registrar. */
export class StandaloneSite {
  readonly site: ProxySite
  readonly table: LocationTable
  readonly #t: TestContext

  private constructor(t: TestContext, site: ProxySite, table: LocationTable) {
    this.#t = t
    this.site = site
    this.table = table
  }

  static async start(t: TestContext, options: StandaloneSiteOptions = {}): Promise<StandaloneSite> {
    const clock = options.clock ?? systemClock
    const table = new LocationTable(clock)
    const domains = (): readonly string[] => ['sip.example.org', '127.0.0.1']
    const file = options.passwords === undefined ? undefined : parsePasswordFile(options.passwords, 'users').passwords
    const authentication = new Authentication({
      clock,
      passwords: () => file,
      domains,
      hashes: () => ['MD5'],
      nonceLifetime: 3_600_000,
    })
    const registrar = new Registrar({ clock, table, authentication, domains, settings: () => defaultRegistrarSettings })
    const site = await ProxySite.start(t, {
      ...options,
      routing: (own) =>
        new StandaloneRouting({ own, table, authentication, domains, registrar, trustsHost: () => false }),
    })
    site.transport.events.on('flowClosed', (flow) => table.flowClosed(flow))
    t.after(() => table.close())
    return new StandaloneSite(t, site, table)
  }

  phone(): Promise<UdpWire> {
    return UdpWire.open(this.#t, this.site.udp)
  }

  tcpPhone(): Promise<TcpWire> {
    return TcpWire.open(this.#t, this.site.tcp)
  }

  /** Registers phones for a user, each with a contact of its own. */
  async register(user: string, ...phones: readonly Wire[]): Promise<void> {
    for (const phone of phones) {
      const address = `<sip:${user}@sip.example.org>`
      const fields = { From: `${address};tag=1`, To: address, Contact: `<${contactOf(phone, user)}>` }
      phone.send(requestText(phone, 'REGISTER', { uri: 'sip:sip.example.org', fields }))
      assert.equal((await phone.response('REGISTER')).status, 200)
    }
  }

  /** Somebody calls a user, and all of the user's phones get the INVITE. */
  async call(
    caller: Wire,
    phones: readonly Wire[],
    user = 'bob',
  ): Promise<{ readonly text: string; readonly invites: readonly SipRequest[] }> {
    const text = requestText(caller, 'INVITE', { uri: `sip:${user}@sip.example.org` })
    caller.send(text)
    const invites = await Promise.all(phones.map((phone) => phone.request('INVITE')))
    return { text, invites }
  }
}

/** The Contact that a phone registers for a user. */
export function contactOf(phone: Wire, user: string): string {
  return phone.uri.replace('sip:', `sip:${user}@`)
}
