import { createHmac } from 'node:crypto'
import { Diversion, type DiversionSettings } from '../../proxy-module/diversion/diversion.ts'
import { ServerPool } from '../../proxy-module/diversion/server-pool.ts'
import { FrontRouting } from '../../proxy-module/proxy/front-routing.ts'
import { OwnAddresses } from '../../proxy-module/proxy/own-address.ts'
import { Proxy } from '../../proxy-module/proxy/proxy.ts'
import { type Routing } from '../../proxy-module/proxy/routing.ts'
import { StandaloneRouting } from '../../proxy-module/proxy/standalone-routing.ts'
import { Authentication } from '../../proxy-module/registrar/authentication.ts'
import { LocationTable } from '../../proxy-module/registrar/location-table.ts'
import { PasswordStore } from '../../proxy-module/registrar/password-store.ts'
import { Registrar } from '../../proxy-module/registrar/registrar.ts'
import { systemClock } from '../base/clock.ts'
import { type ConfigSnapshot } from '../config/config-snapshot.ts'
import { type LogFields } from '../operation/log-line.ts'
import { type Log } from '../operation/log.ts'
import { logListenerErrors, logStack } from '../operation/stack-log.ts'
import { TokenVerifier } from '../sip/auth/b2bua-token.ts'
import { parseUri } from '../sip/message/uri.ts'
import { serverKey } from '../sip/transaction/transaction-key.ts'
import { formatAddress, isSecure, type SocketAddress, type TransportProtocol } from '../sip/transport/flow.ts'
import { isWildcard } from '../sip/transport/local-addresses.ts'
import { Resolver } from '../sip/transport/resolver.ts'
import { TransportLayer } from '../sip/transport/transport-layer.ts'
import { describeDiversion } from './describe-diversion.ts'
import { diversionSettings, digestHashes, proxyTransports, registrarSettings } from './proxy-settings.ts'
import { logProxy } from './proxy-log.ts'
import { type Service } from './service.ts'
import { StartError } from './start-error.ts'
import { proxyTlsFiles, tlsIdentity } from './tls-files.ts'

/** Connections that phones may have open; each takes some ten KiB of memory, and a descriptor. */
const mostPhones = 20_000

/** `--server proxy`: the proxy-side module::B2bua, before another proxy or as the whole proxy. */
export class ProxyService implements Service {
  readonly alive = true
  readonly #transport: TransportLayer
  readonly #resolver = new Resolver()
  readonly #own: OwnAddresses
  readonly #diversion: Diversion
  readonly #table = new LocationTable(systemClock)
  readonly #passwords: PasswordStore | undefined
  readonly #front: FrontRouting | undefined
  readonly #proxy: Proxy
  readonly #pool: ServerPool
  #snapshot: ConfigSnapshot
  #settings: DiversionSettings
  readonly #listening: (readonly [TransportProtocol, SocketAddress])[] = []

