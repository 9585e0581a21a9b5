import { type SrvRecord } from './dns-client.ts'

/**
 * Puts SRV records into the order in which to try them (RFC 2782): the lowest priority first, and among equals a random
 * choice in proportion to the weights, without the chosen one again, until none is left.
 * @param random a number in [0, 1)
 */
export function orderSrv(records: readonly SrvRecord[], random: () => number): SrvRecord[] {
  // weight 0 in front, as the RFC says: it has its small chance when the draw is 0
  const rest = [...records].sort((a, b) => a.priority - b.priority || a.weight - b.weight)
  const ordered: SrvRecord[] = []
  while (rest.length > 0) {
    const end = rest.findIndex((one) => one.priority !== rest[0]!.priority)
    const group = end < 0 ? rest.length : end
    let total = 0
    for (let i = 0; i < group; i++) total += rest[i]!.weight
    let draw = Math.floor(random() * (total + 1))
    let chosen = 0
    while (chosen < group - 1 && draw > rest[chosen]!.weight) draw -= rest[chosen++]!.weight
    ordered.push(...rest.splice(chosen, 1))
  }
  return ordered
}
