import { randomInt } from 'node:crypto'
import { type TestContext } from 'node:test'
import { FrontRouting } from '../../../proxy-module/proxy/front-routing.ts'
import { type SipRequest } from '../../../src/sip/message/message.ts'
import { parseUri } from '../../../src/sip/message/uri.ts'
import { Resolver } from '../../../src/sip/transport/resolver.ts'
import { requestText, responseText, type RequestOptions, type TextOptions } from '../torture/sip-text.ts'
import { TcpWire, UdpWire, type Wire } from '../torture/wire.ts'
import { ProxySite, type ProxySiteOptions } from './proxy-site.ts'

/** A proxy in front mode on 127.0.0.1, and its next hop on another loopback address, so that no phone is taken for it. */
export class FrontSite {
  readonly site: ProxySite
  readonly next: UdpWire
  readonly #t: TestContext

  private constructor(t: TestContext, site: ProxySite, next: UdpWire) {
    this.#t = t
    this.site = site
    this.next = next
  }

  static async start(t: TestContext, options: Omit<ProxySiteOptions, 'nextHop' | 'routing'> = {}): Promise<FrontSite> {
    const peer = { host: '127.0.0.1', port: 9 }
    const next = await UdpWire.open(t, peer, { host: otherLoopback(), port: 0 })
    const routings: FrontRouting[] = []
    const nextHop = parseUri(`sip:${next.address.host}:${next.address.port}`)
    const site = await ProxySite.start(t, {
      ...options,
      routing: (own) => {
        const routing = new FrontRouting(nextHop, own)
        routings.push(routing)
        return routing
      },
    })
    await routings[0]!.learn(new Resolver())
    peer.port = site.udp.port
    return new FrontSite(t, site, next)
  }

  phone(): Promise<UdpWire> {
    return UdpWire.open(this.#t, this.site.udp)
  }

  tcpPhone(): Promise<TcpWire> {
    return TcpWire.open(this.#t, this.site.tcp)
  }

  /** The Path of a phone, after its REGISTER was passed on and answered. */
  async register(phone: Wire): Promise<string> {
    phone.send(requestText(phone, 'REGISTER', { uri: 'sip:sip.example.org', fields: { Contact: `<${phone.uri}>` } }))
    const request = await this.next.request('REGISTER')
    this.next.send(responseText(this.next, request, 200))
    await phone.response('REGISTER', 200)
    return request.headers.get('Path')!
  }

  /** What the next hop gets of a phone's request. */
  async pass(phone: Wire, method: string, options: RequestOptions = {}): Promise<SipRequest> {
    phone.send(requestText(phone, method, options))
    return this.next.request(method)
  }

  /** The next hop answers. */
  answer(request: SipRequest, status: number, options: TextOptions & { readonly toTag?: string } = {}): void {
    this.next.send(responseText(this.next, request, status, options))
  }
}

/** An address of this machine that no other test uses. */
export function otherLoopback(): string {
  return `127.${randomInt(64, 255)}.${randomInt(255)}.${randomInt(1, 255)}`
}
