import { join } from 'node:path'
import { systemClock } from '../base/clock.ts'
import { defaultCryptoSuites } from '../base/encryption.ts'
import { allowedMethods } from '../b2bua/allowed-methods.ts'
import { type Application } from '../b2bua/application.ts'
import { relayedOptions } from '../b2bua/option-tags.ts'
import { B2bua } from '../b2bua/b2bua.ts'
import { type CallSettings } from '../b2bua/call-settings.ts'
import { type ConfigSnapshot } from '../config/config-snapshot.ts'
import { WorkerMediaEngine } from '../media/worker-media-engine.ts'
import { ownAlgorithms } from '../media/zrtp/algorithms.ts'
import { ownHello, zrtpHash } from '../media/zrtp/own-hello.ts'
import { logCalls } from '../operation/call-log.ts'
import { type LogFields } from '../operation/log-line.ts'
import { type Log } from '../operation/log.ts'
import { logListenerErrors, logMedia, logStack } from '../operation/stack-log.ts'
import { tokenHeader, TokenSigner, TokenVerifier } from '../sip/auth/b2bua-token.ts'
import { formatAddress, type SocketAddress } from '../sip/transport/flow.ts'
import { isWildcard } from '../sip/transport/local-addresses.ts'
import { parseTransportUri } from '../sip/transport/listen-spec.ts'
import { Resolver } from '../sip/transport/resolver.ts'
import { TransportLayer } from '../sip/transport/transport-layer.ts'
import { TransactionLayer } from '../sip/transaction/transaction-layer.ts'
import { UserAgent } from '../sip/usage/user-agent.ts'
import { describeRules } from '../trenscrypter/describe-rules.ts'
import { readRules, type TrenscrypterRules } from '../trenscrypter/rules.ts'
import { Trenscrypter } from '../trenscrypter/trenscrypter.ts'
import { openCertificate, type OpenCertificate } from './dtls-certificate.ts'
import { keepZid } from './zrtp-identity.ts'
import { type Service } from './service.ts'
import { b2buaTlsFiles, tlsIdentity } from './tls-files.ts'
import { version } from './version.ts'

/** Bytes that may wait for a proxy that does not read: all calls share its connection, which must survive its pauses of some seconds. */
const proxyBacklog = 16 * 1_048_576

/** Milliseconds that a call may ring (reference: b2bua-server §1, not configurable). */
const unansweredTimeout = 240_000

/** Longest wait for the answers to the last BYEs and CANCELs at shutdown, in milliseconds. */
const lastWords = 2_000

/** Requests of leg B by which Flexisip's proxy knows the B2BUA (reference: proxy-module §2): 2.4 and later, 2.2 and 2.3. */
const loopHeaders = [
  ['X-Flexisip-B2BUA', 'ignore'],
  ['flexisip-b2bua', 'ignore'],
] as const

/** `--server b2bua`: the layers, put together as one configuration says, and the calls on top. */
export class B2buaService implements Service {
  readonly b2bua: B2bua
  readonly engine: WorkerMediaEngine
  readonly transport: TransportLayer
  readonly transactions: TransactionLayer
  readonly #userAgent: UserAgent
  #snapshot: ConfigSnapshot
  #rules: TrenscrypterRules
  #application: Application
  readonly #certificate: OpenCertificate
  readonly #zrtpHash: (seed: Buffer) => string
  #listening: SocketAddress | undefined
  /** The address in session descriptions. */
  #mediaAddress = ''

