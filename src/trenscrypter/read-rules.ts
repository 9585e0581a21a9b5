import {
  type CryptoSuite,
  cryptoSuites,
  type EncryptionMode,
  encryptionModes,
  isCryptoSuite,
  isEncryptionMode,
} from '../base/encryption.ts'
import { type Token } from '../config/config-snapshot.ts'
import { nearest } from '../config/nearest.ts'
import { type Fault, type Position, type Problem, quote } from '../config/problem.ts'
import { compileRule, PatternError, type RulePattern } from '../config/regex/rule-pattern.ts'
import { type EncryptionRule, type FallbackRule, type Rule, type SuiteRule } from './rules.ts'

/** The usable rules of one list, and what is wrong with the others. */
export interface RuleList<R extends Rule> {
  readonly rules: R[]
  readonly problems: Problem[]
}

/** Reads the words of `outgoing-enc-regex`: mode, regex, mode, regex, … */
export function readEncryptionRules(words: readonly Token[]): RuleList<EncryptionRule> {
  const problems: Problem[] = []
  const rules = readPairs(words, problems, (mode, regex) => {
    if (isEncryptionMode(mode.text)) return { mode: mode.text }
    problems.push(problem('RULE_MODE', mode, unknownMode(mode.text, regex.text)))
    return undefined
  })
  return { rules, problems }
}

/** Reads the words of `outgoing-srtp-regex`: suites, regex, suites, regex, …, where suites are separated by semicolons. */
export function readSuiteRules(words: readonly Token[]): RuleList<SuiteRule> {
  const problems: Problem[] = []
  const rules = readPairs(words, problems, (list) => {
    const suites = readSuites(list, problems)
    return suites.length > 0 ? { suites: Object.freeze(suites) } : undefined
  })
  return { rules, problems }
}

/** Reads the words of `fallback`: modes, regex, modes, regex, …, where modes are separated by semicolons. */
export function readFallbackRules(words: readonly Token[]): RuleList<FallbackRule> {
  const problems: Problem[] = []
  const rules = readPairs(words, problems, (list, regex) => {
    const modes: EncryptionMode[] = []
    for (const word of wordsOf(list)) {
      if (isEncryptionMode(word.text)) modes.push(word.text)
      else problems.push(problem('RULE_MODE', word, unknownMode(word.text, regex.text)))
    }
    return modes.length > 0 ? { modes: Object.freeze(modes) } : undefined
  })
  return { rules, problems }
}

/** What others call the modes. */
const otherNames: Readonly<Record<string, EncryptionMode>> = { srtp: 'sdes', dtls: 'dtls-srtp', rtp: 'none' }

/**
 * Says what is wrong with a text that is no encryption mode, and what was probably meant.
 * @param partner what stands where its regex should
 */
export function unknownMode(text: string, partner?: string): Fault {
  const what = `${quote(text)} is not an encryption mode`
  if (partner !== undefined && isEncryptionMode(partner)) {
    return { what, instead: `write the mode before its regex: ${partner} ${text}` }
  }
  const meant = otherNames[text.toLowerCase()] ?? nearest(text.toLowerCase(), encryptionModes)
  return { what, instead: meant ? `write '${meant}'` : `write one of ${encryptionModes.map(quote).join(', ')}` }
}

/** Reads pairs while at least two words remain; `decide` reads the first word of each, and reports it when it is wrong. */
function readPairs<D extends object>(
  words: readonly Token[],
  problems: Problem[],
  decide: (first: Token, regex: Token) => D | undefined,
): (Rule & D)[] {
  const rules: (Rule & D)[] = []
  for (let index = 0; 2 * index + 1 < words.length; index++) {
    const [first, regex] = [words[2 * index]!, words[2 * index + 1]!]
    const decided = decide(first, regex)
    const pattern = readPattern(regex, problems)
    const at = Object.freeze({ file: first.file, line: first.line, column: first.column })
    if (decided && pattern) rules.push(Object.freeze({ index, at, pattern, ...decided }))
  }
  return rules
}

function readPattern(regex: Token, problems: Problem[]): RulePattern | undefined {
  try {
    return compileRule(regex.text)
  } catch (error) {
    if (!(error instanceof PatternError)) throw error
    const at = { ...regex, column: regex.column + error.column - 1 }
    const fault = { what: `${quote(regex.text)} is not a valid regex: ${error.what}`, instead: error.instead }
    problems.push(problem('RULE_REGEX', at, fault))
    return undefined
  }
}

/** Names the suites that exist, and reports the others. */
function readSuites(list: Token, problems: Problem[]): CryptoSuite[] {
  const suites: CryptoSuite[] = []
  for (const word of wordsOf(list)) {
    if (isCryptoSuite(word.text)) suites.push(word.text)
    else problems.push(problem('RULE_SUITE', word, unknownSuite(word.text)))
  }
  return suites
}

/** The words between semicolons, each with its place. */
function wordsOf(list: Token): Token[] {
  let column = list.column
  return list.text.split(';').map((text) => {
    const word = { ...list, text, column }
    column += text.length + 1
    return word
  })
}

function unknownSuite(name: string): Fault {
  const names = Object.keys(cryptoSuites)
  if (name === '') return { what: 'a crypto suite is missing', instead: 'write one semicolon between two suites' }
  const meant = nearest(name.toUpperCase(), names)
  return {
    what: `${quote(name)} is not a crypto suite`,
    instead: meant === undefined ? `write one of ${names.join(', ')}` : `write ${meant}`,
  }
}

function problem(code: string, { file, line, column }: Position, fault: Fault): Problem {
  return { file, line, column, severity: 'error', code, ...fault }
}
