import { systemClock, type Clock } from '../../../src/base/clock.ts'
import { everythingCrosses } from '../../../src/base/header-policy.ts'
import { defaultCryptoSuites, type EncryptionMode } from '../../../src/base/encryption.ts'
import { allowedMethods } from '../../../src/b2bua/allowed-methods.ts'
import { type Application } from '../../../src/b2bua/application.ts'
import { B2bua } from '../../../src/b2bua/b2bua.ts'
import { type CallSummary } from '../../../src/b2bua/call-summary.ts'
import { type CallSettings } from '../../../src/b2bua/call-settings.ts'
import { WorkerMediaEngine } from '../../../src/media/worker-media-engine.ts'
import { Resolver } from '../../../src/sip/transport/resolver.ts'
import { TransportLayer } from '../../../src/sip/transport/transport-layer.ts'
import { type TargetResolver } from '../../../src/sip/transaction/next-hops.ts'
import { TransactionLayer } from '../../../src/sip/transaction/transaction-layer.ts'
import { UserAgent } from '../../../src/sip/usage/user-agent.ts'
import { relayedOptions } from '../../../src/b2bua/option-tags.ts'
import { Inbox, SipPhone } from './sip-phone.ts'
import { packetIo } from '../media/drivers.ts'

/** What a test may set. */
export interface SiteOptions {
  readonly mode?: EncryptionMode
  /** Modes with which leg B is tried again. */
  readonly fallback?: readonly EncryptionMode[]
  readonly settings?: Partial<CallSettings>
  readonly protocol?: 'tcp' | 'udp'
  /** Route of leg B; default: phone B, which stands for the proxy. */
  readonly route?: string
  /** Time of SIP and calls; media keeps its own. */
  readonly clock?: Clock
  /** How next hops are found; default: as the server does. */
  readonly resolver?: TargetResolver
}

/** A B2BUA with its real layers, a phone on each side, and no proxy: phone B is the outbound proxy. */
export class Site {
  readonly a: SipPhone
  readonly b: SipPhone
  readonly b2bua: B2bua
  readonly ended = new Inbox<CallSummary>()
  readonly transport: TransportLayer
  readonly transactions: TransactionLayer
  readonly engine: WorkerMediaEngine
  /** Route of leg B of the calls to come. */
  route: string
  /** Encryption of leg B of the calls to come; leg A's where absent. */
  mode: EncryptionMode | undefined
  /** Recipients who are at phone B and called in leg A's encryption, whatever `route` and `mode` say. */
  readonly ordinary = new Set<string>()
  readonly #userAgent: UserAgent
  readonly #port: number

  private constructor(parts: {
    a: SipPhone
    b: SipPhone
    port: number
    options: SiteOptions
    transport: TransportLayer
    engine: WorkerMediaEngine
  }) {
    const { options, transport, engine } = parts
    const { clock = systemClock, resolver = new Resolver() } = options
    this.a = parts.a
    this.b = parts.b
    this.#port = parts.port
    this.transport = transport
    this.engine = engine
    this.route = options.route ?? parts.b.uri
    this.mode = options.mode
    this.transactions = new TransactionLayer({ transport, resolver, clock })
    this.#userAgent = new UserAgent({
      transactions: this.transactions,
      clock,
      userAgent: 'Flexisip-B2BUA/1.0',
      requestHeaders: [
        ['X-Flexisip-B2BUA', 'ignore'],
        ['flexisip-b2bua', 'ignore'],
      ],
      supported: ['timer'],
      passed: relayedOptions,
      allow: allowedMethods,
    })
    const application: Application = {
      name: 'test',
      decide: ({ recipient, offered }) => {
        const ordinary = this.ordinary.has(recipient)
        return {
          kind: 'destination',
          uri: recipient,
          route: [`<${ordinary ? this.b.uri : this.route};lr>`],
          mode: (ordinary ? undefined : this.mode) ?? offered,
          suites: defaultCryptoSuites,
          fallback: options.fallback ?? [],
          because: 'the test says so',
        }
      },
    }
    this.b2bua = new B2bua({
      userAgent: this.#userAgent,
      engine,
      clock,
      application: () => application,
      settings: () => ({
        maxCalls: 10,
        admission: { callRate: 0, callRatePerSource: 0, loopDelay: 0 },
        maxDuration: 0,
        unansweredTimeout: 240_000,
        followRedirects: false,
        headerPolicy: everythingCrosses,
        codecs: {},
        suites: defaultCryptoSuites,
        media: {
          localAddress: '127.0.0.1',
          audioPorts: { min: 0, max: 0 },
          videoPorts: { min: 0, max: 0 },
          noRtpTimeout: 30,
        },
        ...options.settings,
      }),
    })
    this.b2bua.events.on('ended', (_call, summary) => this.ended.put(summary))
  }

  static async start(options: SiteOptions = {}): Promise<Site> {
    const protocol = options.protocol ?? 'tcp'
    const [a, b] = await Promise.all([SipPhone.start('alice', protocol), SipPhone.start('bob', protocol)])
    const transport = new TransportLayer(options.clock === undefined ? {} : { clock: options.clock })
    const site = new Site({
      a,
      b,
      options,
      transport,
      engine: new WorkerMediaEngine({ workers: 1, packetIo }),
      port: (await transport.listen({ protocol, host: '127.0.0.1', port: 0 })).port,
    })
    site.#protocol = protocol
    return site
  }

  #protocol = 'tcp'

  /** Where the B2BUA listens. */
  get uri(): string {
    return `sip:127.0.0.1:${this.#port};transport=${this.#protocol}`
  }

  /** What calls hold now. An answered INVITE's transactions stay 32 s to absorb what is repeated (RFC 6026): not counted. */
  counts(): Readonly<Record<string, number>> {
    const { sessions, ports } = this.engine.counts()
    const { dialogs, invites, pending } = this.#userAgent.counts()
    return { calls: this.b2bua.calls.size, dialogs, invites, pending, sessions, ports }
  }

  async stop(): Promise<void> {
    await this.b2bua.stop(0)
    await Promise.all([this.a.stop(), this.b.stop()])
    await this.#userAgent.close()
    await this.transport.close()
    await this.engine.close()
  }
}
