import { type CryptoSuite, defaultCryptoSuites, type EncryptionMode } from '../base/encryption.ts'
import { type EncryptionRule, type FallbackRule, type Rule, type SuiteRule, type TrenscrypterRules } from './rules.ts'

/** What the rules say about one call. */
export interface Decision {
  /** Leg A's To URI, against which both lists were matched. */
  readonly uri: string
  /** Encryption of leg B. */
  readonly mode: EncryptionMode
  /** The rule that decided the mode; absent when none matched and leg B follows leg A. */
  readonly rule?: EncryptionRule
  /** The modes that leg B is tried with when the recipient refuses the one before, in order; usually empty. */
  readonly fallback: readonly EncryptionMode[]
  /** The rule that decided the fallback. */
  readonly fallbackRule?: FallbackRule
  /** The suites that leg B proposes, in order; present when `sdes` is the mode or among the fallback. */
  readonly suites?: readonly CryptoSuite[]
  /** The rule that decided the suites; absent when the default list applies. */
  readonly suiteRule?: SuiteRule
  /** Rules whose patterns were stopped at their limit of work and so counted as not matching; usually empty. */
  readonly exhausted: readonly Rule[]
}

const none: readonly never[] = Object.freeze([])

/**
 * Decides leg B's encryption and suites (reference: trenscrypter, "Selection algorithm"): the first rule whose pattern
 * matches the whole URI wins, leg A's mode stays when none does, and suites matter for `sdes` only.
 * @param uri leg A's To in URI-only form, one char per byte
 * @param legAMode encryption of leg A, chosen from its offer
 */
export function decide(rules: TrenscrypterRules, uri: string, legAMode: EncryptionMode): Decision {
  let exhausted: Rule[] | undefined
  const first = <R extends Rule>(list: readonly R[]): R | undefined => {
    for (const rule of list) {
      const verdict = rule.pattern.verdict(uri)
      if (verdict === 'match') return rule
      if (verdict === 'exhausted') (exhausted ??= []).push(rule)
    }
    return undefined
  }
  const rule = first(rules.encryption)
  const mode = rule?.mode ?? legAMode
  const fallbackRule = first(rules.fallback)
  const fallback: readonly EncryptionMode[] =
    fallbackRule === undefined ? none : fallbackRule.modes.filter((other) => other !== mode)
  const sdes = mode === 'sdes' || fallback.includes('sdes')
  const suiteRule = sdes ? first(rules.suites) : undefined
  return {
    uri,
    mode,
    ...(rule && { rule }),
    fallback,
    ...(fallbackRule && { fallbackRule }),
    ...(sdes && { suites: suiteRule?.suites ?? defaultCryptoSuites }),
    ...(suiteRule && { suiteRule }),
    exhausted: exhausted ?? none,
  }
}

/** Says in one line, for the log, which rule decided what and where it is written. */
export function describeDecision({
  mode,
  rule,
  fallback,
  fallbackRule,
  suites,
  suiteRule,
  exhausted,
}: Decision): string {
  const modePart = `${mode} (${rule ? `rule ${ruleAt(rule)}` : 'as leg A: no rule matches'})`
  const suitesPart = suites
    ? `, ${suites.join(';')} (${suiteRule ? `suite rule ${ruleAt(suiteRule)}` : 'the default suites'})`
    : ''
  const fallbackPart = fallbackRule ? `, else ${fallback.join(', ')} (fallback ${ruleAt(fallbackRule)})` : ''
  const stopped = exhausted.map((one) => `; ${ruleAt(one)} took too long and did not count`).join('')
  return `${modePart}${fallbackPart}${suitesPart}${stopped}`
}

/** Names a rule by its number and place: `2 at /etc/flexisip/flexisip.conf:31:20`. */
export function ruleAt({ index, at }: Rule): string {
  return `${index} at ${at.file}:${at.line}:${at.column}`
}
