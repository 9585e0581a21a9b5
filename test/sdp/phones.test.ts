import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultCryptoSuites, type EncryptionMode } from '../../src/base/encryption.ts'
import { attributeName } from '../../src/sdp/attributes.ts'
import { LegDescriptions } from '../../src/sdp/leg-descriptions.ts'
import { offeredEncryption } from '../../src/sdp/offered-encryption.ts'
import { parseSdp, type SessionDescription } from '../../src/sdp/session-description.ts'
import { lettersFrom, localPorts, phoneDescriptions, secretsIn } from '../support/sdp.ts'

/*
 * Every description of a real phone, as the offer of leg A and as that of leg B, against a leg of each mode. Phones
 * with ZRTP are played without their keys here: their offers are taken as what they are besides.
 */
const fingerprint = { hash: 'sha-256', digest: Buffer.alloc(32, 0xab) } as const
const described = [
  'crypto',
  'fingerprint',
  'setup',
  'zrtp-hash',
  'candidate',
  'rtcp-mux',
  'rtcp',
  'tcap',
  'acap',
  'pcfg',
]
const own = new Set([...described, 'tls-id', 'acfg', 'ice-ufrag', 'ice-pwd', 'ice-options', 'remote-candidates'])

for (const [number, { call, message, body }] of phoneDescriptions().entries()) {
  const said = parseSdp(body)
  if (!said.media[0]!.relayable) continue
  const offered = offeredEncryption(said)
  const near = offered === 'zrtp' ? 'none' : offered
  const offer = near === 'none' ? inClear(said) : said
  for (const far of ['none', 'sdes', 'dtls-srtp'] as const) {
    test(`${number + 1}. ${call}, ${message}: its codecs reach a phone on a ${far} leg, and nothing of its own does`, () => {
      const one = make(near, 'A')
      const other = make(far, 'a')
      const text = other.writeOffer(one.receiveOffer(offer), localPorts(50000)).toString('latin1')
      const [heard] = parseSdp(Buffer.from(text, 'latin1')).media
      const [spoken] = said.media
      assert.deepEqual(heard!.formats, spoken!.formats)
      assert.deepEqual(
        heard!.attributes.filter((one) => !own.has(attributeName(one))),
        spoken!.attributes.filter((one) => !own.has(attributeName(one))),
      )
      assert.equal(heard!.rtcpMux, spoken!.rtcpMux || far === 'dtls-srtp')
      assert.equal(heard!.crypto.length, far === 'sdes' ? defaultCryptoSuites.length : 0)
      assert.equal(heard!.profile!.feedback, spoken!.profile!.feedback)
      assert.equal(offeredEncryption(parseSdp(Buffer.from(text, 'latin1'))), far)
      for (const secret of secretsIn(body.toString('latin1'))) assert.ok(!text.includes(secret), secret)
      for (const line of ['candidate', 'ice-', 'BUNDLE', '127.0.0.1 ', '10.99.0.1 ']) {
        assert.ok(!text.includes(line), line)
      }
      const key = Buffer.alloc(30, 9).toString('base64')
      // the phone takes the first key that it is offered of each stream
      const answer = text
        .replaceAll(/a=crypto:(?!1 ).*\r\n/g, '')
        .replaceAll(/(a=crypto:1 \S+) .*\r\n/g, `$1 inline:${key}\r\n`)
      const taken = other.receiveAnswer(parseSdp(Buffer.from(answer, 'latin1')))
      const back = one.writeAnswer(taken, localPorts(40000)).toString('latin1')
      assert.match(back, new RegExp(`m=audio 40000 ${offer.media[0]!.protocol} `))
      assert.equal(one.endpoint(0)?.protection.mode, near)
      assert.equal(other.endpoint(0)?.protection.mode, far)
      assert.deepEqual(one.endpoint(0)?.remote?.rtpPort, spoken!.port)
    })
  }
}

function make(mode: EncryptionMode, letter: string): LegDescriptions {
  return new LegDescriptions({ mode, suites: defaultCryptoSuites, fingerprint, randomBytes: lettersFrom(letter) })
}

function inClear(description: SessionDescription): SessionDescription {
  const media = description.media.map((one) => ({
    ...one,
    protocol: one.profile!.feedback ? 'RTP/AVPF' : 'RTP/AVP',
    profile: { security: 'rtp' as const, feedback: one.profile!.feedback },
  }))
  return { ...description, media }
}
