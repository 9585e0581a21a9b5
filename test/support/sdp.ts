import { readFileSync } from 'node:fs'
import { type LocalEndpoint } from '../../src/base/endpoint-description.ts'
import { parseSdp, type SessionDescription } from '../../src/sdp/session-description.ts'

/** A description from its lines, as it comes in a message. */
export function sdpBody(...lines: readonly string[]): Buffer {
  return Buffer.from(lines.map((line) => `${line}\r\n`).join(''), 'latin1')
}

/** A description of a phone at 192.0.2.10 from its m-lines and what follows them. */
export function phoneSdp(...lines: readonly string[]): SessionDescription {
  return parseSdp(sdpBody('v=0', 'o=phone 1 1 IN IP4 192.0.2.10', 's=-', 'c=IN IP4 192.0.2.10', 't=0 0', ...lines))
}

/** Random bytes that a reader of a test recognises: each request gets the next letter, all over. */
export function lettersFrom(first: string): (size: number) => Buffer {
  let letter = first.charCodeAt(0)
  return (size) => Buffer.alloc(size, letter++)
}

/** Ports of one leg of this server, as many as anybody needs: `port`, `port + 2`, … */
export function localPorts(port: number, address = '203.0.113.1', count = 64): readonly LocalEndpoint[] {
  return Array.from({ length: count }, (_, index) => ({
    address,
    rtpPort: port + 2 * index,
    rtcpPort: port + 2 * index + 1,
  }))
}

/** A description of a real phone. */
export interface PhoneDescription {
  /** Who calls whom, and how they are configured. */
  readonly call: string
  /** `INVITE` or the status. */
  readonly message: string
  readonly body: Buffer
}

/** What real phones and a browser have sent, from test/sdp/phones.txt. */
export function phoneDescriptions(): readonly PhoneDescription[] {
  const text = readFileSync(new URL('../sdp/phones.txt', import.meta.url), 'latin1')
  return text
    .split(/^## /m)
    .slice(1)
    .flatMap((section) => {
      const [call = '', ...messages] = section.trim().split(/\n> /)
      return messages.map((message) => {
        const [name = '', ...lines] = message.split('\n')
        return { call: call.trim(), message: name, body: sdpBody(...lines) }
      })
    })
}

/** The first description of a call in phones.txt that a phone sent with this message. */
export function phoneDescription(call: string, message = 'INVITE'): SessionDescription {
  const found = phoneDescriptions().find((one) => one.call.endsWith(`: ${call}`) && one.message === message)
  if (found === undefined) throw new Error(`phones.txt has no ${message} of ${call}`)
  return parseSdp(found.body)
}

/** Every inline key, fingerprint, zrtp-hash, candidate and ICE credential in a text: what must never cross. */
export function secretsIn(text: string): readonly string[] {
  const patterns = [
    /inline:([A-Za-z0-9+/]{20,})/g,
    /fingerprint:\S+ (\S+)/g,
    /zrtp-hash:\S+ (\S+)/g,
    /candidate:(.+)/g,
    /ice-(?:ufrag|pwd):(\S+)/g,
  ]
  return patterns.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => match[1]!.trim()))
}
