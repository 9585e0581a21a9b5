import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, describe, test } from 'node:test'
import {
  type ClearBeforeZrtp,
  type EndpointDescription,
  type LocalEndpoint,
  type Protection,
} from '../../src/base/endpoint-description.ts'
import { type KeyExchangeReport } from '../../src/media/media-engine.ts'
import { WorkerMediaEngine } from '../../src/media/worker-media-engine.ts'
import { ownAlgorithms } from '../../src/media/zrtp/algorithms.ts'
import { sha256 } from '../../src/media/zrtp/key-derivation.ts'
import { writeError } from '../../src/media/zrtp/message/messages.ts'
import { writeMessage } from '../../src/media/zrtp/message/packet.ts'
import { ownHello } from '../../src/media/zrtp/own-hello.ts'
import { Bridge } from '../support/media/bridge.ts'
import { packetIo } from '../support/media/drivers.ts'
import { HandmadePeer } from '../support/media/handmade-zrtp.ts'
import { NaiveSrtp } from '../support/media/naive-srtp.ts'
import { rtcpPacket, rtpPacket } from '../support/media/packets.ts'
import { until } from '../support/until.ts'

/*
 * Two servers of ours, back to back over UDP: a plain phone on either end, and ZRTP between them. Each has an engine, a ZID
 * and workers of its own.
 */
const zids = { left: randomBytes(12), right: randomBytes(12) }
const left = new WorkerMediaEngine({ workers: 1, packetIo, zid: zids.left })
const right = new WorkerMediaEngine({ workers: 1, packetIo, zid: zids.right })
after(() => Promise.all([left.close(), right.close()]))

interface Ends {
  readonly one: Bridge
  readonly two: Bridge
  readonly local: { readonly one: LocalEndpoint; readonly two: LocalEndpoint }
  readonly reports: KeyExchangeReport[]
}

async function ends(): Promise<Ends> {
  const reports: KeyExchangeReport[] = []
  const session = { onKeyExchange: (report: KeyExchangeReport) => void reports.push(report) }
  const one = await Bridge.open(left, 'none', 'none', { described: false, session })
  const two = await Bridge.open(right, 'none', 'none', { described: false, session })
  await one.update('a', one.a.description())
  await two.update('b', two.b.description())
  return { one, two, local: { one: one.b.server, two: two.a.server }, reports }
}

const helloHash = (seed: Buffer, zid: Buffer): Buffer => sha256(ownHello({ seed, zid, algorithms: ownAlgorithms }))

function endpoint({ address, rtpPort, rtcpPort }: LocalEndpoint, protection: Protection): EndpointDescription {
  return { remote: { address, rtpPort, rtcpPort }, rtcpMux: false, direction: 'sendrecv', protection }
}

function zrtp(
  seed: Buffer,
  options: { peerHash?: Buffer; association?: string; clear?: ClearBeforeZrtp } = {},
): Protection {
  const { peerHash, association = randomBytes(8).toString('hex'), clear = 'never' } = options
  const protection = { mode: 'zrtp', association, party: 'sip:bob@example.org', clear, seed } as const
  return peerHash === undefined ? protection : { ...protection, peerHash }
}

/** Both ways, once both workers have taken over what was described. */
async function talk({ one, two }: Ends, sequence = 1): Promise<void> {
  await Promise.all([one.settle(), two.settle()])
  const payload = randomBytes(160)
  one.a.sendRtp(rtpPacket({ sequence, payload }))
  assert.deepEqual(await two.b.receiveRtp(), rtpPacket({ sequence, payload }))
  two.b.sendRtp(rtpPacket({ ssrc: 9, sequence, payload }))
  assert.deepEqual(await one.a.receiveRtp(), rtpPacket({ ssrc: 9, sequence, payload }))
}

async function close({ one, two }: Ends): Promise<void> {
  await one.close()
  await two.close()
}

