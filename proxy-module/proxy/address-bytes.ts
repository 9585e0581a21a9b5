import { isIP } from 'node:net'

/**
 * The bytes of an IP literal: 4 or 16, network order. A zone (`%eth0`) is left out.
 * @param host - an address as sockets give it
 */
export function addressBytes(host: string): Buffer {
  if (isIP(host) === 4) return Buffer.from(host.split('.').map(Number))
  // the URL parser writes every spelling of an IPv6 address in one way, without dots
  const [head = '', tail] = new URL(`http://[${host.replace(/%.*/, '')}]`).hostname.slice(1, -1).split('::')
  const before = groups(head)
  const behind = groups(tail ?? '')
  const bytes = Buffer.alloc(16)
  before.forEach((group, at) => bytes.writeUInt16BE(group, 2 * at))
  behind.forEach((group, at) => bytes.writeUInt16BE(group, 16 - 2 * (behind.length - at)))
  return bytes
}

/** The literal of 4 or 16 bytes, an IPv6 address in its shortest spelling (RFC 5952), as sockets give it. */
export function addressText(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.')
  const hex = Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(2 * at).toString(16)).join(':')
  const text = new URL(`http://[${hex}]`).hostname.slice(1, -1)
  const [, high = '', low = ''] = /^::ffff:([\da-f]+):([\da-f]+)$/.exec(text) ?? []
  if (high === '') return text
  return `::ffff:${[high, low].flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff]).join('.')}`
}

function groups(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => parseInt(group, 16))
}
