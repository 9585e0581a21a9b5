import { type LocalEndpoint } from '../base/endpoint-description.ts'
import { type LegDescriptions } from '../sdp/leg-descriptions.ts'
import { type SessionDescription } from '../sdp/session-description.ts'
import { type DtmfKey } from '../media/dtmf/telephone-event.ts'
import { type MediaEngine, type MediaSession, type SessionOptions } from '../media/media-engine.ts'

/** A leg of a call: A is the caller's side, B the recipient's. */
export type LegName = 'a' | 'b'

interface Stream {
  readonly a: LocalEndpoint
  readonly b: LocalEndpoint
  readonly number: number
  /** Legs of which the engine was told something. */
  readonly described: Set<LegName>
  /** Legs that have telephone events. */
  readonly events: Set<LegName>
}

/**
 * The media of one call: one stream in the engine for each m-line that both descriptions number alike. It translates
 * between m-line indexes and the engine's stream numbers, and hands each leg's agreed endpoints down.
 */
export class CallMedia {
  readonly #session: MediaSession
  /** By m-line index; a hole is an m-line that never carried media which can be relayed. */
  readonly #streams: (Stream | undefined)[] = []
  #opened = 0
  #closed = false

  private constructor(session: MediaSession) {
    this.#session = session
  }

  /** @throws the engine's error when no port or worker can be had */
  static async open(engine: MediaEngine, options: SessionOptions): Promise<CallMedia> {
    return new CallMedia(await engine.openSession(options))
  }

  /** Opens a stream for each live m-line of `description` that has none yet; earlier ones keep their ports. */
  async prepare(description: SessionDescription): Promise<void> {
    for (const [index, media] of description.media.entries()) {
      if (!media.relayable || this.#closed || this.#streams[index] !== undefined) continue
      const ports = await this.#session.openStream(media.kind)
      this.#streams[index] = { ...ports, number: this.#opened++, described: new Set(), events: new Set() }
    }
  }

  /** Where this server receives the media of one leg, by m-line index. */
  local(leg: LegName): readonly (LocalEndpoint | undefined)[] {
    return Array.from(this.#streams, (stream) => stream?.[leg])
  }

  /** Tells the engine what legs have agreed on, of both at once. Harmless when nothing changed. */
  apply(...legs: readonly { readonly name: LegName; readonly descriptions: LegDescriptions }[]): void {
    if (this.#closed) return
    this.#session.together(() => {
      for (const { name, descriptions } of legs)
        for (const [index, stream] of this.#streams.entries())
          if (stream !== undefined) this.#update(stream, name, descriptions, index)
    })
  }

  /**
   * Tells the engine what a leg offers for streams that are new on it: a phone's checks and handshakes may arrive before its
   * answer does. Streams that are in use stay as they were agreed.
   */
  expect(leg: LegName, descriptions: LegDescriptions): void {
    if (this.#closed) return
    for (const [index, stream] of this.#streams.entries()) {
      if (stream !== undefined && !stream.described.has(leg)) this.#update(stream, leg, descriptions, index)
    }
  }

  /** A leg begins anew: what the engine was told of it no longer counts. */
  forget(leg: LegName): void {
    for (const stream of this.#streams) stream?.described.delete(leg)
  }

  #update(stream: Stream, leg: LegName, descriptions: LegDescriptions, index: number): void {
    stream.described.add(leg)
    const endpoint = descriptions.endpoint(index)
    if (endpoint?.events === undefined) stream.events.delete(leg)
    else stream.events.add(leg)
    this.#session.update(stream.number, leg, endpoint)
  }

  /**
   * Sends a key to a leg's phone as an event of RTP.
   * @returns false unless that leg has telephone events and the other one has none
   */
  sendDtmf(leg: LegName, key: DtmfKey): boolean {
    const other = leg === 'a' ? 'b' : 'a'
    const stream = this.#streams.find((one) => one?.events.has(leg) === true && !one.events.has(other))
    if (stream === undefined || this.#closed) return false
    this.#session.sendDtmf(stream.number, leg, key)
    return true
  }

  /** The engine's counters of all streams and legs. */
  counters(): ReturnType<MediaSession['counters']> {
    return this.#session.counters()
  }

  /** Gives everything back; the ports rest. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#session.close()
  }
}
