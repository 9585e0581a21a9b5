/** Runs a call through two workers on the driver that it is told, and prints what the engine says of it. */
import { type PacketIoDriver } from '../../../src/media/packet-io/open-packet-io.ts'
import { WorkerMediaEngine } from '../../../src/media/worker-media-engine.ts'
import { Bridge } from './bridge.ts'
import { rtpPacket } from './packets.ts'

const engine = new WorkerMediaEngine({ workers: 2, packetIo: { driver: process.argv[2] as PacketIoDriver, pause: 1 } })
engine.events.on('packetIoFallback', ({ why }) => console.log(`fallback: ${why}`))
for (let i = 0; i < 2; i++) {
  const bridge = await Bridge.open(engine, 'none', 'none')
  for (let attempt = 0; attempt < 20 && bridge.counters('a').rtpPacketsReceived === 0; attempt++) {
    bridge.a.sendRtp(rtpPacket({ sequence: attempt }))
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  await bridge.b.receiveRtp()
  console.log('relayed')
  await bridge.close()
}
await engine.close()