describe('ZRTP on a leg', () => {
  test('brings the keys of RTP and RTCP, and one SAS to both ends; the association keeps them', async () => {
    const pair = await ends()
    const { one, two, local, reports } = pair
    const [a, b] = [randomBytes(32), randomBytes(32)]
    const protections = {
      one: zrtp(a, { peerHash: helloHash(b, zids.right) }),
      two: zrtp(b, { peerHash: helloHash(a, zids.left) }),
    }
    one.session.update(0, 'b', endpoint(local.two, protections.one))
    two.session.update(0, 'a', endpoint(local.one, protections.two))
    await one.counted('b', 'keyExchanges', 1)
    await two.counted('a', 'keyExchanges', 1)
    await talk(pair)
    one.a.sendRtcp(rtcpPacket(5))
    assert.deepEqual(await two.b.receiveRtcp(), rtcpPacket(5))
    one.session.update(0, 'b', endpoint(local.two, protections.one))
    await talk(pair, 2)
    assert.equal(one.counters('b').keyExchanges, 1)
    const [first, second] = reports.map(({ zrtp }) => zrtp)
    assert.match(first!.sas!, /^[a-z1-9]{4}$/)
    assert.equal(first!.sas, second!.sas)
    await close(pair)
  })

  test('the second call of the same two knows the secrets of the first', async () => {
    const pair = await ends()
    const { one, two, local, reports } = pair
    one.session.update(0, 'b', endpoint(local.two, zrtp(randomBytes(32))))
    two.session.update(0, 'a', endpoint(local.one, zrtp(randomBytes(32))))
    await talk(pair)
    assert.deepEqual(new Set(reports.map(({ zrtp }) => zrtp!.cache)), new Set(['matched']))
    await close(pair)
  })

  test('a second stream takes its keys from the first one’s exchange', async () => {
    const pair = await ends()
    const { one, two, local, reports } = pair
    const names = ['left', 'right'] as const
    const [video, other] = [await one.session.openStream('video'), await two.session.openStream('video')]
    const describe = (stream: number, to: { one: LocalEndpoint; two: LocalEndpoint }): void => {
      one.session.update(stream, 'b', endpoint(to.two, zrtp(randomBytes(32), { association: names[0] })))
      two.session.update(stream, 'a', endpoint(to.one, zrtp(randomBytes(32), { association: names[1] })))
    }
    describe(0, local)
    describe(1, { one: video.b, two: other.a })
    await until(() => reports.length === 4)
    const agreements = reports.map(({ stream, zrtp }) => [stream, zrtp?.algorithms[0], zrtp?.sas !== undefined])
    assert.deepEqual(
      agreements.toSorted((x, y) => Number(x[0]) - Number(y[0])),
      [
        [0, 'X255', true],
        [0, 'X255', true],
        [1, 'Mult', false],
        [1, 'Mult', false],
      ],
    )
    await close(pair)
  })

  test('a Hello that is not the one of the description is not answered, and nothing crosses', async () => {
    const pair = await ends()
    const { one, two, local } = pair
    one.session.update(0, 'b', endpoint(local.two, zrtp(randomBytes(32), { peerHash: randomBytes(32) })))
    two.session.update(0, 'a', endpoint(local.one, zrtp(randomBytes(32))))
    await one.settle()
    one.a.sendRtp(rtpPacket({ sequence: 1 }))
    await one.counted('b', 'undeliverable', 1)
    assert.deepEqual([one.counters('b').keyExchanges, two.counters('a').keyExchanges], [0, 0])
    await close(pair)
  })

  for (const clear of ['never', 'if-unanswered'] as const) {
    const outcome = clear === 'if-unanswered' ? 'is talked to in clear where that is allowed' : 'gets nothing'
    test(`a phone that answers no Hello for 4 s ${outcome}, and it is reported`, async () => {
      const { one, two, local, reports } = await ends()
      one.session.update(0, 'b', endpoint(local.two, zrtp(randomBytes(32), { clear })))
      two.session.update(0, 'a', endpoint(local.one, { mode: 'none' }))
      await until(() => reports.length > 0)
      assert.equal(reports[0]?.failure, 'the phone does not speak ZRTP')
      one.a.sendRtp(rtpPacket({ sequence: 1 }))
      if (clear === 'if-unanswered') assert.deepEqual(await two.b.receiveRtp(), rtpPacket({ sequence: 1 }))
      else await one.counted('b', 'undeliverable', 1)
      await one.close()
      await two.close()
    })
  }

  test('a leg in clear takes ZRTP from a phone that begins it, and never goes back', async () => {
    const pair = await ends()
    const { one, two, local } = pair
    const patient = zrtp(randomBytes(32), { clear: 'until-keyed' })
    one.session.update(0, 'b', endpoint(local.two, patient))
    two.session.update(0, 'a', endpoint(local.one, { mode: 'none' }))
    await talk(pair)
    assert.equal(one.counters('b').keyExchanges, 0)
    two.session.update(0, 'a', endpoint(local.one, zrtp(randomBytes(32))))
    await one.counted('b', 'keyExchanges', 1)
    await two.counted('a', 'keyExchanges', 1)
    await talk(pair, 2)
    one.session.update(0, 'b', endpoint(local.two, patient))
    two.session.update(0, 'a', endpoint(local.one, { mode: 'none' }))
    await Promise.all([one.settle(), two.settle()])
    two.b.sendRtp(rtpPacket({ ssrc: 9, sequence: 3 }))
    await one.counted('b', 'plainPackets', 1)
    one.session.update(0, 'b', endpoint(local.two, zrtp(randomBytes(32), { clear: 'until-keyed' }))) // another association
    await one.settle()
    two.b.sendRtp(rtpPacket({ ssrc: 9, sequence: 4 }))
    await one.counted('b', 'notReady', 1)
    await close(pair)
  })

  test('a file of retained secrets that cannot be used is reported, and calls go on without it', async () => {
    const engine = new WorkerMediaEngine({ workers: 1, zid: zids.left, secrets: '/nowhere/secrets.sqlite' })
    const failures: string[] = []
    engine.events.on('zrtpSecretsNotKept', ({ error }) => failures.push(error.code))
    const reports: KeyExchangeReport[] = []
    const session = { onKeyExchange: (report: KeyExchangeReport) => void reports.push(report) }
    const one = await Bridge.open(engine, 'none', 'none', { described: false, session })
    const two = await Bridge.open(right, 'none', 'none', { described: false })
    one.session.update(0, 'b', endpoint(two.a.server, zrtp(randomBytes(32))))
    two.session.update(0, 'a', endpoint(one.b.server, zrtp(randomBytes(32))))
    await until(() => reports.length > 0)
    assert.match(reports[0]!.zrtp!.sas!, /^[a-z1-9]{4}$/)
    assert.deepEqual(failures, ['MEDIA_SECRETS_NOT_KEPT'])
    await Promise.all([one.close(), two.close(), engine.close()])
  })

  test('GoClear and Error of a phone with keys change nothing: what goes either way is still encrypted', async () => {
    const bridge = await Bridge.open(left, 'none', 'none', { described: false })
    await bridge.update('a', bridge.a.description())
    const { rtp: line, server } = bridge.b
    const sent: Buffer[] = []
    const receive = (packet: Uint8Array): void => line.send(Buffer.from(packet), server.rtpPort, server.address)
    const peer = new HandmadePeer({ sent, stream: { receive } })
    const hear = async (type: string): Promise<void> => {
      while (peer.heard(type) === undefined) sent.push(await line.receive())
    }
    const phone = { address: '127.0.0.1', rtpPort: line.port, rtcpPort: bridge.b.rtcp.port }
    bridge.session.update(0, 'b', endpoint(phone, zrtp(randomBytes(32))))
    await hear('Hello')
    peer.say(peer.hello)
    await hear('HelloACK')
    peer.say(peer.commit())
    await hear('DHPart1')
    peer.say(peer.dhPart('DHPart2'))
    await hear('Confirm1')
    const { initiator, responder } = peer.keys('initiator')
    peer.say(peer.confirm('Confirm2', peer.keys('initiator')))
    await hear('Conf2ACK')
    await bridge.counted('b', 'keyExchanges', 1)
    peer.say(writeMessage('GoClear', randomBytes(8)))
    await hear('Error')
    assert.equal(peer.heard('Error')!.readUInt32BE(12), 0x100)
    peer.say(writeError(0x20))
    await hear('ErrorACK')
    const plain = rtpPacket({ sequence: 1 })
    bridge.a.sendRtp(plain)
    const wire = await line.receive()
    assert.ok(!wire.includes('a payload'))
    assert.deepEqual(new NaiveSrtp(responder.srtp).unprotectRtp(wire, 0), plain)
    line.send(rtpPacket({ ssrc: 9, sequence: 1 }), server.rtpPort)
    await bridge.counted('b', 'plainPackets', 1)
    const own = rtpPacket({ ssrc: 9, sequence: 2 })
    line.send(new NaiveSrtp(initiator.srtp).protectRtp(own, 0), server.rtpPort)
    assert.deepEqual(await bridge.a.receiveRtp(), own)
    assert.equal(bridge.a.rtp.unread.length, 0)
    await bridge.close()
  })

  test('two legs that wait for each other stay in clear', async () => {
    const pair = await ends()
    const { one, two, local, reports } = pair
    one.session.update(0, 'b', endpoint(local.two, zrtp(randomBytes(32), { clear: 'until-keyed' })))
    two.session.update(0, 'a', endpoint(local.one, zrtp(randomBytes(32), { clear: 'until-keyed' })))
    await talk(pair)
    assert.deepEqual(reports, [])
    await close(pair)
  })
})
