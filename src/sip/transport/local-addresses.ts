import { createSocket } from 'node:dgram'
import { BlockList, isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { TransportError } from './transport-error.ts'

/** How long, in ms, the list of interfaces is believed. */
const interfacesLifetime = 10_000
/** Addresses for documentation (RFC 5737, RFC 3849): what faces them faces the rest of the world. Nothing is sent there. */
const elsewhere = { 4: '192.0.2.1', 6: '2001:db8::1' } as const

interface OnLink {
  readonly address: string
  readonly internal: boolean
  readonly net: BlockList
}

/**
 * Says which of this machine's addresses faces a peer, for sockets that listen on `0.0.0.0` or `::` and so do not know
 * themselves. Peers on a network of ours see the address in that network; the others the one of the default route.
 * Where routes are finer than that, the operator writes the address to listen on.
 */
export class LocalAddresses {
  #networks: { 4: OnLink[]; 6: OnLink[] } = { 4: [], 6: [] }
  #readAt = -Infinity
  readonly #defaults = new Map<4 | 6, string>()

  /** Finds the default route's address of a family; until then one of an interface stands in. */
  async learnDefault(family: 4 | 6): Promise<void> {
    // without a default route there is nothing to learn, and the stand-in remains
    const address = await sourceAddress(elsewhere[family]).catch((error: unknown) => {
      if (error instanceof TransportError) return undefined
      throw error
    })
    if (address !== undefined) this.#defaults.set(family, address)
  }

  /**
   * The address that faces `remote`.
   * @param remote IP literal; one of its family is returned
   */
  towards(remote: string): string {
    const family = isIP(remote) === 6 ? 6 : 4
    const networks = this.#read()[family]
    const bare = withoutZone(remote)
    const onLink = networks.find((one) => one.net.check(bare, family === 6 ? 'ipv6' : 'ipv4'))
    if (onLink !== undefined) return onLink.address
    const chosen = this.#defaults.get(family) ?? networks.find((one) => !one.internal)?.address
    return chosen ?? (family === 6 ? '::1' : '127.0.0.1')
  }

  #read(): { 4: OnLink[]; 6: OnLink[] } {
    const now = performance.now()
    if (now - this.#readAt < interfacesLifetime) return this.#networks
    this.#readAt = now
    this.#networks = { 4: [], 6: [] }
    for (const one of Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])) {
      if (one.cidr === null) continue
      const net = new BlockList()
      net.addSubnet(
        one.address,
        Number(one.cidr.slice(one.cidr.indexOf('/') + 1)),
        one.family === 'IPv6' ? 'ipv6' : 'ipv4',
      )
      this.#networks[one.family === 'IPv6' ? 6 : 4].push({ address: one.address, internal: one.internal, net })
    }
    return this.#networks
  }
}

/**
 * The address from which the kernel would send to `remote`: a UDP socket is connected there, which sends nothing.
 * @throws TransportError `TRANSPORT_UNREACHABLE` when there is no route
 */
export async function sourceAddress(remote: string): Promise<string> {
  const socket = createSocket(isIP(remote) === 6 ? 'udp6' : 'udp4')
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.connect(9, remote, resolve)
    })
    return socket.address().address
  } catch (cause) {
    throw new TransportError('TRANSPORT_UNREACHABLE', `there is no route to ${remote}`, { cause })
  } finally {
    socket.close()
  }
}

/** `127.0.0.0/8` or `::1`. */
export function isLoopback(host: string): boolean {
  return host.startsWith('127.') || host === '::1'
}

/** `0.0.0.0` or `::`. */
export function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}

/** `fe80::1` of `fe80::1%eth0`: the zone means something on this machine only (RFC 4007 §11). */
export function withoutZone(host: string): string {
  const percent = host.indexOf('%')
  return percent < 0 ? host : host.slice(0, percent)
}