  /**
   * @param snapshot without problems of `checkProxy`, as those of {@link ProxyService.reload}
   * @param key - that it shares with the B2BUA
   */
  constructor(snapshot: ConfigSnapshot, key: Buffer) {
    const verifier = new TokenVerifier(key, Date.now)
    this.#snapshot = snapshot
    this.#settings = diversionSettings(snapshot)
    this.#transport = new TransportLayer({ tlsClient: proxyTlsFiles(snapshot), maxConnections: mostPhones })
    this.#own = new OwnAddresses(snapshot.get('global', 'aliases'))
    const file = snapshot.get('module::Authentication', 'enabled')
      ? snapshot.get('module::Authentication', 'file-path')
      : ''
    this.#passwords = file === '' ? undefined : new PasswordStore(file)
    const nextHop = snapshot.get('proxy', 'next-hop')
    this.#front = nextHop === '' ? undefined : new FrontRouting(parseUri(nextHop), this.#own)
    this.#diversion = new Diversion({
      settings: () => this.#settings,
      pool: { order: (callId) => this.#pool.order(callId), failed: (uri, why) => this.#pool.failed(uri, why) },
      // where it came from too: whoever replays a token copies the Via with it
      verify: (request, { remote }) =>
        verifier.verify(request, `${serverKey(request, request.method)} ${formatAddress(remote)}`),
    })
    this.#proxy = new Proxy({
      transport: this.#transport,
      resolver: this.#resolver,
      clock: systemClock,
      secret: createHmac('sha256', key).update('flow tokens').digest(),
      own: this.#own,
      diversion: this.#diversion,
      routing: this.#front ?? this.#standalone(),
    })
    this.#pool = new ServerPool({
      transactions: this.#proxy.transactions,
      clock: systemClock,
      uris: this.#settings.servers,
    })
    this.#pool.events.on('died', (uri) => this.#proxy.serverDied(uri))
    this.#transport.events.on('flowClosed', (flow) => this.#table.flowClosed(flow))
  }

  logTo(log: Log): void {
    logStack({ transport: this.#transport, transactions: this.#proxy.transactions }, log, systemClock)
    logProxy(this.#proxy, this.#diversion, this.#pool, log, systemClock)
    for (const { events } of [this.#proxy, this.#diversion, this.#pool, this.#transport, this.#proxy.transactions]) {
      logListenerErrors(events, log)
    }
  }

  async start(): Promise<void> {
    const problem = this.#passwords?.reload()[0]
    if (problem !== undefined) throw new StartError(`${problem.file}:${problem.line}: ${problem.what}`)
    await this.#front?.learn(this.#resolver)
    for (const spec of proxyTransports(this.#snapshot)) {
      const at = await this.#transport.listen(
        isSecure(spec.protocol) ? { ...spec, tls: tlsIdentity(proxyTlsFiles(this.#snapshot), '[global]') } : spec,
      )
      this.#listening.push([spec.protocol, at])
      if (!isWildcard(at.host)) this.#own.add(at)
    }
    this.#pool.start()
  }

  announce(): readonly (readonly [string, LogFields?])[] {
    const snapshot = this.#snapshot
    const nextHop = snapshot.get('proxy', 'next-hop')
    const listening = this.#listening.map(([protocol, at]) => `${protocol} ${formatAddress(at)}`).join(', ')
    const rest =
      nextHop === ''
        ? {
            'reg-domains': snapshot.get('module::Registrar', 'reg-domains').join(' '),
            users: this.#passwords?.file ?? 'those on this machine, as there are no passwords',
          }
        : { 'next-hop': nextHop }
    return [['proxy runs', { listening, ...rest }], [describeDiversion(this.#settings)]]
  }

  reload(snapshot: ConfigSnapshot): readonly string[] {
    const before = describeDiversion(this.#settings)
    this.#snapshot = snapshot
    this.#settings = diversionSettings(snapshot)
    this.#pool.setUris(this.#settings.servers)
    const problems = this.#passwords?.reload() ?? []
    const after = describeDiversion(this.#settings)
    return [
      ...(after === before ? [] : [after]),
      ...problems.map(({ file, line, what }) => `passwords stay as they were: ${file}:${line}: ${what}`),
    ]
  }

  counts(): Readonly<Record<string, number>> {
    const { users, bindings } = this.#table.counts()
    const { requests = 0, transactions = 0 } = this.#proxy.counts()
    return { 'proxy-requests': requests, 'proxy-transactions': transactions, users, bindings }
  }

  async stop(): Promise<void> {
    this.#pool.close()
    this.#proxy.close()
    this.#table.close()
    await this.#transport.close()
  }

  #standalone(): Routing {
    const get = (): ConfigSnapshot => this.#snapshot
    const authentication = new Authentication({
      clock: systemClock,
      passwords: () => this.#passwords?.current,
      domains: () => get().get('module::Authentication', 'auth-domains'),
      hashes: () => digestHashes(get()) ?? [],
      nonceLifetime: get().get('module::Authentication', 'nonce-expires'),
    })
    const domains = (): readonly string[] => get().get('module::Registrar', 'reg-domains')
    return new StandaloneRouting({
      own: this.#own,
      table: this.#table,
      authentication,
      domains,
      registrar: new Registrar({
        clock: systemClock,
        table: this.#table,
        authentication,
        domains,
        settings: () => registrarSettings(get()),
      }),
      trustsHost: (host) => get().get('module::Authentication', 'trusted-hosts').includes(host),
    })
  }
}
