import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { type CryptoSuite, defaultCryptoSuites, type EncryptionMode } from '../../src/base/encryption.ts'
import { type LocalEndpoint } from '../../src/base/endpoint-description.ts'
import { chooseConfiguration } from '../../src/sdp/capability-negotiation.ts'
import { LegDescriptions, type LegDescriptionsOptions } from '../../src/sdp/leg-descriptions.ts'
import { offeredEncryption } from '../../src/sdp/offered-encryption.ts'
import { restrictCodecs } from '../../src/sdp/restrict-codecs.ts'
import { SdpError } from '../../src/sdp/sdp-error.ts'
import { parseSdp, type SessionDescription } from '../../src/sdp/session-description.ts'
import { lettersFrom, localPorts, sdpBody } from '../support/sdp.ts'

/*
 * Each file in pairs/ is a call: what a phone says on one leg, and what the other phone is then told, word for word.
 * Above the first `---` stand what it shows and its settings; `leg A` is what the first offer asks for unless written.
 * `ice` names the legs on which ICE is done, `nat` an address of a NAT in front of this server.
 * The keys that this server makes are one letter over and over, so that they are easily told from the phones', and the
 * fingerprint of its certificate is one byte.
 */
const fingerprint = { hash: 'sha-256', digest: Buffer.alloc(32, 0xb2) } as const
const directory = new URL('pairs/', import.meta.url)

interface Step {
  readonly heading: string
  readonly text: string
}

type LegName = 'A' | 'B'

for (const name of readdirSync(directory)) {
  const [head = '', ...parts] = readFileSync(new URL(name, directory), 'latin1').split(/^--- /m)
  const steps = parts.map((part): Step => {
    const end = part.indexOf('\n')
    return { heading: part.slice(0, end).trim(), text: part.slice(end + 1).trim() }
  })
  const setting = (key: string): string | undefined => new RegExp(`^${key}: (.*)$`, 'm').exec(head)?.[1]?.trim()
  test(`${name}: ${head.split('\n', 1)[0]!.replace(/^# /, '')}`, () => new Call(setting).play(steps))
}

/** Plays the server's part, as the b2bua layer does. */
class Call {
  readonly #setting: (key: string) => string | undefined
  readonly #local: Readonly<Record<LegName, readonly (LocalEndpoint | undefined)[]>>
  #legs: Readonly<Record<LegName, LegDescriptions>> | undefined
  /** What the last phone said, as its leg accepted it. */
  #said: SessionDescription | undefined
  /** What the other phone must be told next, or how the last was refused. */
  #due: (() => Buffer) | undefined
  #refusal: Error | undefined

  constructor(setting: (key: string) => string | undefined) {
    this.#setting = setting
    const address = setting('address')
    this.#local = { A: localPorts(40000, address), B: localPorts(50000, address) }
  }

  play(steps: readonly Step[]): void {
    for (const { heading, text } of steps) {
      if (!heading.endsWith('is refused')) assert.ifError(this.#refusal)
      this.#step(heading, text)
    }
    assert.ifError(this.#refusal)
    assert.equal(this.#due, undefined, 'the file ends before the other phone was told')
  }

  #step(heading: string, text: string): void {
    const [, name, what] = /^([AB]) (.*)$/.exec(heading) ?? []
    const near = name as LegName
    const far = near === 'A' ? 'B' : 'A'
    switch (what) {
      case 'offers': {
        const mode = this.#legs?.[near].mode ?? this.#setting(`leg ${near}`)?.split(/ +/)[0]
        const isUsable = (one: EncryptionMode): boolean => (mode === undefined ? one !== 'zrtp' : one === mode)
        const said = chooseConfiguration(parseSdp(sdpBody(...text.split('\n'))), isUsable)
        const offer = restrictCodecs(said, this.#codecs())
        this.#legs ??= this.#makeLegs(near, offeredEncryption(offer))
        this.#hear(() => this.#leg(near).receiveOffer(offer))
        this.#due = () => this.#leg(far).writeOffer(this.#said!, this.#local[far])
        return
      }
      case 'answers': {
        const answer = parseSdp(sdpBody(...text.split('\n')))
        this.#hear(() => this.#leg(near).receiveAnswer(answer))
        this.#due = () => this.#leg(far).writeAnswer(this.#said!, this.#local[far])
        return
      }
      case 'is offered':
      case 'is answered':
        assert.ok(this.#due, `nobody told ${near} anything`)
        assert.equal(this.#due().toString('latin1').replaceAll('\r\n', '\n').trim(), text, heading)
        this.#due = undefined
        return
      case 'is refused':
        assert.ok(this.#refusal instanceof SdpError)
        assert.equal(`${this.#refusal.status} ${this.#refusal.code}\n${this.#refusal.message}`, text)
        this.#refusal = undefined
        this.#due = undefined
        this.#rollback()
        return
      case 'declines': // the phone answers with 488 or the like
        this.#due = undefined
        this.#rollback()
        return
      default:
        assert.fail(`"${heading}" is not a step`)
    }
  }

  #makeLegs(first: LegName, offered: EncryptionMode): Readonly<Record<LegName, LegDescriptions>> {
    const make = (name: LegName, letter: string): LegDescriptions => {
      const written = this.#setting(`leg ${name}`)?.split(/ +/)
      const mode = (written?.[0] ?? (name === first ? offered : 'none')) as EncryptionMode
      const suites = (written?.slice(1) ?? []) as CryptoSuite[]
      const nat = this.#setting('nat')
      const options: LegDescriptionsOptions = {
        mode,
        suites: suites.length > 0 ? suites : defaultCryptoSuites,
        fingerprint,
        randomBytes: lettersFrom(letter),
        ...(this.#setting('ice')?.includes(name) === true && { ice: { addresses: nat === undefined ? [] : [nat] } }),
      }
      return new LegDescriptions(options)
    }
    return { A: make('A', 'A'), B: make('B', 'a') }
  }

  #hear(receive: () => SessionDescription): void {
    try {
      this.#said = receive()
    } catch (error) {
      assert.ok(error instanceof Error)
      this.#refusal = error
    }
  }

  #rollback(): void {
    this.#leg('A').rollback()
    this.#leg('B').rollback()
  }

  #leg(name: LegName): LegDescriptions {
    assert.ok(this.#legs)
    return this.#legs[name]
  }

  #codecs(): { audio?: string; video?: string } {
    const audio = this.#setting('audio-codec')
    const video = this.#setting('video-codec')
    return { ...(audio !== undefined && { audio }), ...(video !== undefined && { video }) }
  }
}
