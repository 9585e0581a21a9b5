import { systemClock } from '../../../src/base/clock.ts'
import { TokenSigner, TokenVerifier } from '../../../src/sip/auth/b2bua-token.ts'
import { type SipMessage, type SipResponse } from '../../../src/sip/message/message.ts'
import { parseMessage, serialize } from '../../../src/sip/message/parse.ts'
import { parseUri } from '../../../src/sip/message/uri.ts'
import { serverKey } from '../../../src/sip/transaction/transaction-key.ts'
import {
  formatAddress,
  nextFlowId,
  type Flow,
  type SocketAddress,
  type Target,
} from '../../../src/sip/transport/flow.ts'
import { stampReceived } from '../../../src/sip/transport/received.ts'
import { Resolver } from '../../../src/sip/transport/resolver.ts'
import { Diversion } from '../../../proxy-module/diversion/diversion.ts'
import { compileFilter } from '../../../proxy-module/filter/filter.ts'
import { FrontRouting } from '../../../proxy-module/proxy/front-routing.ts'
import { OwnAddresses } from '../../../proxy-module/proxy/own-address.ts'
import { Proxy, type ProxyTransport } from '../../../proxy-module/proxy/proxy.ts'

const here: SocketAddress = { host: '192.0.2.1', port: 5060 }
const nextHop = { host: '192.0.2.5', port: 5060 }
const b2bua = { host: '192.0.2.6', port: 6067 }

/** A datagram flow of the proxy that keeps the last message sent on it, and costs nothing else. */
export class LabFlow implements Flow {
  readonly id = nextFlowId()
  readonly protocol = 'udp'
  readonly reliable = false
  readonly secure = false
  readonly local = here
  readonly remote: SocketAddress
  readonly sentBy = formatAddress(here)
  readonly contact = `sip:${formatAddress(here)}`
  readonly closed = false
  sent = 0
  last: Buffer = Buffer.alloc(0)

  constructor(remote: SocketAddress) {
    this.remote = remote
  }

  send(bytes: Buffer): void {
    this.sent++
    this.last = bytes
  }
}

/** A proxy before another one, with three conditions in its filter, on a transport that costs next to nothing. */
export class Lab {
  readonly phone = new LabFlow({ host: '192.0.2.17', port: 5060 })
  readonly next = new LabFlow(nextHop)
  readonly b2bua = new LabFlow(b2bua)
  readonly #flows = new Map([this.phone, this.next, this.b2bua].map((flow) => [flow.remote.host, flow]))
  readonly #proxy: Proxy
  readonly #transport: ProxyTransport

  /**
   * @param options.diverts - whether calls are diverted at all
   * @param options.trust - as in `DiversionSettings`
   */
  constructor({ diverts, trust }: { readonly diverts: boolean; readonly trust: 'token' | 'user-agent' }) {
    this.#transport = {
      onMessage: () => undefined,
      onFlowClosed: () => undefined,
      flowTo: (target: Target) => Promise.resolve(this.#flows.get(target.host)!),
      existing: (_protocol, _local, remote) => this.#flows.get(remote.host),
      respond: (response: SipResponse, flow: Flow) => flow.send(serialize(response)),
    }
    const own = new OwnAddresses()
    own.add(here)
    const verifier = new TokenVerifier(key, Date.now)
    const servers = [parseUri(`sip:${formatAddress(b2bua)}`)]
    const settings = {
      enabled: diverts,
      filter: compileFilter(
        "from.uri.domain == 'sip.example.org' && (user-agent contains 'Linphone') && !(request.uri.user == 'voicemail')",
      ),
      ...{ servers, trust, userAgent: 'Flexisip-B2BUA/1.0' },
    }
    this.#proxy = new Proxy({
      transport: this.#transport,
      resolver: new Resolver(),
      clock: systemClock,
      secret: Buffer.alloc(32, 'bench'),
      own,
      diversion: new Diversion({
        settings: () => settings,
        pool: { order: () => servers, failed: () => undefined },
        verify: (request) => verifier.verify(request, serverKey(request, request.method)),
      }),
      routing: new FrontRouting(parseUri(`sip:${formatAddress(nextHop)}`), own),
    })
    this.#proxy.events.on('undelivered', (_message, error) => {
      throw error
    })
  }

  /** Takes bytes as the transport layer does. */
  deliver(bytes: Buffer, flow: Flow): void {
    const message: SipMessage = parseMessage(bytes)
    if (message.kind === 'request') stampReceived(message.headers, flow.remote)
    this.#transport.onMessage(message, flow)
  }

  close(): void {
    this.#proxy.close()
  }
}

const key = Buffer.alloc(32, 'token')

/** Signs as the B2BUA does. */
export const signer = new TokenSigner(key, Date.now)
