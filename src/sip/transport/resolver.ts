import { isIP } from 'node:net'
import { systemClock, type Clock } from '../../base/clock.ts'
import { uriParam, type SipUri } from '../message/uri.ts'
import { bareHost } from './listen-spec.ts'
import { DnsCache } from './dns-cache.ts'
import { systemDns, type DnsAnswer, type DnsClient, type NaptrRecord } from './dns-client.ts'
import { defaultPort, isWebSocket, type Target, type TransportProtocol } from './flow.ts'
import { orderSrv } from './srv-order.ts'
import { errorText, systemCode, TransportError } from './transport-error.ts'

/** Targets and SRV records looked at for one URI: a zone that lists hundreds does not make us ask hundreds of questions. */
const mostTargets = 16
/** What is looked for by NAPTR and SRV: nobody connects out by WebSocket, so its services are not asked for. */
type ServiceProtocol = 'udp' | 'tcp' | 'tls'
/** The NAPTR services of what this server speaks (RFC 3263 §4.1). */
const services: Readonly<Record<string, ServiceProtocol>> = { 'SIP+D2U': 'udp', 'SIP+D2T': 'tcp', 'SIPS+D2T': 'tls' }
/** Where the SRV records of a transport are (RFC 3263 §4.1). */
const srvPrefix: Readonly<Record<ServiceProtocol, string>> = {
  udp: '_sip._udp.',
  tcp: '_sip._tcp.',
  tls: '_sips._tcp.',
}

/** A place where SRV records are to be looked up. */
interface SrvQuestion {
  readonly protocol: ServiceProtocol
  readonly name: string
}

/** What a URI asks for. */
interface Wanted {
  readonly host: string
  readonly port: number | undefined
  /** The only transport that will do, or undefined. */
  readonly protocol: TransportProtocol | undefined
  readonly secure: boolean
  /** The domain that a TLS certificate must be for (RFC 5922 §7.2): that of the URI, not what SRV makes of it. */
  readonly serverName: string | undefined
}

/** Finds the servers that a SIP URI leads to (RFC 3263 §4). */
export class Resolver {
  readonly #dns: DnsCache
  readonly #random: () => number

  /**
   * @param options.dns where names are looked up; the machine's own by default
   * @param options.clock for the life of cached answers
   * @param options.random a number in [0, 1), for SRV weights
   */
  constructor(options: { dns?: DnsClient; clock?: Clock; random?: () => number } = {}) {
    this.#dns = new DnsCache(options.dns ?? systemDns(), options.clock ?? systemClock)
    this.#random = options.random ?? Math.random
  }

