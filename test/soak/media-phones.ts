/**
 * The media of all phones of the soak, in a process of its own that is told what to do by its parent ({@link MediaCommand}). Each
 * phone that speaks sends a packet of 20 ms of PCMU fifty times a second, in SRTP where it has keys, and each packet carries the
 * moment at which it left. One call of phones without a server between them shows what the machine itself takes.
 */
import { EpollSet } from '../../src/media/packet-io/linux/epoll-set.ts'
import { linux, linuxSystem } from '../../src/media/packet-io/linux/libc.ts'
import { SocketAddress } from '../../src/media/packet-io/linux/socket-address.ts'
import { PacketBuffer } from '../../src/media/packet-buffer.ts'
import { openCipherProvider } from '../../src/media/srtp/open-cipher-provider.ts'
import { SrtpDecryptContext } from '../../src/media/srtp/srtp-decrypt-context.ts'
import { SrtpEncryptContext } from '../../src/media/srtp/srtp-encrypt-context.ts'
import { SrtpVerdict } from '../../src/media/srtp/srtp-verdict.ts'
import { type SrtpMasterKey } from '../../src/base/encryption.ts'
import { Delays } from './delays.ts'
import { type MediaCommand, type MediaReply, type Side, type StreamCount } from './media-messages.ts'

/** Milliseconds between two packets of a phone. */
const packetTime = 20
/** Header, and 20 ms of PCMU. */
const packetLength = 172

const system = linuxSystem()
const { libc } = system
const { provider } = openCipherProvider()
const epoll = new EpollSet(system)
const address = new SocketAddress(system, 4)
const packet = new PacketBuffer(2048)
const memory = system.view(new Uint8Array(packet.bytes.buffer))
const phones: Phone[] = []
const bySocket = new Map<number, Phone>()
const slots: { readonly a: Phone; readonly b: Phone }[] = []
const phases = new Map<string, { readonly relayed: Delays; readonly direct: Delays }>()
/** Of before the first. */
let phase = { relayed: new Delays(), direct: new Delays() }
let loss = 0
let lastPort = 40_000
let lastSource = 0

function openSocket(): { readonly socket: number; readonly port: number } {
  const socket = libc.socket(linux.AF_INET, linux.SOCK_DGRAM | linux.SOCK_NONBLOCK, 0)
  do address.write({ address: '127.0.0.1', port: ++lastPort })
  while (libc.bind(socket, address.pointer, address.length) < 0)
  epoll.add(socket, 0)
  return { socket, port: lastPort }
}

function masterKey(text: string): SrtpMasterKey {
  const bytes = Buffer.from(text, 'base64')
  return { suite: 'AES_CM_128_HMAC_SHA1_80', key: bytes.subarray(0, 16), salt: bytes.subarray(16) }
}

/** One phone of a call. */
class Phone {
  readonly ports: number[] = []
  /** Whether a server is between this phone and the other. */
  readonly relayed: boolean
  readonly #sockets: number[] = []
  #at = 0
  source = 0
  speaks = false
  /** Source of the other phone. */
  far = 0
  #sequence = 0
  #keys = ''
  #encrypt: SrtpEncryptContext | undefined
  #decrypt: SrtpDecryptContext | undefined
  #sent = 0
  #arrived = 0
  #strange = 0

  constructor(sockets: number, relayed = true) {
    this.relayed = relayed
    for (let i = 0; i < sockets; i++) {
      const { socket, port } = openSocket()
      this.#sockets.push(socket)
      this.ports.push(port)
      bySocket.set(socket, this)
    }
    phones.push(this)
    this.renew()
  }

  /** As before any call. */
  renew(): void {
    this.speaks = false
    this.source = ++lastSource
    this.#at = this.#sequence = this.#sent = this.#arrived = this.#strange = 0
    this.#rekey(undefined, undefined)
  }

