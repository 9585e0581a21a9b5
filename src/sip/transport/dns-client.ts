import { lookup, Resolver as NodeResolver } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'
import { systemCode } from './transport-error.ts'

/** An SRV record (RFC 2782). */
export interface SrvRecord {
  readonly priority: number
  readonly weight: number
  readonly port: number
  /** Host name; empty where the record says that the service does not exist. */
  readonly name: string
}

/** A NAPTR record (RFC 3403). */
export interface NaptrRecord {
  readonly order: number
  readonly preference: number
  readonly flags: string
  readonly service: string
  readonly replacement: string
}

/** What a question yielded; an empty list where the name or the record does not exist. */
export interface DnsAnswer<Record> {
  readonly records: readonly Record[]
  /** Seconds for which the answer holds; absent where the source does not say. */
  readonly ttl?: number
}

/** The questions that RFC 3263 needs answered. A question that gets no answer rejects; "there is none" does not. */
export interface DnsClient {
  /** Addresses that the machine's own table (`/etc/hosts`) gives a name. */
  hosts(name: string): Promise<DnsAnswer<string>>
  naptr(name: string): Promise<DnsAnswer<NaptrRecord>>
  srv(name: string): Promise<DnsAnswer<SrvRecord>>
  a(name: string): Promise<DnsAnswer<string>>
  aaaa(name: string): Promise<DnsAnswer<string>>
  /** Whatever else the machine knows names by: search domains, mDNS, NSS. */
  lookup(name: string): Promise<DnsAnswer<string>>
}

/** What "no such name" and "no such record" are called by c-ares and getaddrinfo. */
const nothingThere = new Set(['ENOTFOUND', 'ENODATA', 'EAI_NONAME', 'EAI_NODATA'])

/**
 * The DNS servers and the host table of this machine.
 * @param options.servers addresses (`ip` or `ip:port`) to ask instead of those of /etc/resolv.conf
 * @param options.hostsFile the host table
 */
export function systemDns(options: { servers?: readonly string[]; hostsFile?: string } = {}): DnsClient {
  // 1 s and one repetition: a call that waits longer for a name has failed for its caller anyway
  const resolver = new NodeResolver({ timeout: 1000, tries: 2 })
  if (options.servers !== undefined) resolver.setServers(options.servers)
  const hostsFile = options.hostsFile ?? '/etc/hosts'
  return {
    hosts: async (name) => ({ records: hostTableAddresses(await hostTable(hostsFile), name) }),
    naptr: (name) => orNothing(async () => ({ records: await resolver.resolveNaptr(name) })),
    srv: (name) => orNothing(async () => ({ records: await resolver.resolveSrv(name) })),
    a: (name) => orNothing(async () => addresses(await resolver.resolve4(name, { ttl: true }))),
    aaaa: (name) => orNothing(async () => addresses(await resolver.resolve6(name, { ttl: true }))),
    lookup: (name) =>
      orNothing(async () => ({ records: (await lookup(name, { all: true })).map(({ address }) => address) })),
  }
}

/** The addresses of a name in the text of a host table: `address name alias … # comment` a line. */
export function hostTableAddresses(table: string, name: string): string[] {
  const wanted = name.toLowerCase()
  const found: string[] = []
  for (const line of table.split('\n')) {
    const [address, ...names] = line.split('#', 1)[0]!.trim().split(/\s+/)
    if (address && names.some((one) => one.toLowerCase() === wanted)) found.push(address)
  }
  return found
}

async function hostTable(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    // a container may have no host table
    if (systemCode(error) === 'ENOENT') return ''
    throw error
  }
}

async function orNothing<Record>(ask: () => Promise<DnsAnswer<Record>>): Promise<DnsAnswer<Record>> {
  try {
    return await ask()
  } catch (error) {
    if (nothingThere.has(systemCode(error))) return { records: [] }
    throw error
  }
}

function addresses(records: readonly { address: string; ttl: number }[]): DnsAnswer<string> {
  return {
    records: records.map(({ address }) => address),
    ttl: records.reduce((least, { ttl }) => Math.min(least, ttl), Infinity),
  }
}
