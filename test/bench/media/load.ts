/**
 * The phones of a measurement: `load.ts CALLS PAYLOAD SIDE-A SIDE-B`, a side being `none` or a crypto suite. It prints the
 * ports of two phones for each call, and then does what each line of its input says: `to PORT…` where each phone sends to,
 * `run RATE SECONDS` to send and print what became of it. It keeps a core busy, so that packets leave when they are due and
 * delays are those of the relay. What comes must be as long as what a phone of that side takes; that it can be read is what
 * tests are for.
 */
import { createInterface } from 'node:readline'
import { linux, linuxSystem } from '../../../src/media/packet-io/linux/libc.ts'
import { EpollSet } from '../../../src/media/packet-io/linux/epoll-set.ts'
import { SocketAddress } from '../../../src/media/packet-io/linux/socket-address.ts'
import { PacketBuffer } from '../../../src/media/packet-buffer.ts'
import { OpenSslCipherProvider } from '../../../src/media/srtp/openssl-cipher-provider.ts'
import { SrtpEncryptContext } from '../../../src/media/srtp/srtp-encrypt-context.ts'
import { cryptoSuites } from '../../../src/base/encryption.ts'
import { type LoadResult } from './load-result.ts'
import { keyOf, sideOf, type Side } from './phone-keys.ts'

const [calls = 1, payload = 160] = process.argv.slice(2, 4).map(Number)
const sides: readonly Side[] = process.argv.slice(4, 6).map(sideOf)
const system = linuxSystem()
const { libc } = system
const epoll = new EpollSet(system)
const address = new SocketAddress(system, 4)
const buffer = new PacketBuffer(2048)
const packet = system.view(buffer.bytes)
const provider = new OpenSslCipherProvider()
const arrived = system.memory(2048)
const view = new DataView(buffer.bytes.buffer)
const arrivedView = new DataView(arrived.bytes.buffer)
const phones: number[] = []
/** Of each phone that encrypts. */
const contexts: (SrtpEncryptContext | undefined)[] = []
/** Length of what each phone gets. */
const lengths: number[] = []
/** When each phone sent the packet of each sequence number, by its last 12 bits. */
const sentAt: Float64Array[] = []
const kept = 4096
const ports: number[] = []
let lastPort = 40_000
const samples = new Float64Array(4_000_000)
let received = 0
let sequence = 0

/** Opens a phone on the next free port. */
function open(): void {
  const socket = libc.socket(linux.AF_INET, linux.SOCK_DGRAM | linux.SOCK_NONBLOCK, 0)
  do address.write({ address: '127.0.0.1', port: ++lastPort })
  while (libc.bind(socket, address.pointer, address.length) < 0)
  epoll.add(socket, 0)
  const side = sides[phones.length % 2] ?? 'none'
  contexts.push(side === 'none' ? undefined : new SrtpEncryptContext(keyOf('phones', side), provider))
  lengths.push(12 + payload + (side === 'none' ? 0 : cryptoSuites[side].rtpTagLength))
  sentAt.push(new Float64Array(kept))
  phones.push(socket)
  ports.push(lastPort)
}

/** Takes what has come. Those of a run before it are not counted. */
function take(since: number): void {
  const ready = epoll.wait(0)
  for (let i = 0; i < ready; i++) {
    const length = libc.recvfrom(epoll.socket(i), arrived.at(0, 2048), 2048, 0, 0, 0)
    if (length < 0) continue
    const sender = arrivedView.getUint32(8)
    // whom it came to is the other phone of the sender's call
    if (length !== lengths[sender ^ 1]) throw new Error(`${length} bytes for phone ${sender ^ 1}`)
    const sent = sentAt[sender]![arrivedView.getUint16(2) % kept]!
    if (sent >= since) samples[received++ % samples.length] = performance.now() - sent
  }
}

function run(rate: number, seconds: number): LoadResult {
  const start = performance.now()
  const total = rate * seconds
  received = 0
  let sent = 0
  view.setUint8(0, 0x80)
  for (let now = start; now - start < seconds * 1000 || sent < total; now = performance.now()) {
    const due = Math.min(total, ((now - start) * rate) / 1000)
    for (let burst = 0; sent < due && burst < 8; burst++, sent++) {
      const phone = sent % phones.length
      if (phone === 0) sequence++
      view.setUint16(2, sequence & 0xffff)
      view.setUint32(4, 160 * sequence)
      view.setUint32(8, phone)
      buffer.length = 12 + payload
      contexts[phone]?.protectRtp(buffer)
      sentAt[phone]![sequence % kept] = performance.now()
      libc.send(phones[phone]!, packet.at(0, buffer.length), buffer.length, 0)
    }
    take(start)
  }
  const took = (performance.now() - start) / 1000
  // what still comes is late, not lost: until there was nothing for a while
  for (let last = performance.now(), before = received; performance.now() < last + 300;) {
    take(start)
    if (received === before) continue
    before = received
    last = performance.now()
  }
  const delays = samples.subarray(0, Math.min(received, samples.length)).sort()
  const percentile = (part: number): number => Math.round(1000 * (delays[Math.floor(delays.length * part)] ?? 0))
  return { sent, received, seconds: took, p50: percentile(0.5), p99: percentile(0.99), p999: percentile(0.999) }
}

for (let i = 0; i < 2 * calls; i++) open()
console.log(ports.join(' '))
for await (const line of createInterface({ input: process.stdin })) {
  const [word, ...numbers] = line.split(' ')
  if (word === 'run') console.log(JSON.stringify(run(Number(numbers[0]), Number(numbers[1]))))
  for (const [i, port] of numbers.entries()) {
    if (word !== 'to') break
    address.write({ address: '127.0.0.1', port: Number(port) })
    libc.connect(phones[i]!, address.pointer, address.length)
  }
}
