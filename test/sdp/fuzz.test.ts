import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { cryptoSuites, defaultCryptoSuites, type CryptoSuite, type EncryptionMode } from '../../src/base/encryption.ts'
import { chooseConfiguration } from '../../src/sdp/capability-negotiation.ts'
import { LegDescriptions } from '../../src/sdp/leg-descriptions.ts'
import { offeredEncryption } from '../../src/sdp/offered-encryption.ts'
import { restrictCodecs } from '../../src/sdp/restrict-codecs.ts'
import { SdpError } from '../../src/sdp/sdp-error.ts'
import { parseSdp, type SessionDescription } from '../../src/sdp/session-description.ts'
import { localPorts, phoneDescriptions, secretsIn } from '../support/sdp.ts'

const bodies = phoneDescriptions().map(({ body }) => body)
const someBody = fc.constantFrom(...bodies)
/** All lines that any phone wrote: mixed at random they make descriptions that are odd but well formed. */
const allLines = [...new Set(bodies.flatMap((body) => body.toString('latin1').trim().split('\r\n')))]
const sessionLines = allLines.filter((line) => /^[sctba]=/.test(line))
const mLines = allLines.filter((line) => line.startsWith('m='))
const mediaLines = allLines.filter((line) => /^[cba]=/.test(line))

const mixed = fc
  .tuple(
    fc.array(fc.constantFrom(...sessionLines), { maxLength: 6 }),
    fc.array(fc.tuple(fc.constantFrom(...mLines), fc.array(fc.constantFrom(...mediaLines), { maxLength: 15 })), {
      maxLength: 4,
    }),
  )
  .map(([session, media]) =>
    Buffer.from(
      ['v=0', 'c=IN IP4 192.0.2.9', ...session, ...media.flat(2)].map((line) => `${line}\r\n`).join(''),
      'latin1',
    ),
  )

/** Bytes put in, taken out, or changed, and lines doubled or swapped. */
const mutated = fc
  .tuple(
    fc.oneof(someBody, mixed),
    fc.array(
      fc.record({
        at: fc.nat(),
        remove: fc.nat({ max: 12 }),
        insert: fc.oneof(
          fc.string({ unit: 'binary', maxLength: 6 }),
          fc.constantFrom(
            '\r\n',
            '\n',
            ' ',
            ':',
            '|',
            '=',
            '\0',
            '65536',
            '-1',
            'inline:',
            'm=audio 0 RTP/AVP 0\r\n',
            '\xff',
          ),
          fc.constantFrom(...allLines).map((line) => `\r\n${line}\r\n`),
        ),
      }),
      { minLength: 1, maxLength: 8 },
    ),
  )
  .map(([body, edits]) => {
    let text = body.toString('latin1')
    for (const { at, remove, insert } of edits) {
      const place = at % (text.length + 1)
      text = text.slice(0, place) + insert + text.slice(place + remove)
    }
    return Buffer.from(text, 'latin1')
  })

/** What `attempt` returns, or `undefined` for an SdpError; anything else that is thrown fails the test. */
function allowed<T>(attempt: () => T, secrets: readonly string[]): T | undefined {
  try {
    return attempt()
  } catch (error) {
    if (!(error instanceof SdpError)) throw error
    for (const secret of secrets) assert.ok(!error.message.includes(secret), error.message)
    return undefined
  }
}

const fingerprint = { hash: 'sha-256', digest: Buffer.alloc(32, 0xab) } as const
const ice = { addresses: ['198.51.100.7'] }
const negotiable = (mode: EncryptionMode): EncryptionMode => (mode === 'zrtp' ? 'none' : mode)
const someMode = fc.constantFrom<EncryptionMode>('none', 'sdes', 'dtls-srtp')

/** One offer through two legs, and an answer back. Checks that neither text has a secret of the other phone. */
function relay(
  offer: SessionDescription,
  answer: SessionDescription,
  far: EncryptionMode,
  secrets: readonly string[],
): void {
  const suites = defaultCryptoSuites
  const one = new LegDescriptions({ mode: negotiable(offeredEncryption(offer)), suites, fingerprint, ice })
  const other = new LegDescriptions({ mode: far, suites, fingerprint, ice })
  for (let round = 0; round < 2; round++) {
    const accepted = allowed(() => one.receiveOffer(restrictCodecs(offer, {})), secrets)
    if (accepted === undefined) return
    const offered = other.writeOffer(accepted, localPorts(50000))
    const heard = parseSdp(offered)
    assert.equal(heard.media.length, offer.media.length)
    assert.equal(offeredEncryption(heard), heard.media.some((media) => media.port > 0) ? far : 'none')
    const texts = [offered]
    const taken = allowed(() => other.receiveAnswer(answer), secrets)
    const told = taken && one.writeAnswer(taken, localPorts(40000))
    if (told !== undefined) {
      texts.push(told)
      assert.equal(parseSdp(told).media.length, offer.media.length)
    }
    for (const text of texts) {
      for (const secret of secrets) assert.ok(!text.includes(secret), `${secret} crossed`)
    }
    for (const index of offer.media.keys()) {
      one.endpoint(index)
      other.endpoint(index)
    }
    one.rollback()
    other.rollback()
  }
}

