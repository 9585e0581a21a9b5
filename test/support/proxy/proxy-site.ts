import { type TestContext } from 'node:test'
import { systemClock, type Clock } from '../../../src/base/clock.ts'
import { parseUri, type SipUri } from '../../../src/sip/message/uri.ts'
import { type SocketAddress } from '../../../src/sip/transport/flow.ts'
import { Resolver } from '../../../src/sip/transport/resolver.ts'
import { TransportLayer } from '../../../src/sip/transport/transport-layer.ts'
import { compileFilter } from '../../../proxy-module/filter/filter.ts'
import { Diversion, type DiversionOptions, type DiversionSettings } from '../../../proxy-module/diversion/diversion.ts'
import { FrontRouting } from '../../../proxy-module/proxy/front-routing.ts'
import { OwnAddresses } from '../../../proxy-module/proxy/own-address.ts'
import { Proxy } from '../../../proxy-module/proxy/proxy.ts'
import { type Routing } from '../../../proxy-module/proxy/routing.ts'

/** What a proxy of a test may differ in. */
export interface ProxySiteOptions {
  /** Where what is not diverted goes. */
  readonly nextHop?: string
  readonly routing?: (own: OwnAddresses) => Routing
  readonly filter?: string
  readonly servers?: readonly string[]
  readonly trust?: 'token' | 'user-agent'
  readonly verify?: DiversionOptions['verify']
  /** Of its transactions and timer C. */
  readonly clock?: Clock
  readonly maxRequests?: number
}

/** A proxy on sockets of this machine, and what can be changed of it while it runs. */
export class ProxySite {
  readonly proxy: Proxy
  readonly transport: TransportLayer
  readonly udp: SocketAddress
  readonly tcp: SocketAddress
  settings: DiversionSettings
  /** Servers that were told of as failed. */
  readonly failed: string[] = []

  private constructor(
    transport: TransportLayer,
    addresses: { readonly udp: SocketAddress; readonly tcp: SocketAddress },
    options: ProxySiteOptions,
  ) {
    this.transport = transport
    this.udp = addresses.udp
    this.tcp = addresses.tcp
    this.settings = {
      enabled: options.servers !== undefined,
      filter: options.filter === undefined ? undefined : compileFilter(options.filter),
      servers: (options.servers ?? ['sip:127.0.0.1:9']).map(parseUri),
      trust: options.trust ?? 'token',
      userAgent: 'Flexisip-B2BUA/1.0',
    }
    const own = new OwnAddresses()
    own.add(this.udp)
    own.add(this.tcp)
    this.proxy = new Proxy({
      transport,
      resolver: new Resolver(),
      clock: options.clock ?? systemClock,
      secret: Buffer.alloc(32, 'test'),
      own,
      diversion: new Diversion({
        settings: () => this.settings,
        pool: {
          order: (): readonly SipUri[] => this.settings.servers,
          failed: (uri) => void this.failed.push(uri.raw),
        },
        verify: options.verify ?? (() => 'forged'),
      }),
      ...(options.maxRequests !== undefined && { maxRequests: options.maxRequests }),
      routing: options.routing?.(own) ?? new FrontRouting(parseUri(options.nextHop!), own),
    })
  }

  static async start(t: TestContext, options: ProxySiteOptions): Promise<ProxySite> {
    const transport = new TransportLayer()
    const udp = await transport.listen({ protocol: 'udp', host: '127.0.0.1', port: 0 })
    const tcp = await transport.listen({ protocol: 'tcp', host: '127.0.0.1', port: 0 })
    const site = new ProxySite(transport, { udp, tcp }, options)
    t.after(async () => {
      site.proxy.close()
      await transport.close()
    })
    return site
  }
}
