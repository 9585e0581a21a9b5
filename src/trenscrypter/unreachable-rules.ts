import { type Problem, quote } from '../config/problem.ts'
import { covers, exampleOf } from '../config/regex/coverage.ts'
import { type Rule } from './rules.ts'

/** How many pairs of rules are compared at most: reading a configuration must not take long, whatever it holds. */
const mostComparisons = 200

/** Warns of rules that no call can reach, because they match nothing or an earlier rule matches all that they match. */
export function unreachableRules(rules: readonly Rule[]): Problem[] {
  const problems: Problem[] = []
  let comparisons = 0
  const warn = (rule: Rule, what: string, instead: string) =>
    problems.push({ ...rule.at, severity: 'warning', code: 'RULE_UNREACHABLE', what, instead })
  rules.forEach((rule, place) => {
    const example = exampleOf(rule.pattern)
    if (example === 'none') {
      warn(rule, `no call reaches this rule: ${quote(rule.pattern.source)} matches nothing`, 'write another regex')
      return
    }
    const earlier = rules.slice(0, place).find(({ pattern }) => {
      // An example that only one of them matches answers most questions at once
      if (example && !pattern.matches(example.text)) return false
      return ++comparisons <= mostComparisons && covers(pattern, rule.pattern)
    })
    if (!earlier) return
    const where = `line ${earlier.at.line}, column ${earlier.at.column}`
    const what = `no call reaches this rule: ${quote(earlier.pattern.source)} at ${where} matches all that it matches`
    warn(rule, what, 'write it before that rule, or remove it')
  })
  return problems
}
