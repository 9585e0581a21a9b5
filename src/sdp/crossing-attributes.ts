import { attributeName, type Attribute } from './attributes.ts'

/**
 * Attributes that belong to one leg: keys, addresses, and what was negotiated about them. Everything else crosses,
 * known or not. Names that begin with `ice-` belong to them too.
 */
const ofOneLeg: ReadonlySet<string> = new Set([
  // Keys and identities: RFC 4568, RFC 8122, RFC 8842, RFC 4145, RFC 6189, RFC 4567, RFC 8827, and snom's old switch
  ...['crypto', 'fingerprint', 'tls-id', 'dtls-id', 'setup', 'connection', 'zrtp-hash', 'key-mgmt', 'identity'],
  ...['encryption', '3ge2ae'],
  // Addresses: RFC 8839, RFC 8840, RFC 3605, RFC 4570, RFC 6947
  ...['candidate', 'remote-candidates', 'end-of-candidates', 'rtcp', 'source-filter', 'altc'],
  // Sharing of ports: RFC 5761, RFC 8858, RFC 9143
  ...['rtcp-mux', 'rtcp-mux-only', 'bundle-only'],
  // Capabilities, which repeat any of the above: RFC 5939, RFC 6871, RFC 7006, RFC 3407
  ...['acap', 'tcap', 'pcfg', 'acfg', 'csup', 'creq', 'rmcap', 'omcap', 'mfcap', 'mscap', 'lcfg', 'sescap', 'bcap'],
  ...['ccap', 'icap', 'sqn', 'cdsc', 'cpar', 'cparmin', 'cparmax'],
])

/** Says whether an attribute of one leg's description has a place in the other's. */
export function crosses(attribute: Attribute): boolean {
  const name = attributeName(attribute)
  if (name === 'group') return !/^\s*BUNDLE\b/i.test(attribute.slice(attribute.indexOf(':') + 1))
  return !ofOneLeg.has(name) && !name.startsWith('ice-')
}
