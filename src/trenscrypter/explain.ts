import { type EncryptionMode, isEncryptionMode } from '../base/encryption.ts'
import { decide, describeDecision } from './decide.ts'
import { unknownMode } from './read-rules.ts'
import { type TrenscrypterRules } from './rules.ts'

/** How `explain` answers. */
export interface ExplainOptions {
  /** Leg A's encryption where a line names none. */
  readonly fromMode: EncryptionMode
  /** One JSON object a line instead of a sentence. */
  readonly json: boolean
}

/**
 * Answers every line of `lines`, one line each: what would happen to a call.
 * @param lines `uri` or `uri<TAB>from-mode`, decoded as UTF-8, without line ends
 */
export async function* explain(
  rules: TrenscrypterRules,
  lines: Iterable<string> | AsyncIterable<string>,
  options: ExplainOptions,
): AsyncGenerator<string> {
  for await (const line of lines) yield explainLine(rules, line, options)
}

/**
 * Answers one line: a sentence, or `{"uri","mode","rule","fallback","suites","srtpRule","at"}`, where `rule` and
 * `srtpRule` are numbers from 0 or null, `suites` is null unless `sdes` is the mode or among the fallback, and `at` says where the rule that decided the mode
 * is written. A line that cannot be answered gives `error: …` or `{"uri","error"}`.
 * @param line `uri` or `uri<TAB>from-mode`
 */
export function explainLine(rules: TrenscrypterRules, line: string, { fromMode, json }: ExplainOptions): string {
  const [uri = '', mode = fromMode] = line.replace(/\r$/, '').split('\t')
  const fault = uriFault(uri) ?? (isEncryptionMode(mode) ? undefined : unknownMode(mode))
  if (fault || !isEncryptionMode(mode)) {
    const error = fault ? `${fault.what}; ${fault.instead}` : ''
    return json ? JSON.stringify({ uri, error }) : `error: ${error}`
  }
  // On the wire each byte is a char
  const decision = decide(rules, Buffer.from(uri, 'utf8').toString('latin1'), mode)
  if (!json) return `${uri}: ${describeDecision(decision)}`
  const { rule, fallback, suites, suiteRule } = decision
  return JSON.stringify({
    uri,
    mode: decision.mode,
    rule: rule?.index ?? null,
    fallback,
    suites: suites ?? null,
    srtpRule: suiteRule?.index ?? null,
    at: rule ? `${rule.at.file}:${rule.at.line}:${rule.at.column}` : null,
  })
}

function uriFault(uri: string): { what: string; instead: string } | undefined {
  if (uri === '') return { what: 'there is no URI', instead: 'write e.g. sip:bob@sip.example.org' }
  if (/[<>\s"]/.test(uri)) {
    return { what: `'${uri}' is more than a URI`, instead: 'write it without display name, < >, quotes and spaces' }
  }
  if (/^[A-Za-z][A-Za-z0-9+.-]*:./.test(uri)) return undefined
  return { what: `'${uri}' is no URI`, instead: `write its scheme, e.g. sip:${uri}` }
}
