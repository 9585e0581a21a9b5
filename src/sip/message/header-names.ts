/** Compact forms of header names (RFC 3261 §20 and the IANA registry), each with the full name that it stands for. */
const compactForms: Readonly<Record<string, string>> = {
  a: 'Accept-Contact',
  b: 'Referred-By',
  c: 'Content-Type',
  d: 'Request-Disposition',
  e: 'Content-Encoding',
  f: 'From',
  i: 'Call-ID',
  j: 'Reject-Contact',
  k: 'Supported',
  l: 'Content-Length',
  m: 'Contact',
  n: 'Identity-Info',
  o: 'Event',
  r: 'Refer-To',
  s: 'Subject',
  t: 'To',
  u: 'Allow-Events',
  v: 'Via',
  x: 'Session-Expires',
  y: 'Identity',
}

/** Names that ordinary traffic carries: their keys are looked up instead of made anew for every message. */
const commonNames = [
  ...Object.values(compactForms),
  ...[
    'Accept',
    'Alert-Info',
    'Allow',
    'Authorization',
    'Content-Disposition',
    'CSeq',
    'Date',
    'Expires',
    'History-Info',
  ],
  ...['Max-Forwards', 'Min-Expires', 'Min-SE', 'P-Asserted-Identity', 'P-Early-Media', 'P-Preferred-Identity', 'Path'],
  ...['Privacy', 'Proxy-Authenticate', 'Proxy-Authorization', 'Proxy-Require', 'RAck', 'Reason', 'Record-Route'],
  ...['Replaces', 'Require', 'Retry-After', 'Route', 'RSeq', 'Server', 'Service-Route', 'Subscription-State'],
  ...['Timestamp', 'Unsupported', 'User-Agent', 'Warning', 'WWW-Authenticate', 'Call-Info', 'Diversion'],
]

const keys = new Map<string, string>()
for (const name of commonNames) {
  const key = name.toLowerCase()
  for (const spelling of [name, key, name.toUpperCase()]) keys.set(spelling, key)
}
for (const [letter, name] of Object.entries(compactForms)) {
  for (const spelling of [letter, letter.toUpperCase()]) keys.set(spelling, name.toLowerCase())
}

/**
 * The key under which a header name is found: lower case, a compact form replaced by the full name.
 * @param name - a header name in any spelling, e.g. `v`, `VIA`, `Via`: all of them give `via`
 */
export function headerKey(name: string): string {
  const known = keys.get(name)
  if (known !== undefined) return known
  const key = name.toLowerCase()
  return keys.get(key) ?? key
}
