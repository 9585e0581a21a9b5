import { formatAddress, defaultPort, type Flow, type SocketAddress } from '../../src/sip/transport/flow.ts'
import { bareHost } from '../../src/sip/transport/listen-spec.ts'
import { uriParam, type SipUri } from '../../src/sip/message/uri.ts'

/** Says which addresses and names are this proxy's own (reference: proxy-module §2, "isUs"). */
export class OwnAddresses {
  readonly #addresses = new Set<string>()
  readonly #ports = new Set<number>()
  readonly #aliases: ReadonlySet<string>

  /** @param aliases - `global/aliases`: host names that mean this proxy, at any of its ports */
  constructor(aliases: readonly string[] = []) {
    this.#aliases = new Set(aliases.map((alias) => alias.toLowerCase()))
  }

  /** Adds an address under which this proxy can be reached. */
  add(address: SocketAddress): void {
    this.#addresses.add(formatAddress(address))
    this.#ports.add(address.port)
  }

  /** Learns the address that a peer sees of this proxy, which listening on every address does not tell. */
  learn(flow: Flow): void {
    this.#addresses.add(flow.sentBy)
  }

  /** Whether a URI leads here: its `maddr`, or its host and port. */
  has(uri: SipUri): boolean {
    if (uri.scheme !== 'sip' && uri.scheme !== 'sips') return false
    const maddr = uriParam(uri, 'maddr')
    const host = bareHost(typeof maddr === 'string' ? maddr : uri.host).toLowerCase()
    if (this.#aliases.has(host) && (uri.port === undefined || this.#ports.has(uri.port))) return true
    const transport = uriParam(uri, 'transport')
    const secure = uri.scheme === 'sips' || transport === 'tls' || transport === 'TLS'
    return this.#addresses.has(formatAddress({ host, port: uri.port ?? defaultPort(secure ? 'tls' : 'udp') }))
  }
}
