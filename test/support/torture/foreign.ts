import { isIP } from 'node:net'

/** Addresses to which nothing can be sent, or not beyond this link. */
const harmless = new Set(['0.0.0.0', '255.255.255.255', '224.0.0.1', '224.2.1.1', '::', '::1', '::ffff:127.0.0.1'])

/** Whether an IP literal may be that of somebody else's machine. */
export function isForeign(address: string): boolean {
  return isIP(address) !== 0 && !address.startsWith('127.') && !harmless.has(address)
}
