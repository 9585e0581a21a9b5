import { type CryptoSuite, type EncryptionMode } from '../base/encryption.ts'
import { type RulePattern } from '../config/regex/rule-pattern.ts'

/** Where something is written; line and column count from 1. */
export interface Position {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** One pair of `outgoing-enc-regex`. */
export interface EncryptionRule {
  /** Number of the pair in the list as written, from 0; skipped pairs keep their numbers. */
  readonly index: number
  /** Where the mode is written. */
  readonly at: Position
  readonly pattern: RulePattern
  readonly mode: EncryptionMode
}

/** One pair of `outgoing-srtp-regex`. */
export interface SuiteRule {
  /** Number of the pair in the list as written, from 0; skipped pairs keep their numbers. */
  readonly index: number
  /** Where the suites are written. */
  readonly at: Position
  readonly pattern: RulePattern
  /** At least one, in the order in which leg B proposes them. */
  readonly suites: readonly CryptoSuite[]
}

/** Both lists of `[b2bua-server::trenscrypter]`, in file order. */
export interface TrenscrypterRules {
  readonly encryption: readonly EncryptionRule[]
  readonly suites: readonly SuiteRule[]
}
