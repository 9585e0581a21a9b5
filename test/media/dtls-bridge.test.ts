import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type CryptoSuite } from '../../src/base/encryption.ts'
import { type EndpointDescription, type LocalEndpoint, type Protection } from '../../src/base/endpoint-description.ts'
import { type Fingerprint } from '../../src/base/fingerprint.ts'
import { fingerprintOf, makeCertificate } from '../../src/media/dtls/dtls-certificate.ts'
import { type KeyExchangeReport } from '../../src/media/media-engine.ts'
import { WorkerMediaEngine } from '../../src/media/worker-media-engine.ts'
import { Bridge } from '../support/media/bridge.ts'
import { packetIo } from '../support/media/drivers.ts'
import { rtcpPacket, rtpPacket, suites } from '../support/media/packets.ts'
import { Line } from '../support/media/phone.ts'

/*
 * Two servers of ours, back to back over UDP: a plain phone on either end, and DTLS-SRTP between them. Each has an engine, a
 * certificate and workers of its own.
 */
const certificates = { left: makeCertificate('ecdsa', new Date()), right: makeCertificate('rsa', new Date()) }
const fingerprints = {
  left: fingerprintOf(certificates.left.certificate),
  right: fingerprintOf(certificates.right.certificate),
}
const left = new WorkerMediaEngine({ workers: 1, packetIo, certificate: certificates.left })
const right = new WorkerMediaEngine({ workers: 1, packetIo, certificate: certificates.right })
after(() => Promise.all([left.close(), right.close()]))

interface Ends {
  readonly one: Bridge
  readonly two: Bridge
  /** What the middle legs are described by. */
  readonly local: { readonly one: LocalEndpoint; readonly two: LocalEndpoint }
  readonly reports: KeyExchangeReport[]
}

async function ends(modeOne: CryptoSuite | 'none' = 'none', modeTwo: CryptoSuite | 'none' = 'none'): Promise<Ends> {
  const reports: KeyExchangeReport[] = []
  const session = { onKeyExchange: (report: KeyExchangeReport) => void reports.push(report) }
  const one = await Bridge.open(left, modeOne, 'none', { described: false, session })
  const two = await Bridge.open(right, 'none', modeTwo, { described: false, session })
  await one.update('a', one.a.description())
  await two.update('b', two.b.description())
  return { one, two, local: { one: one.b.server, two: two.a.server }, reports }
}

function endpoint(
  { address, rtpPort, rtcpPort }: LocalEndpoint,
  protection: Protection,
  rtcpMux: boolean,
): EndpointDescription {
  return { remote: { address, rtpPort, rtcpPort }, rtcpMux, direction: 'sendrecv', protection }
}

function dtls(
  role: 'client' | 'server' | undefined,
  fingerprint: Fingerprint | undefined,
  association = 'first',
): Protection {
  return {
    mode: 'dtls-srtp',
    association,
    ...(role !== undefined && { role }),
    fingerprints: fingerprint === undefined ? [] : [fingerprint],
  }
}

/** Both ways, once both workers have taken over what was described. */
async function talk({ one, two }: Ends, sequence = 1): Promise<void> {
  await Promise.all([one.settle(), two.settle()])
  const [fromOne, fromTwo] = [
    rtpPacket({ sequence, payload: randomBytes(160) }),
    rtpPacket({ ssrc: 9, sequence, payload: randomBytes(99) }),
  ]
  one.a.sendRtp(fromOne)
  assert.deepEqual(await two.b.receiveRtp(), fromOne)
  two.b.sendRtp(fromTwo)
  assert.deepEqual(await one.a.receiveRtp(), fromTwo)
}

async function close({ one, two }: Ends): Promise<void> {
  await one.close()
  await two.close()
}

