/**
 * A 32-bit hash of a text: FNV-1a, whose low bits are then spread over all. It has no secret: several proxies before the
 * same servers choose alike.
 */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return spread(hash)
}

/**
 * The weight of a server for a call: every call ranks the servers in an order of its own, in which the others keep their
 * places when one comes or goes (rendezvous hashing, highest random weight).
 * @param call - hash of what identifies the call
 * @param server - hash of what identifies the server
 * @returns 0 to 2³² - 1
 */
export function weightOf(call: number, server: number): number {
  return spread(call ^ server)
}

/** The finaliser of MurmurHash3: every bit of the result depends on every bit of the argument. */
function spread(hash: number): number {
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