  /**
   * @param snapshot without problems of `checkStart`, as those of {@link B2buaService.reload}
   * @param directory - of what it keeps: the certificates of DTLS-SRTP
   * @param key - that it shares with the proxy
   */
  constructor(snapshot: ConfigSnapshot, directory: string, key: Buffer) {
    this.#snapshot = snapshot
    this.#certificate = openCertificate(snapshot, directory)
    const zid = keepZid(directory)
    const trustedMitm = snapshot.get('b2bua', 'zrtp-trusted-mitm')
    this.#zrtpHash = (seed) => zrtpHash(ownHello({ seed, zid, algorithms: ownAlgorithms, trustedMitm }))
    const secrets = join(directory, 'zrtp-secrets.sqlite')
    this.engine = new WorkerMediaEngine({
      ...{ zid, trustedMitm },
      packetIo: { driver: snapshot.get('b2bua', 'packet-io'), pause: snapshot.get('b2bua', 'media-pause') },
      ...(snapshot.get('b2bua', 'zrtp-cache') === 'file' && { secrets }),
      ...('certificate' in this.#certificate && this.#certificate),
    })
    this.transport = new TransportLayer({
      ...{ tlsClient: b2buaTlsFiles(snapshot), keepAlive: keepAliveOf(snapshot) },
      maxBacklog: proxyBacklog,
    })
    const signer = new TokenSigner(key, Date.now)
    const verifier = new TokenVerifier(key, Date.now)
    this.#rules = readRules(snapshot).rules
    this.#application = applicationOf(snapshot, this.#rules)
    this.transactions = new TransactionLayer({
      transport: this.transport,
      resolver: new Resolver(),
      clock: systemClock,
    })
    this.#userAgent = new UserAgent({
      transactions: this.transactions,
      clock: systemClock,
      userAgent: snapshot.get('b2bua-server', 'user-agent').replace('{version}', version),
      requestHeaders: loopHeaders,
      mark: (request) => request.headers.set(tokenHeader, signer.sign(request)),
      isOwn: (request) => verifier.isGenuine(request),
      supported: ['timer'],
      passed: relayedOptions,
      allow: allowedMethods,
    })
    this.b2bua = new B2bua({
      userAgent: this.#userAgent,
      engine: this.engine,
      clock: systemClock,
      application: () => this.#application,
      settings: () => this.#settings(),
    })
  }

  get alive(): boolean {
    return this.engine.alive
  }

  logTo(log: Log): void {
    logCalls(this.b2bua, log, systemClock)
    logStack(this, log, systemClock)
    logMedia(this.engine, log)
    for (const { events } of [this.b2bua, this.transport, this.transactions, this.engine])
      logListenerErrors(events, log)
  }

  /** Where it listens, where it sends, and what the rules are. */
  announce(): readonly (readonly [string, LogFields?])[] {
    const snapshot = this.#snapshot
    const { unavailable } = this.#certificate
    const at = this.#listening === undefined ? 'on nothing' : formatAddress(this.#listening)
    return [
      [
        `flexisip-b2bua ${version} runs`,
        {
          listening: at,
          transport: snapshot.get('b2bua-server', 'transport'),
          'outbound-proxy': snapshot.get('b2bua-server', 'outbound-proxy'),
          'max-calls': snapshot.get('b2bua-server', 'max-calls'),
        },
      ],
      ...(unavailable === undefined ? [] : ([[`DTLS-SRTP is not available: ${unavailable}`]] as const)),
      ...describeRules.all(this.#rules).map((line) => [line] as const),
    ]
  }

  counts(): Readonly<Record<string, number>> {
    return {
      calls: this.b2bua.calls.size,
      fallbacks: this.b2bua.fallbacks,
      ...this.#userAgent.counts(),
      ...prefixed('media-', this.engine.counts()),
    }
  }

  /**
   * Opens the listening point.
   * @throws StartError, TransportError
   */
  async start(): Promise<void> {
    const spec = parseTransportUri(this.#snapshot.get('b2bua-server', 'transport'))
    if (spec !== undefined) {
      this.#listening = await this.transport.listen(
        spec.protocol === 'tls'
          ? { ...spec, tls: tlsIdentity(b2buaTlsFiles(this.#snapshot), '[b2bua] of flexisip-b2bua.conf') }
          : spec,
      )
    }
    this.#learnMediaAddress()
  }

  reload(snapshot: ConfigSnapshot): readonly string[] {
    const { rules } = readRules(snapshot)
    const changes = describeRules.changes(this.#rules, rules)
    this.#application = applicationOf(snapshot, rules)
    this.#rules = rules
    this.#snapshot = snapshot
    this.#learnMediaAddress()
    return changes
  }

  /** `shutdown-grace` is what calls in progress get. */
  async stop(): Promise<void> {
    await this.b2bua.stop(this.#snapshot.get('b2bua', 'shutdown-grace'))
    await this.#userAgent.close(lastWords)
    await this.transport.close()
    await this.engine.close()
  }

  #settings(): CallSettings {
    const snapshot = this.#snapshot
    const audio = snapshot.get('b2bua-server', 'audio-codec')
    const video = snapshot.get('b2bua-server', 'video-codec')
    return {
      maxCalls: snapshot.get('b2bua-server', 'max-calls'),
      admission: {
        callRate: snapshot.get('b2bua', 'max-call-rate'),
        callRatePerSource: snapshot.get('b2bua', 'max-call-rate-per-source'),
        loopDelay: snapshot.get('b2bua', 'max-event-loop-delay'),
      },
      maxDuration: snapshot.get('b2bua-server', 'max-call-duration'),
      unansweredTimeout,
      followRedirects: snapshot.get('b2bua', 'follow-redirects'),
      headerPolicy: snapshot.get('b2bua', 'header-policy'),
      codecs: { ...(audio === '' ? {} : { audio }), ...(video === '' ? {} : { video }) },
      suites: defaultCryptoSuites,
      ...('fingerprint' in this.#certificate && { fingerprint: this.#certificate.fingerprint }),
      zrtp: {
        hash: this.#zrtpHash,
        clear: snapshot.get('b2bua', 'zrtp-unanswered') === 'clear' ? 'if-unanswered' : 'never',
        opportunistic: snapshot.get('b2bua', 'zrtp-opportunistic'),
      },
      ...(snapshot.get('b2bua-server', 'enable-ice') && {
        ice: { addresses: snapshot.get('b2bua-server', 'nat-addresses') },
      }),
      media: {
        localAddress: this.#mediaAddress,
        audioPorts: snapshot.get('b2bua-server', 'audio-port'),
        videoPorts: snapshot.get('b2bua-server', 'video-port'),
        audioDscp: snapshot.get('b2bua', 'audio-dscp'),
        videoDscp: snapshot.get('b2bua', 'video-dscp'),
        noRtpTimeout: snapshot.get('b2bua-server', 'no-rtp-timeout') / 1000,
      },
    }
  }

  /** `media-address` of the companion file, or the one on which SIP is listened; else it stays what it was. */
  #learnMediaAddress(): void {
    const own = this.#snapshot.get('b2bua', 'media-address')
    const host = this.#listening?.host
    if (own !== '') this.#mediaAddress = own
    else if (host !== undefined && !isWildcard(host)) this.#mediaAddress = host
  }
}

/** Milliseconds between two CRLF keep-alives on connections that this server opened; 0 for none. */
function keepAliveOf(snapshot: ConfigSnapshot): number {
  return snapshot.get('b2bua-server', 'enable-keepalive') ? 30_000 : 0
}

function applicationOf(snapshot: ConfigSnapshot, rules: TrenscrypterRules): Application {
  return new Trenscrypter(rules, snapshot.get('b2bua-server', 'outbound-proxy'))
}

function prefixed(prefix: string, counts: object): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).map(([key, value]) => [prefix + key, Number(value)]))
}
