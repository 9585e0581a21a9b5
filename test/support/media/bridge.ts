import { setTimeout as sleep } from 'node:timers/promises'
import { type CryptoSuite } from '../../../src/base/encryption.ts'
import { type EndpointDescription } from '../../../src/base/endpoint-description.ts'
import {
  type MediaEngine,
  type MediaLeg,
  type MediaSession,
  type SessionOptions,
} from '../../../src/media/media-engine.ts'
import { type LegCounters } from '../../../src/media/session-counters.ts'
import { masterKey } from './packets.ts'
import { Phone, type PhoneKeys } from './phone.ts'

/** Session options that tests rarely change. */
export function sessionOptions(options: Partial<SessionOptions> = {}): SessionOptions {
  return {
    localAddress: '127.0.0.1',
    audioPorts: { min: 0, max: 0 },
    videoPorts: { min: 0, max: 0 },
    noRtpTimeout: 0,
    onNoRtp: (report) => {
      throw new Error(`unexpected silence of leg ${report.leg}`)
    },
    onKeyExchange: () => {},
    onDtmf: () => {},
    onFailure: (error) => {
      throw error
    },
    ...options,
  }
}

/** Keys for a phone, or none. */
export function phoneKeys(suite: CryptoSuite | 'none'): PhoneKeys | undefined {
  return suite === 'none' ? undefined : { own: masterKey(suite), servers: masterKey(suite) }
}

/** A session with one stream, and its two phones. */
export class Bridge {
  readonly session: MediaSession
  readonly a: Phone
  readonly b: Phone
  readonly #engine: MediaEngine

  constructor(engine: MediaEngine, session: MediaSession, a: Phone, b: Phone) {
    this.#engine = engine
    this.session = session
    this.a = a
    this.b = b
  }

  /** Opens everything; the legs are described unless `described` is false. */
  static async open(
    engine: MediaEngine,
    modeA: CryptoSuite | 'none',
    modeB: CryptoSuite | 'none',
    options: {
      described?: boolean
      rtcpMux?: Partial<Record<MediaLeg, boolean>>
      session?: Partial<SessionOptions>
    } = {},
  ): Promise<Bridge> {
    const session = await engine.openSession(sessionOptions(options.session))
    const address = options.session?.localAddress ?? '127.0.0.1'
    const a = await Phone.open(phoneKeys(modeA), address)
    const b = await Phone.open(phoneKeys(modeB), address)
    const local = await session.openStream('audio')
    a.dial(local.a)
    b.dial(local.b)
    const bridge = new Bridge(engine, session, a, b)
    if (options.described !== false) {
      await bridge.update('a', a.description({ rtcpMux: options.rtcpMux?.a ?? false }))
      await bridge.update('b', b.description({ rtcpMux: options.rtcpMux?.b ?? false }))
    }
    return bridge
  }

  /** Updates a leg of the first stream, and waits until the (only) worker has taken it over. */
  async update(leg: MediaLeg, endpoint: EndpointDescription | undefined): Promise<void> {
    this.session.update(0, leg, endpoint)
    await this.settle()
  }

  /** Waits until the (only) worker has done all that was asked of it: it answers in order. */
  async settle(): Promise<void> {
    await (await this.#engine.openSession(sessionOptions())).close()
  }

  /** The counters of one leg of a stream. */
  counters(leg: MediaLeg, stream = 0): LegCounters {
    return this.session.counters().streams[stream]![leg]
  }

  /** Waits up to 3 s until a counter of a leg has reached a value. */
  async counted(leg: MediaLeg, counter: Exclude<keyof LegCounters, 'sources'>, value: number): Promise<void> {
    for (let i = 0; i < 600 && this.counters(leg)[counter] < value; i++) await sleep(5)
    const found = this.counters(leg)[counter]
    if (found !== value) throw new Error(`leg ${leg}: ${counter} is ${found}, not ${value}`)
  }

  async close(): Promise<void> {
    this.a.close()
    this.b.close()
    await this.session.close()
  }
}