// with relay.test.ts, which has the pairs of none and SDES, every pair of none, SDES and DTLS-SRTP (security-cases 9)
describe('DTLS-SRTP beside', () => {
  for (const [modeOne, modeTwo] of suites.map((suite, index) => [suite, suites[suites.length - 1 - index]!] as const)) {
    test(`${modeOne} on one side, ${modeTwo} on the other: payloads cross byte for byte, what is plain does not`, async () => {
      const pair = await ends(modeOne, modeTwo)
      const { one, two, local } = pair
      two.session.update(0, 'a', endpoint(local.one, dtls('server', fingerprints.left), true))
      one.session.update(0, 'b', endpoint(local.two, dtls('client', fingerprints.right), true))
      await talk(pair)
      one.a.rtp.send(rtpPacket({ sequence: 2, payload: randomBytes(160) }), one.a.server.rtpPort)
      await one.counted('a', 'authenticationFailures', 1)
      one.a.sendRtcp(rtcpPacket(0xa))
      assert.deepEqual(await two.b.receiveRtcp(), rtcpPacket(0xa))
      await talk(pair, 3)
      await close(pair)
    })
  }

  test('DTLS-SRTP: a call of two associations, each with its own keys and role', async () => {
    const first = await ends()
    const bridge = await Bridge.open(left, 'none', 'none', { described: false })
    // phone - one - DTLS - bridge - DTLS - two - phone
    const middle = { a: bridge.a.server, b: bridge.b.server }
    const { one, two, local } = first
    one.session.update(0, 'b', endpoint(middle.a, dtls('client', fingerprints.left), true))
    bridge.session.update(0, 'a', endpoint(local.one, dtls('server', fingerprints.left, 'a'), true))
    bridge.session.update(0, 'b', endpoint(local.two, dtls('server', fingerprints.right, 'b'), true))
    two.session.update(0, 'a', endpoint(middle.b, dtls('client', fingerprints.left), true))
    await talk(first)
    await talk(first, 2)
    assert.deepEqual([bridge.counters('a').keyExchanges, bridge.counters('b').keyExchanges], [1, 1])
    await bridge.close()
    await close(first)
  })
})

