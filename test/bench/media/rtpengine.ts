import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { cryptoLine, keyOf, type Side } from './phone-keys.ts'

type Value = string | readonly string[]

/** Text and lists of text as the ng protocol writes them (rtpengine, docs/ng_control_protocol.md): bencoding. */
function encode(value: Value | Readonly<Record<string, Value>>): string {
  if (typeof value === 'string') return `${Buffer.byteLength(value)}:${value}`
  if (Array.isArray(value)) return `l${value.map(encode).join('')}e`
  const entries = Object.entries(value as Record<string, Value>).sort(([a], [b]) => (a < b ? -1 : 1))
  return `d${entries.map(([key, one]) => encode(key) + encode(one)).join('')}e`
}

/** A text of a bencoded dictionary. */
function textOf(answer: string, key: string): string | undefined {
  const found = new RegExp(`${key.length}:${key}(\\d+):`).exec(answer)
  if (found === null) return undefined
  const start = found.index + found[0].length
  return answer.slice(start, start + Number(found[1]))
}

/** Drives an rtpengine by its ng protocol. */
export class Rtpengine {
  readonly #socket: Socket
  readonly #port: number
  #cookies = 0

  private constructor(socket: Socket, port: number) {
    this.#socket = socket
    this.#port = port
  }

  /** Waits until the daemon answers. @param port where it listens for ng */
  static async reach(port: number): Promise<Rtpengine> {
    const socket = createSocket('udp4')
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    const one = new Rtpengine(socket, port)
    for (let attempt = 0; attempt < 50; attempt++) {
      const answer = await Promise.race([one.#ask({ command: 'ping' }), sleep(200)])
      if (answer !== undefined && answer.includes('pong')) return one
    }
    throw new Error('rtpengine does not answer')
  }

  /** Sets a call up between two phones. @returns the ports that it gave to each */
  async call(
    number: number,
    phones: readonly [number, number],
    sides: readonly [Side, Side],
  ): Promise<[number, number]> {
    const names = { 'call-id': `call-${number}`, 'from-tag': `a-${number}` }
    const common = {
      ...names,
      ICE: 'remove',
      DTLS: 'off',
      'rtcp-mux': ['demux'],
      flags: ['trust-address', 'symmetric'],
    }
    const profile = (side: Side): string => (side === 'none' ? 'RTP/AVP' : 'RTP/SAVP')
    const towardsB = await this.#media({
      ...{ ...common, command: 'offer', 'transport-protocol': profile(sides[1]) },
      sdp: description(phones[0], sides[0], 1),
    })
    // the answer names the line of the offer that it takes
    const tag =
      sides[1] === 'none' ? 1 : Number(new RegExp(`^a=crypto:(\\d+) ${sides[1]} `, 'm').exec(towardsB.sdp)?.[1])
    const towardsA = await this.#media({
      ...{ ...common, command: 'answer', 'to-tag': `b-${number}`, 'transport-protocol': profile(sides[0]) },
      sdp: description(phones[1], sides[1], tag),
    })
    return [towardsA.port, towardsB.port]
  }

  close(): void {
    this.#socket.close()
  }

  async #media(command: Readonly<Record<string, Value>>): Promise<{ readonly sdp: string; readonly port: number }> {
    const answer = await this.#ask(command)
    const sdp = textOf(answer, 'sdp')
    const port = Number(/^m=audio (\d+)/m.exec(sdp ?? '')?.[1])
    if (sdp === undefined || !(port > 0)) throw new Error(`rtpengine: ${answer}`)
    return { sdp, port }
  }

  async #ask(command: Readonly<Record<string, Value>>): Promise<string> {
    const cookie = `c${++this.#cookies}`
    this.#socket.send(`${cookie} ${encode(command)}`, this.#port, '127.0.0.1')
    for (;;) {
      const [message] = (await once(this.#socket, 'message')) as [Buffer]
      const text = message.toString('latin1')
      if (text.startsWith(`${cookie} `)) return text.slice(cookie.length + 1)
    }
  }
}

function description(port: number, side: Side, tag: number): string {
  const lines = ['v=0', 'o=phone 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0']
  const media = [`m=audio ${port} ${side === 'none' ? 'RTP/AVP' : 'RTP/SAVP'} 0`, 'a=rtpmap:0 PCMU/8000']
  const keys = side === 'none' ? [] : [cryptoLine(tag, keyOf('phones', side))]
  return [...lines, ...media, ...keys, ''].join('\r\n')
}
