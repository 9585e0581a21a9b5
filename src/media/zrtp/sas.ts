import { type SasAlgorithm } from './algorithms.ts'
import { evenWords, oddWords } from './pgp-words.ts'

const alphabet = 'ybndrfg8ejkmcpqxot1uwisza345h769'

/**
 * The SAS as users compare it (RFC 6189 §5.1.6): in base 32, four characters of the first 20 bits, or in base 256, two words
 * of the first 16 with a colon between, as phones show them.
 * @param value sasvalue, 4 bytes, or sashash, which begins with it
 */
export function renderSas(algorithm: SasAlgorithm, value: Buffer): string {
  if (algorithm === 'B256') return `${evenWords[value[0]!]!}:${oddWords[value[1]!]!}`
  const bits = value.readUInt32BE(0)
  return [27, 22, 17, 12].map((shift) => alphabet[(bits >>> shift) & 31]).join('')
}
