/**
 * What it costs to count a packet by its source, of what it costs to take it through a call's two legs, without the system's
 * share: `node test/bench/statistics.bench.ts`. One call, whose memory is at hand, and 800, whose memory is not. Rounds are
 * interleaved, medians printed.
 */
import { type CryptoSuite } from '../../src/base/encryption.ts'
import { type Protection } from '../../src/base/endpoint-description.ts'
import { allocateCounters, Cell, counterCells } from '../../src/media/leg-counters.ts'
import { PacketBuffer } from '../../src/media/packet-buffer.ts'
import { type PacketPort } from '../../src/media/packet-io/packet-io.ts'
import { SourceStatistics } from '../../src/media/source-statistics.ts'
import { OpenSslCipherProvider } from '../../src/media/srtp/openssl-cipher-provider.ts'
import { SrtpEncryptContext } from '../../src/media/srtp/srtp-encrypt-context.ts'
import { StreamLeg } from '../../src/media/stream-leg.ts'
import { masterKey, rtpPacket } from '../support/media/packets.ts'

const packetsPerRound = 16_000
const rounds = 31
const provider = new OpenSslCipherProvider()
const phone = { address: '192.0.2.1', port: 4000 }
const packet = new PacketBuffer(4096)
const port: PacketPort = {
  send: () => undefined,
  connect: () => undefined,
  disconnect: () => undefined,
  close: () => Promise.resolve(),
}
const stamp = (cells: Float64Array, cell: number): void => {
  cells[cell] = performance.now()
}

/** Takes the next packet of each call. */
type Round = (wire: Buffer) => void

function counting(calls: number): Round {
  const legs = Array.from({ length: calls }, () => {
    const cells = counterCells(allocateCounters(), 'a')
    return { cells, statistics: new SourceStatistics(cells) }
  })
  return (wire) => {
    for (const { cells, statistics } of legs) {
      packet.load(wire)
      stamp(cells, Cell.lastReceivedAt)
      statistics.count(packet, packet.length)
    }
  }
}

function crossing(calls: number, protections: () => Protection): Round {
  const legs = Array.from({ length: calls }, () => {
    const memory = allocateCounters()
    const [a, b] = (['a', 'b'] as const).map((name) => {
      const leg = new StreamLeg({
        ...{ rtp: port, rtcp: port, counters: counterCells(memory, name), provider, stamp },
        exchanger: { begin: () => process.exit(1) },
        now: () => performance.now(),
        onKeyExchange: () => undefined,
        onDtmf: () => undefined,
      })
      const remote = { address: phone.address, rtpPort: phone.port, rtcpPort: phone.port + 1 }
      leg.update({ remote, rtcpMux: false, direction: 'sendrecv', protection: protections() }, [])
      return leg
    }) as [StreamLeg, StreamLeg]
    StreamLeg.join(a, b)
    return a
  })
  return (wire) => {
    for (const leg of legs) {
      packet.load(wire)
      leg.onRtpPort(packet, phone)
    }
  }
}

const suite: CryptoSuite = 'AES_CM_128_HMAC_SHA1_80'
const receive = masterKey(suite)
for (const calls of [1, 800]) {
  const cases: Readonly<Record<string, Round>> = {
    'counted by its source': counting(calls),
    'through both legs, clear': crossing(calls, () => ({ mode: 'none' })),
    [`through both legs, ${suite}`]: crossing(calls, () => ({ mode: 'sdes', send: masterKey(suite), receive })),
  }
  const sender = new SrtpEncryptContext(receive, provider)
  const times = new Map(Object.keys(cases).map((name) => [name, [] as number[]]))
  let sequence = 0
  for (let round = 0; round < rounds; round++) {
    const wires = Array.from({ length: packetsPerRound / calls }, () => {
      const plain = rtpPacket({
        sequence: sequence & 0xffff,
        timestamp: (sequence++ * 160) % 2 ** 32,
        payload: Buffer.alloc(160),
      })
      packet.load(plain)
      sender.protectRtp(packet)
      return [plain, Buffer.from(packet.bytes.subarray(0, packet.length))] as const
    })
    // who comes first finds the packets far away
    const order = Object.entries(cases)
    if (round % 2 === 1) order.reverse()
    for (const [name, run] of order) {
      for (const pair of wires) for (const one of pair) packet.load(one)
      const start = process.hrtime.bigint()
      for (const [plain, wire] of wires) run(name.endsWith(suite) ? wire : plain)
      times.get(name)!.push(Number(process.hrtime.bigint() - start) / packetsPerRound)
    }
  }
  const medians = [...times].map(([name, list]) => [name, list.sort((a, b) => a - b)[rounds >> 1]!] as const)
  const counted = medians[0]![1]
  console.log(`${calls} calls, ns a packet, and what part of it is the counting`)
  for (const [name, time] of medians)
    console.log(`  ${name.padEnd(48)} ${time.toFixed(0).padStart(6)}  ${(counted / time).toFixed(2)}`)
}