describe('DTLS-SRTP on a leg', () => {
  for (const mux of [true, false]) {
    test(`keys come of the handshake ${mux ? 'for both' : 'of RTP, and of that of RTCP'}, and the first packet waits for them`, async () => {
      const pair = await ends()
      const { one, two, local, reports } = pair
      const first = rtpPacket({ sequence: 77, payload: randomBytes(160) })
      two.session.update(0, 'a', endpoint(local.one, dtls('server', fingerprints.left), mux))
      one.session.update(0, 'b', endpoint(local.two, dtls('client', fingerprints.right), mux))
      await one.settle()
      one.a.sendRtp(first)
      assert.deepEqual(await two.b.receiveRtp(), first)
      await talk(pair)
      one.a.sendRtcp(rtcpPacket(0xa))
      assert.deepEqual(await two.b.receiveRtcp(), rtcpPacket(0xa))
      two.b.sendRtcp(rtcpPacket(0xb))
      assert.deepEqual(await one.a.receiveRtcp(), rtcpPacket(0xb))
      assert.equal(one.counters('b').keyExchanges, mux ? 1 : 2)
      assert.equal(one.counters('b').keyExchangeFailures, 0)
      assert.deepEqual(new Set(reports.map(({ suite }) => suite)), new Set(['AES_CM_128_HMAC_SHA1_80']))
      await close(pair)
    })
  }

  test('a Hello that overtakes the description of who sends it is answered when that is known', async () => {
    const pair = await ends()
    const { one, two, local } = pair
    two.session.update(0, 'a', { rtcpMux: false, direction: 'sendrecv', protection: dtls(undefined, undefined) })
    one.session.update(0, 'b', endpoint(local.two, dtls('client', fingerprints.right), true))
    await sleep(60)
    two.session.update(0, 'a', endpoint(local.one, dtls('server', fingerprints.left), true))
    await talk(pair)
    await close(pair)
  })

  test('a certificate that was not signalled gives no keys, and the right one does afterwards', async () => {
    const pair = await ends()
    const { one, two, local } = pair
    const wrong: Fingerprint = { hash: 'sha-256', digest: randomBytes(32) }
    two.session.update(0, 'a', endpoint(local.one, dtls('server', wrong), true))
    one.session.update(0, 'b', endpoint(local.two, dtls('client', fingerprints.right), true))
    await two.counted('a', 'keyExchangeFailures', 1)
    one.a.sendRtp(rtpPacket({ sequence: 1 }))
    await sleep(50)
    assert.equal(two.counters('b').rtpPacketsSent, 0)
    // the other phone of the same call, which has the certificate that the answer names
    two.session.update(0, 'a', endpoint(local.one, dtls('server', fingerprints.left), true))
    one.session.update(0, 'b', endpoint(local.two, dtls('client', fingerprints.right, 'second'), true))
    // the first one's keys would do, as its certificate is right now; the phone's new handshake takes over
    await two.counted('a', 'keyExchanges', 2)
    assert.deepEqual(await two.b.receiveRtp(), rtpPacket({ sequence: 1 }), 'which was kept until it could be read')
    await talk(pair, 500)
    await close(pair)
  })

  test('a fork that finishes its handshake before its answer comes has its keys with the answer', async () => {
    const pair = await ends()
    const { one, two, local } = pair
    const otherFork: Fingerprint = { hash: 'sha-256', digest: randomBytes(32) }
    two.session.update(0, 'a', endpoint(local.one, dtls('server', otherFork, 'offer/1'), true))
    one.session.update(0, 'b', endpoint(local.two, dtls('client', fingerprints.right), true))
    await two.counted('a', 'keyExchangeFailures', 1)
    two.session.update(0, 'a', endpoint(local.one, dtls('server', fingerprints.left, 'offer/2'), true))
    await talk(pair)
    assert.equal(one.counters('b').keyExchanges, 1)
    await close(pair)
  })

  test('the same association stays through re-offers; another one makes new keys; the one before comes back', async () => {
    const pair = await ends()
    const { one, two, local } = pair
    const both = (name: string): void => {
      two.session.update(0, 'a', endpoint(local.one, dtls('server', fingerprints.left, name), true))
      one.session.update(0, 'b', endpoint(local.two, dtls('client', fingerprints.right, name), true))
    }
    both('first')
    await talk(pair, 1)
    both('first')
    await talk(pair, 2)
    assert.equal(one.counters('b').keyExchanges, 1)
    both('second')
    await talk(pair, 3)
    assert.equal(one.counters('b').keyExchanges, 2)
    both('first')
    await talk(pair, 4)
    assert.equal(one.counters('b').keyExchanges, 2)
    assert.equal(one.counters('b').authenticationFailures, 0)
    await close(pair)
  })

  test('nothing crosses in clear, whoever sends it', async () => {
    const pair = await ends()
    const { one, two, local } = pair
    two.session.update(0, 'a', endpoint(local.one, dtls('server', fingerprints.left), true))
    two.a.rtp.send(rtpPacket({ sequence: 2, payload: randomBytes(160) }), local.two.rtpPort)
    one.session.update(0, 'b', endpoint(local.two, dtls('client', fingerprints.right), true))
    await talk(pair, 10)
    two.a.rtp.send(rtpPacket({ sequence: 11, payload: randomBytes(160) }), local.two.rtpPort)
    await sleep(50)
    assert.deepEqual(two.b.rtp.unread.length, 0)
    await close(pair)
  })

  test('a ClientHello from another source gets no answer, and the phone’s own does', async () => {
    const pair = await ends()
    const { one, two, local } = pair
    two.session.update(0, 'a', endpoint(local.one, dtls('server', fingerprints.left), true))
    await two.settle()
    const stranger = await Line.open('127.0.0.2')
    for (let i = 0; i < 20; i++) stranger.send(hello(), local.two.rtpPort)
    await two.counted('a', 'controlRefused', 20)
    assert.deepEqual(stranger.unread, [])
    one.session.update(0, 'b', endpoint(local.two, dtls('client', fingerprints.right), true))
    await talk(pair)
    assert.equal(two.counters('a').keyExchangeFailures, 0)
    stranger.close()
    await close(pair)
  })

  test('forged ClientHellos from the phone’s own address do not keep it from its keys', async () => {
    const pair = await ends()
    const { one, two, local } = pair
    // as if the network could forge sources: what a stranger sends reaches the leg from the phone's socket
    const phone = await Line.open()
    const forged = { address: '127.0.0.1', rtpPort: phone.port, rtcpPort: phone.port + 1 }
    two.session.update(0, 'a', endpoint(forged, dtls('server', fingerprints.left), true))
    for (let i = 0; i < 50; i++) phone.send(hello(), local.two.rtpPort)
    await two.counted('a', 'controlPackets', 50)
    two.session.update(0, 'a', endpoint(local.one, dtls('server', fingerprints.left), true))
    one.session.update(0, 'b', endpoint(local.two, dtls('client', fingerprints.right), true))
    await talk(pair)
    phone.close()
    await close(pair)
  })

  test('a phone behind a NAT, which signals an address of its own network, is found by its Hello', async () => {
    const pair = await ends()
    const { one, two, local } = pair
    const unreachable = { address: '192.168.77.7', rtpPort: 5000, rtcpPort: 5001 }
    two.session.update(0, 'a', endpoint(unreachable, dtls('server', fingerprints.left), true))
    one.session.update(0, 'b', endpoint(local.two, dtls('client', fingerprints.right), true))
    await talk(pair)
    await close(pair)
  })
})

/** A ClientHello of DTLS 1.2 with a random of its own, without cookie, with one suite and no extension. */
function hello(): Buffer {
  const body = Buffer.concat([
    Buffer.from('fefd', 'hex'),
    randomBytes(32),
    Buffer.from('00' + '00' + '0002c02b' + '0100', 'hex'), // session, cookie, suites, compression
  ])
  const length = (bytes: number): Buffer => Buffer.from([0, bytes >> 8, bytes & 0xff])
  const handshake = Buffer.concat([
    ...[Buffer.from([1]), length(body.length), Buffer.from([0, 0]), Buffer.from([0, 0, 0]), length(body.length), body],
  ])
  const record = Buffer.from('16fefd0000000000000000' + '0000', 'hex')
  record.writeUInt16BE(handshake.length, 11)
  return Buffer.concat([record, handshake])
}
