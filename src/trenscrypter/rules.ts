import { type CryptoSuite, type EncryptionMode } from '../base/encryption.ts'
import { type ConfigSnapshot } from '../config/config-snapshot.ts'
import { type Position, type Problem } from '../config/problem.ts'
import { type RulePattern } from '../config/regex/rule-pattern.ts'
import { readEncryptionRules, readFallbackRules, readSuiteRules } from './read-rules.ts'
import { unreachableRules } from './unreachable-rules.ts'

/** One pair of a list, whatever it decides. */
export interface Rule {
  /** Number of the pair in the list as written, from 0; skipped pairs keep their numbers. */
  readonly index: number
  /** Where the first word of the pair is written. */
  readonly at: Position
  readonly pattern: RulePattern
}

/** One pair of `outgoing-enc-regex`. */
export interface EncryptionRule extends Rule {
  readonly mode: EncryptionMode
}

/** One pair of `outgoing-srtp-regex`. */
export interface SuiteRule extends Rule {
  /** At least one, in the order in which leg B proposes them. */
  readonly suites: readonly CryptoSuite[]
}

/** One pair of `fallback` of the companion file. */
export interface FallbackRule extends Rule {
  /** At least one, in the order in which leg B is tried again. */
  readonly modes: readonly EncryptionMode[]
}

/** The lists of `[b2bua-server::trenscrypter]`, and that of the companion file, in file order. */
export interface TrenscrypterRules {
  readonly encryption: readonly EncryptionRule[]
  readonly suites: readonly SuiteRule[]
  readonly fallback: readonly FallbackRule[]
}

/**
 * Reads the lists of a snapshot (reference: trenscrypter). A pair with an unknown mode, an invalid regex or no usable
 * suite is left out and reported as an error, upon which a start may go on and a reload must not; what is merely useless
 * is a warning. A last word without a partner is no pair.
 */
export function readRules(snapshot: ConfigSnapshot): { rules: TrenscrypterRules; problems: Problem[] } {
  const encryption = readEncryptionRules(snapshot.tokens('b2bua-server::trenscrypter', 'outgoing-enc-regex'))
  const suites = readSuiteRules(snapshot.tokens('b2bua-server::trenscrypter', 'outgoing-srtp-regex'))
  const fallback = readFallbackRules(snapshot.tokens('b2bua', 'fallback'))
  return {
    rules: Object.freeze({
      encryption: Object.freeze(encryption.rules),
      suites: Object.freeze(suites.rules),
      fallback: Object.freeze(fallback.rules),
    }),
    problems: [
      ...encryption.problems,
      ...unreachableRules(encryption.rules),
      ...suites.problems,
      ...unreachableRules(suites.rules),
      ...fallback.problems,
      ...unreachableRules(fallback.rules),
    ],
  }
}