  describe(port: number, send: string | undefined, receive: string | undefined): void {
    this.#rekey(send, receive)
    address.write({ address: '127.0.0.1', port })
    libc.connect(this.#sockets[this.#at]!, address.pointer, address.length)
  }

  move(): void {
    this.#at = 1
  }

  get counts(): StreamCount {
    return { sent: this.#sent, arrived: this.#arrived, strange: this.#strange }
  }

  send(): void {
    const { bytes } = packet
    bytes.fill(0xff, 0, packetLength)
    bytes.writeUInt16BE(0x8000, 0)
    bytes.writeUInt16BE(this.#sequence++ & 0xffff, 2)
    bytes.writeUInt32BE((this.#sequence * 160) >>> 0, 4)
    bytes.writeUInt32BE(this.source, 8)
    if (this.relayed && Math.random() < loss) return
    bytes.writeDoubleBE(performance.now(), 12)
    packet.length = packetLength
    if (this.#encrypt !== undefined && this.#encrypt.protectRtp(packet) !== SrtpVerdict.ok)
      throw new Error('a packet cannot be encrypted')
    this.#sent++
    libc.send(this.#sockets[this.#at]!, memory.at(0, packet.length), packet.length, 0)
  }

  /** A packet of `length` bytes has come. */
  take(length: number): void {
    packet.length = length
    const opened = this.#decrypt === undefined || this.#decrypt.unprotectRtp(packet) === SrtpVerdict.ok
    if (!opened || packet.length !== packetLength || packet.bytes.readUInt32BE(8) !== this.far) {
      this.#strange++
      return
    }
    this.#arrived++
    const delay = performance.now() - packet.bytes.readDoubleBE(12)
    if (this.relayed) phase.relayed.add(delay)
    else phase.direct.add(delay)
  }

  /** Sequences and replay windows go on where the keys are what they were. */
  #rekey(send: string | undefined, receive: string | undefined): void {
    const keys = `${send} ${receive}`
    if (keys === this.#keys) return
    const [lastSend, lastReceive] = this.#keys.split(' ')
    if (String(send) !== lastSend) {
      this.#encrypt?.close()
      this.#encrypt = send === undefined ? undefined : new SrtpEncryptContext(masterKey(send), provider)
    }
    if (String(receive) !== lastReceive) {
      this.#decrypt?.close()
      this.#decrypt = receive === undefined ? undefined : new SrtpDecryptContext(masterKey(receive), provider)
    }
    this.#keys = keys
  }
}

function meet(a: Phone, b: Phone): void {
  a.far = b.source
  b.far = a.source
}

function open(count: number): MediaReply {
  const ports = Array.from({ length: count }, () => {
    const [a, b] = [new Phone(2), new Phone(1)]
    meet(a, b)
    slots.push({ a, b })
    return [a.ports[0]!, b.ports[0]!, a.ports[1]!] as const
  })
  const [one, other] = [new Phone(1, false), new Phone(1, false)]
  one.describe(other.ports[0]!, undefined, undefined)
  other.describe(one.ports[0]!, undefined, undefined)
  meet(one, other)
  one.speaks = other.speaks = true
  return { kind: 'opened', ports }
}

function phone(slot: number, side: Side): Phone {
  return slots[slot]![side]
}

function enter(name: string): void {
  phase = phases.get(name) ?? { relayed: new Delays(), direct: new Delays() }
  phases.set(name, phase)
}

function obey(command: MediaCommand): MediaReply | undefined {
  switch (command.do) {
    case 'open':
      loss = command.loss
      return open(command.slots)
    case 'describe':
      phone(command.slot, command.side).describe(command.port, command.send, command.receive)
      return undefined
    case 'speak':
      phone(command.slot, command.side).speaks = command.on
      return undefined
    case 'move':
      phone(command.slot, 'a').move()
      return undefined
    case 'end': {
      const { a, b } = slots[command.slot]!
      const reply = { kind: 'ended', slot: command.slot, a: a.counts, b: b.counts } as const
      a.renew()
      b.renew()
      meet(a, b)
      return reply
    }
    case 'phase':
      enter(command.name)
      return undefined
    case 'report':
      return {
        kind: 'report',
        phases: [...phases].map(([name, { relayed, direct }]) => ({
          name,
          relayed: relayed.percentiles(),
          direct: direct.percentiles(),
        })),
      }
  }
}

/** Takes what has come, waiting for it a millisecond at most. */
function receive(): void {
  const ready = epoll.wait(1)
  for (let i = 0; i < ready; i++) {
    const socket = epoll.socket(i)
    const phone = bySocket.get(socket)!
    for (;;) {
      const length = libc.recvfrom(socket, memory.at(0, packet.limit), packet.limit, 0, 0, 0)
      if (length < 0) break
      phone.take(length)
    }
  }
}

process.on('message', (command: MediaCommand) => {
  const reply = obey(command)
  if (reply !== undefined) process.send!(reply)
})

// phone i sends in millisecond i of each packet time; who is late catches up
let tick = Math.floor(performance.now())
while (process.connected) {
  for (const end = performance.now() + 5; performance.now() < end;) {
    receive()
    for (const now = performance.now(); tick < now; tick++)
      for (let i = tick % packetTime; i < phones.length; i += packetTime) if (phones[i]!.speaks) phones[i]!.send()
  }
  // what the parent says
  await new Promise((resolve) => setImmediate(resolve))
}
