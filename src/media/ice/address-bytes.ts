import { isIPv4 } from 'node:net'

/** The bytes of an IP literal as the operating system prints it: 4 or 16. A zone is left out. */
export function addressBytes(address: string): Uint8Array {
  if (isIPv4(address)) return Uint8Array.from(address.split('.'), Number)
  const [head = '', tail] = address.split('%', 1)[0]!.split('::')
  const [front, back] = [groups(head), groups(tail ?? '')]
  const bytes = new Uint8Array(16)
  bytes.set(front)
  bytes.set(back, 16 - back.length)
  return bytes
}

function groups(text: string): number[] {
  if (text === '') return []
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number)
    const value = Number.parseInt(group, 16)
    return [value >> 8, value & 0xff]
  })
}
