/**
 * The product's engine with one worker (`WORKERS`), in a process of its own, so that what it costs can be read off its threads:
 * `relay-process.ts DRIVER PAUSE SIDE-A SIDE-B PORT…`, a side being `none` or a crypto suite, and the ports those of two phones
 * for each call. Prints its own, and ends with its input, whose lines tell its main thread to `litter` and to be `tidy` again, and ask for
 * its `collections` of garbage.
 */
import { createInterface } from 'node:readline'
import { WorkerMediaEngine } from '../../../src/media/worker-media-engine.ts'
import { type PacketIoDriver } from '../../../src/media/packet-io/open-packet-io.ts'
import { type Protection } from '../../../src/base/endpoint-description.ts'
import { sessionOptions } from '../../support/media/bridge.ts'
import { Litter } from './litter.ts'
import { keyOf, sideOf } from './phone-keys.ts'

const [driver, pause, sideA, sideB, ...phones] = process.argv.slice(2)
const protections = [sideA, sideB].map((word): Protection => {
  const side = sideOf(word)
  return side === 'none'
    ? { mode: 'none' }
    : { mode: 'sdes', send: keyOf('relay', side), receive: keyOf('phones', side) }
})
const engine = new WorkerMediaEngine({
  workers: Number(process.env['WORKERS'] ?? 1),
  packetIo: { driver: driver as PacketIoDriver, pause: Number(pause) },
})
engine.events.on('packetIoFallback', ({ why }) => {
  throw new Error(why)
})
const ports: number[] = []
for (let call = 0; call < phones.length; call += 2) {
  const session = await engine.openSession(sessionOptions())
  const local = await session.openStream('audio')
  for (const [i, leg] of (['a', 'b'] as const).entries()) {
    const rtpPort = Number(phones[call + i])
    const remote = { address: '127.0.0.1', rtpPort, rtcpPort: rtpPort }
    session.update(0, leg, { remote, rtcpMux: true, direction: 'sendrecv', protection: protections[i]! })
    ports.push(local[leg].rtpPort)
  }
}
console.log(ports.join(' '))
let litter: Litter | undefined
for await (const line of createInterface({ input: process.stdin })) {
  litter ??= new Litter()
  if (line === 'litter') litter.begin()
  else if (line === 'tidy') litter.end()
  else if (line === 'collections') console.log(JSON.stringify(litter.take()))
}
litter?.end()
await engine.close()
