import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type EndpointDescription, type LocalEndpoint } from '../../src/base/endpoint-description.ts'
import { type Fingerprint } from '../../src/base/fingerprint.ts'
import { fingerprintOf, makeCertificate } from '../../src/media/dtls/dtls-certificate.ts'
import { type MediaSession } from '../../src/media/media-engine.ts'
import { WorkerMediaEngine } from '../../src/media/worker-media-engine.ts'
import { Bridge, sessionOptions } from '../support/media/bridge.ts'
import { packetIo } from '../support/media/drivers.ts'
import { rtpPacket } from '../support/media/packets.ts'

const handshakes = 200
/** Packets of a call in progress, and the milliseconds between two. */
const packets = 150
const pace = 10

const certificates = [makeCertificate('ecdsa', new Date()), makeCertificate('ecdsa', new Date())] as const
const fingerprints = certificates.map(({ certificate }) => fingerprintOf(certificate))
const clients = new WorkerMediaEngine({ workers: 1, packetIo, certificate: certificates[0] })
const servers = new WorkerMediaEngine({ workers: 1, packetIo, certificate: certificates[1] })
after(() => Promise.all([clients.close(), servers.close()]))

test(`${handshakes} handshakes that begin at once are all completed, and a call in progress loses no packet`, async (t) => {
  const opened: { session: MediaSession; local: LocalEndpoint }[][] = []
  let completed = 0
  let allCompleted = (): void => {}
  const everyone = new Promise<void>((resolve) => (allCompleted = resolve))
  const onKeyExchange = ({ failure }: { readonly failure?: string }): void => {
    assert.equal(failure, undefined)
    if (++completed === 2 * handshakes) allCompleted()
  }
  for (const engine of [clients, servers]) {
    const ends = []
    for (let i = 0; i < handshakes; i++) {
      const session = await engine.openSession(sessionOptions({ onKeyExchange }))
      ends.push({ session, local: (await session.openStream('audio')).a })
    }
    opened.push(ends)
  }
  const talk = await Bridge.open(clients, 'AES_CM_128_HMAC_SHA1_80', 'none')
  const begun = performance.now()
  for (let i = 0; i < handshakes; i++) {
    const [client, server] = [opened[0]![i]!, opened[1]![i]!]
    server.session.update(0, 'a', dtls('server', client.local, fingerprints[0]!))
    client.session.update(0, 'a', dtls('client', server.local, fingerprints[1]!))
  }
  const delays: number[] = []
  const receiving = (async () => {
    for (let i = 0; i < packets; i++) {
      const packet = await talk.b.receiveRtp()
      delays.push(performance.now() - packet.readDoubleBE(12))
      assert.equal(packet.readUInt16BE(2), i + 1, 'in order, without a gap')
    }
  })()
  for (let i = 0; i < packets; i++) {
    const payload = Buffer.alloc(160)
    payload.writeDoubleBE(performance.now())
    talk.a.sendRtp(rtpPacket({ sequence: i + 1, payload }))
    await sleep(pace)
  }
  await receiving
  await everyone
  const took = performance.now() - begun
  delays.sort((a, b) => a - b)
  const figure = (share: number): string => delays[Math.floor(share * (packets - 1))]!.toFixed(1)
  t.diagnostic(
    `${handshakes} handshakes in at most ${took.toFixed(0)} ms; delay of the packets p50 ${figure(0.5)}, p99 ${figure(0.99)}, max ${figure(1)} ms`,
  )
  for (const engineEnds of opened) for (const { session } of engineEnds) await session.close()
  await talk.close()
})

function dtls(role: 'client' | 'server', remote: LocalEndpoint, fingerprint: Fingerprint): EndpointDescription {
  const { address, rtpPort, rtcpPort } = remote
  return {
    remote: { address, rtpPort, rtcpPort },
    rtcpMux: true,
    direction: 'sendrecv',
    protection: { mode: 'dtls-srtp', association: 'one', role, fingerprints: [fingerprint] },
  }
}
