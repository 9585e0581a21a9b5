import assert from 'node:assert/strict'
import { type TestContext } from 'node:test'
import { CodedError } from '../../../src/base/coded-error.ts'
import { type SipUri } from '../../../src/sip/message/uri.ts'
import { type DnsClient } from '../../../src/sip/transport/dns-client.ts'
import { type SocketAddress, type Target } from '../../../src/sip/transport/flow.ts'
import { Resolver } from '../../../src/sip/transport/resolver.ts'
import { TransportError } from '../../../src/sip/transport/transport-error.ts'
import { clearAudio } from '../b2bua/descriptions.ts'
import { listen } from '../b2bua/sip-phone.ts'
import { Site, type SiteOptions } from '../b2bua/site.ts'
import { LeapClock } from '../leap-clock.ts'
import { until } from '../until.ts'
import { isForeign } from './foreign.ts'
import { TcpListener, TcpWire, UdpWire, type Wire } from './wire.ts'

/** Longest life of anything that waits for a peer who never speaks again, in milliseconds: BYE after 64*T1 without ACK. */
const longestWait = 70_000

/** Whom no hostile end calls. */
const ordinaryRecipient = 'sip:ordinary@sip.example.org'

/** The names of the world: there are none. */
const noName = (): Promise<{ records: never[] }> => Promise.resolve({ records: [] })
const noNames: DnsClient = { hosts: noName, naptr: noName, srv: noName, a: noName, aaaa: noName, lookup: noName }

/** Finds next hops as the server does, but none outside of this machine: what is sent there is not fit for strangers. */
const homeResolver = {
  resolver: new Resolver({ dns: noNames }),
  async resolve(uri: SipUri): Promise<Target[]> {
    const targets = await this.resolver.resolve(uri)
    if (targets.every(({ host }) => !isForeign(host))) return targets
    throw new TransportError('TRANSPORT_UNREACHABLE', 'not on this machine')
  },
}

/** A live B2BUA on real sockets, UDP and TCP, that notes everything which must not happen, and can show that it is well. */
export class Victim {
  readonly site: Site
  readonly udp: SocketAddress
  readonly tcp: SocketAddress
  /** What got past the flow that caused it. */
  readonly defects: unknown[] = []
  readonly #clock: LeapClock

  private constructor(parts: { site: Site; udp: SocketAddress; tcp: SocketAddress; clock: LeapClock }) {
    this.site = parts.site
    this.udp = parts.udp
    this.tcp = parts.tcp
    this.#clock = parts.clock
  }

  /** Starts one for the time of a test. Phone B is the outbound proxy, unless `site.route` says otherwise. */
  static async start(t: TestContext, options: Omit<SiteOptions, 'clock' | 'protocol'> = {}): Promise<Victim> {
    const clock = new LeapClock()
    const site = await Site.start({ ...options, clock, resolver: homeResolver })
    t.after(async () => {
      await site.stop()
      const { server, client, pending } = site.transactions.counts()
      const left = { timers: clock.pending, server, client, pending, ...site.transport.counts(), ...site.counts() }
      assert.deepEqual(
        Object.entries(left).filter(([, count]) => count > 0),
        [],
        'something is left of a server that has stopped',
      )
    })
    const udp = await site.transport.listen({ protocol: 'udp', host: '127.0.0.1', port: 0 })
    const tcp = { host: '127.0.0.1', port: Number(/:(\d+);/.exec(site.uri)![1]) }
    const victim = new Victim({ site, udp, tcp, clock })
    victim.#watch(t)
    return victim
  }

  #watch(t: TestContext): void {
    const note = (error: unknown): void => void this.defects.push(error)
    const { transport, transactions, engine, b2bua } = this.site
    transport.onHandlerError = note
    transactions.events.on('failed', (_message, error) => {
      if (!(error instanceof CodedError) || error.status >= 500) note(error)
    })
    engine.events.on('workerDied', ({ error }) => note(error))
    b2bua.events.on('ended', (_call, { reason, detail }) => {
      if (reason === 'internal-error') note(new Error(detail))
    })
    for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
      process.on(event, note)
      t.after(() => process.off(event, note))
    }
  }

  /** A raw end that talks to the B2BUA. */
  wire(t: TestContext, protocol: 'udp' | 'tcp'): Promise<Wire> {
    return protocol === 'udp' ? UdpWire.open(t, this.udp) : TcpWire.open(t, this.tcp)
  }

  /** A raw UDP end that stands for the outbound proxy from now on. */
  async callee(t: TestContext): Promise<UdpWire> {
    const wire = await UdpWire.open(t, this.udp)
    this.site.route = wire.uri
    return wire
  }

  /** A raw TCP socket that stands for the outbound proxy from now on. */
  async tcpCallee(t: TestContext): Promise<TcpListener> {
    const listener = await TcpListener.open(t)
    this.site.route = listener.uri
    return listener
  }

  /** Sets SIP's clock forward. */
  leap(milliseconds: number): Promise<void> {
    return this.#clock.leap(milliseconds)
  }

  /** Waits until calls, dialogs, requests, media sessions and ports are gone; transactions may still absorb repetitions. */
  async idle(): Promise<void> {
    await until(() => this.#held().length === 0, 'every call is gone').catch(() => undefined)
    assert.deepEqual(this.#held(), [], 'something is left of the calls')
  }

  #held(): [string, number][] {
    return Object.entries(this.site.counts()).filter(([, count]) => count > 0)
  }

  /** Nobody speaks any more: whatever waits for somebody gives up, and then nothing at all may be left. */
  async forgets(): Promise<void> {
    // what is given up may begin something else, as a BYE, whose own wait counts from when the socket has taken it
    for (let waits = 0; waits < 3 && this.#held().length > 0; waits++) {
      await this.leap(longestWait)
      await until(() => this.#held().length === 0, 'every call is gone', 1000).catch(() => undefined)
    }
    await this.idle()
    await this.leap(longestWait)
    const { server, client, pending } = this.site.transactions.counts()
    assert.deepEqual({ server, client, pending }, { server: 0, client: 0, pending: 0 }, 'a transaction is left')
    // the look at open connections, once a second, is the only timer of a server without calls
    assert.equal(this.#clock.pending, this.site.transport.counts().connections > 0 ? 1 : 0, 'a timer is left')
  }

  /** Phone A calls phone B, who answers, and hangs up: whatever else goes on meanwhile. */
  async placesCall(): Promise<void> {
    const { site } = this
    site.ordinary.add(ordinaryRecipient)
    const call = site.a.call(ordinaryRecipient, site.uri, { body: clearAudio(40000) })
    const invite = await site.b.invites.next('INVITE of an ordinary call')
    invite.provisional(180)
    const b = invite.accept({ body: Buffer.from(clearAudio(40010)), contentType: 'application/sdp' })
    const { session: a } = await call.answered.next('200 of an ordinary call')
    a.acknowledge()
    const { bye } = listen(b)
    a.bye()
    await bye.next('BYE of an ordinary call')
  }

  /** Everything that must hold after an attack: an ordinary call works, nothing is left, nothing got past its flow. */
  async survived(): Promise<void> {
    await this.forgets()
    await this.placesCall()
    await this.idle()
    await this.forgets()
    assert.deepEqual(this.defects, [])
  }
}