  /**
   * @param uri the next hop: the topmost Route or the Request-URI
   * @returns at least one target, in the order in which to try them (RFC 3263 §4.3)
   * @throws TransportError that names the host: `TRANSPORT_RESOLVE` when it leads nowhere, `TRANSPORT_TIMEOUT` when no name
   *   server answers
   */
  async resolve(uri: SipUri): Promise<Target[]> {
    const wanted = readWanted(uri)
    if (isIP(wanted.host) !== 0) return [target(wanted, wanted.host)]
    const { records: pinned } = await this.#dns.hosts(wanted.host).catch((cause: unknown) => {
      throw notResolved(wanted.host, cause)
    })
    if (pinned.length > 0) return pinned.map((address) => target(wanted, address))
    const { protocol } = wanted
    const byService = wanted.port === undefined && (protocol === undefined || !isWebSocket(protocol))
    const targets = byService ? await this.#byService(wanted, protocol) : []
    if (targets.length > 0) return targets.slice(0, mostTargets)
    return (await this.#addresses(wanted.host)).slice(0, mostTargets).map((address) => target(wanted, address))
  }

  /** RFC 3263 §4.1 and §4.2: NAPTR where the transport is open, then SRV. Empty when the domain has neither. */
  async #byService(wanted: Wanted, protocol: ServiceProtocol | undefined): Promise<Target[]> {
    let questions = protocol === undefined ? await this.#naptr(wanted) : []
    if (questions.length === 0) {
      const protocols: ServiceProtocol[] = wanted.secure ? ['tls'] : ['udp', 'tcp', 'tls']
      questions = (protocol === undefined ? protocols : [protocol]).map((one) => ({
        protocol: one,
        name: srvPrefix[one] + wanted.host,
      }))
    }
    return usable(questions.map((question) => this.#srv(wanted, question)))
  }

  async #naptr({ host, secure }: Wanted): Promise<SrvQuestion[]> {
    const { records } = await orNone<NaptrRecord>(this.#dns.naptr(host))
    return records
      .toSorted((a, b) => a.order - b.order || a.preference - b.preference)
      .flatMap(({ flags, service, replacement }) => {
        const protocol = services[service.toUpperCase()]
        const usable = flags.toLowerCase() === 's' && protocol !== undefined && (protocol === 'tls' || !secure)
        return usable ? [{ protocol, name: replacement.toLowerCase() }] : []
      })
  }

  async #srv(wanted: Wanted, { protocol, name }: SrvQuestion): Promise<Target[]> {
    const { records } = await orNone(this.#dns.srv(name))
    // an empty name is the root: "the service is decidedly not available" (RFC 2782)
    const offered = records.filter((one) => one.name !== '' && one.name !== '.')
    if (records.length > 0 && offered.length === 0 && wanted.protocol !== undefined) {
      throw new TransportError('TRANSPORT_RESOLVE', `${wanted.host} offers no SIP over ${protocol} (SRV ${name})`)
    }
    const ordered = orderSrv(offered, this.#random).slice(0, mostTargets)
    return usable(
      ordered.map(async (record) =>
        (await this.#addresses(record.name)).map((address) =>
          target({ ...wanted, protocol, port: record.port }, address),
        ),
      ),
    )
  }

  /** IPv4 first: of two families, that is the one which every SIP network has. */
  async #addresses(host: string): Promise<string[]> {
    const answers = await Promise.allSettled([this.#dns.a(host), this.#dns.aaaa(host)])
    const found = answers.flatMap((one) => (one.status === 'fulfilled' ? one.value.records : []))
    if (found.length > 0) return found
    const failure = answers.find((one) => one.status === 'rejected')?.reason as unknown
    if (systemCode(failure) === 'ETIMEOUT') throw notResolved(host, failure)
    try {
      const { records } = await this.#dns.lookup(host)
      if (records.length > 0) return [...records]
    } catch (cause) {
      throw notResolved(host, cause)
    }
    throw notResolved(host, failure)
  }
}

function readWanted(uri: SipUri): Wanted {
  const secure = uri.scheme === 'sips'
  if (uri.scheme !== 'sip' && !secure) {
    throw new TransportError('TRANSPORT_RESOLVE', `a ${uri.scheme} URI says no server to send to`)
  }
  const maddr = uriParam(uri, 'maddr')
  const domain = bareHost(uri.host)
  const host = (typeof maddr === 'string' ? bareHost(maddr) : domain).toLowerCase()
  return {
    host: host.endsWith('.') ? host.slice(0, -1) : host,
    port: uri.port,
    protocol: wantedProtocol(uri, secure),
    secure,
    serverName: isIP(domain) === 0 ? domain : undefined,
  }
}

function wantedProtocol(uri: SipUri, secure: boolean): TransportProtocol | undefined {
  const parameter = uriParam(uri, 'transport')
  if (parameter === undefined) return undefined
  const transport = parameter === true ? '' : parameter.toLowerCase()
  if (transport === 'wss' || (transport === 'ws' && secure)) return 'wss' // RFC 7118
  if (transport === 'ws') return 'ws'
  if (transport === 'tls' || (transport === 'tcp' && secure)) return 'tls'
  if ((transport === 'udp' || transport === 'tcp') && !secure) return transport
  throw new TransportError(
    'TRANSPORT_RESOLVE',
    `${uri.host}: a ${uri.scheme} URI with transport=${transport} is not spoken`,
  )
}

function target(wanted: Wanted, host: string): Target {
  const protocol = wanted.protocol ?? (wanted.secure ? 'tls' : 'udp')
  return {
    protocol,
    host,
    port: wanted.port ?? defaultPort(protocol),
    ...(protocol === 'tls' && wanted.serverName !== undefined && { serverName: wanted.serverName }),
  }
}

/** Those targets that could be found; the first failure only when there are none. */
async function usable(searches: readonly Promise<Target[]>[]): Promise<Target[]> {
  const results = await Promise.allSettled(searches)
  const targets = results.flatMap((one) => (one.status === 'fulfilled' ? one.value : []))
  const failed = results.find((one) => one.status === 'rejected')
  if (targets.length === 0 && failed !== undefined) throw failed.reason
  return targets
}

/** Many name servers and firewalls know only addresses: a question for a service that fails counts as "there is none". */
async function orNone<Record>(answer: Promise<DnsAnswer<Record>>): Promise<DnsAnswer<Record>> {
  try {
    return await answer
  } catch {
    return { records: [] }
  }
}

function notResolved(host: string, cause: unknown): TransportError {
  if (systemCode(cause) === 'ETIMEOUT') {
    return new TransportError('TRANSPORT_TIMEOUT', `no name server answers for ${host}`, { cause })
  }
  const why = cause === undefined ? 'no such name' : errorText(cause)
  return new TransportError('TRANSPORT_RESOLVE', `${host} cannot be resolved: ${why}`, { cause })
}