const secretsOf = (body: Buffer): readonly string[] =>
  secretsIn(body.toString('latin1')).filter((one) => one.length > 12)

test('whatever comes as a description, nothing but an SdpError is thrown, and none tells a key', () => {
  fc.assert(
    fc.property(mutated, mutated, someMode, (offerBody, answerBody, far) => {
      const secrets = [...secretsOf(offerBody), ...secretsOf(answerBody)]
      const offer = allowed(() => chooseConfiguration(parseSdp(offerBody)), secrets)
      const answer = allowed(() => parseSdp(answerBody), secrets)
      if (offer !== undefined) {
        allowed(() => restrictCodecs(offer, { audio: 'PCMU/8000', video: 'VP8' }), secrets)
        relay(offer, answer ?? offer, far, [])
      }
    }),
    { numRuns: 3000 },
  )
})

test('no key, fingerprint, candidate or ICE credential of one phone is ever told to the other', () => {
  fc.assert(
    fc.property(mixed, mixed, someMode, (offerBody, answerBody, far) => {
      const secrets = [...secretsOf(offerBody), ...secretsOf(answerBody)]
      const offer = allowed(() => chooseConfiguration(parseSdp(offerBody)), secrets)
      const answer = allowed(() => parseSdp(answerBody), secrets)
      if (offer !== undefined) relay(offer, answer ?? offer, far, secrets)
    }),
    { numRuns: 2000 },
  )
})

test('random bytes are refused with the number of a line', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      assert.throws(() => parseSdp(Buffer.from(bytes)), SdpError)
    }),
  )
})

test('what this server writes it reads again as the same', () => {
  fc.assert(
    fc.property(mixed, (body) => {
      const said = allowed(() => parseSdp(body), [])
      if (said === undefined) return
      const one = new LegDescriptions({ mode: 'none', suites: [] })
      const [first, second] = [1, 2].map(() => one.writeOffer(said, localPorts(40000)))
      assert.deepEqual(first, second, 'the same text has the same version')
      const heard = parseSdp(first!)
      assert.deepEqual(
        heard.media.map(({ kind, formats, relayable }) => [kind, formats, relayable]),
        said.media.map(({ kind, formats, relayable }) => [kind, formats, relayable]),
      )
      for (const [index, media] of heard.media.entries()) {
        if (media.relayable) assert.equal(media.direction, said.media[index]!.direction)
      }
    }),
    { numRuns: 1000 },
  )
})

test('through any sequence of offers, answers and failures a key that was left never comes back', () => {
  const suites = defaultCryptoSuites
  const step = fc.oneof(
    // the phone offers some suites
    fc.record({
      by: fc.constant('phone' as const),
      suites: fc.subarray([...suites], { minLength: 1 }),
      fails: fc.boolean(),
    }),
    // this server offers, and the phone takes the n-th
    fc.record({ by: fc.constant('server' as const), tag: fc.nat({ max: 5 }), fails: fc.boolean() }),
  )
  fc.assert(
    fc.property(fc.array(step, { minLength: 2, maxLength: 12 }), (steps) => {
      const one = new LegDescriptions({ mode: 'sdes', suites })
      const clear = parseSdp(Buffer.from('v=0\r\nc=IN IP4 192.0.2.9\r\nm=audio 4000 RTP/AVP 0\r\n'))
      const phone = (lines: readonly string[]): SessionDescription =>
        parseSdp(Buffer.from(['v=0', 'c=IN IP4 192.0.2.9', 'm=audio 4000 RTP/SAVP 0', ...lines].join('\r\n')))
      const line = (tag: number, suite: CryptoSuite): string => {
        const { keyLength, saltLength } = cryptoSuites[suite]
        return `a=crypto:${tag} ${suite} inline:${Buffer.alloc(keyLength + saltLength, tag).toString('base64')}`
      }
      const left = new Set<string>()
      let current: string | undefined
      for (const { fails, ...what } of steps) {
        if (what.by === 'phone') {
          one.receiveOffer(phone(what.suites.map((suite, index) => line(index + 1, suite))))
          if (!fails) one.writeAnswer(clear, localPorts(40000))
        } else {
          const offered = parseSdp(one.writeOffer(clear, localPorts(40000))).media[0]!.crypto
          const chosen = offered[what.tag % offered.length]!
          assert.ok(chosen.usable)
          if (!fails) one.receiveAnswer(phone([line(chosen.tag, chosen.suite)]))
        }
        one.rollback()
        const protection = one.endpoint(0)?.protection
        const key = protection?.mode === 'sdes' ? protection.send.key.toString('hex') : undefined
        if (key !== current) {
          assert.ok(key === undefined || !left.has(key), 'a key came back')
          if (current !== undefined) left.add(current)
          current = key
        }
      }
    }),
    { numRuns: 500 },
  )
})
