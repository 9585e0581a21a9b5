/** An IPv4 address, or what an IPv6 address has in common with all of its site: its first 64 bits, or fewer. */
export function networkOf(host: string): string {
  return host.includes(':') ? host.split('::', 1)[0]!.split(':', 4).join(':') : host
}
