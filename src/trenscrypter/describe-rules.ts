import { quote } from '../config/problem.ts'
import { ruleAt } from './decide.ts'
import { type EncryptionRule, type FallbackRule, type Rule, type SuiteRule, type TrenscrypterRules } from './rules.ts'

/** A rule as text: what it decides, and for whom. */
interface Described {
  readonly rule: Rule
  readonly decides: string
}

/** Lines about rules, for the log. */
export const describeRules = {
  /** One line a rule, in the order in which they are tried, and one that says what happens without any. */
  all(rules: TrenscrypterRules): string[] {
    const lines = lists(rules).flatMap(([name, list]) =>
      list.map(({ rule, decides }) => `${name} ${ruleAt(rule)}: ${decides} for ${quote(rule.pattern.source)}`),
    )
    return rules.encryption.length > 0
      ? lines
      : ['no rule: the outgoing call is encrypted as the incoming one', ...lines]
  },

  /** One line for each rule that was added, removed, changed, or moved past another one. */
  changes(before: TrenscrypterRules, after: TrenscrypterRules): string[] {
    const old = lists(before)
    return lists(after).flatMap(([name, list], index) => listChanges(name, old[index]![1], list))
  },
}

function lists({ encryption, suites, fallback }: TrenscrypterRules): [name: string, list: Described[]][] {
  return [
    ['rule', encryption.map((rule: EncryptionRule) => ({ rule, decides: rule.mode }))],
    ['suite rule', suites.map((rule: SuiteRule) => ({ rule, decides: rule.suites.join(';') }))],
    ['fallback', fallback.map((rule: FallbackRule) => ({ rule, decides: rule.modes.join(';') }))],
  ]
}

function listChanges(name: string, before: readonly Described[], after: readonly Described[]): string[] {
  const same = (a: Described, b: Described) => a.decides === b.decides && samePattern(a, b)
  const kept = match(before, after, same)
  const moved = outOfOrder(kept)
  const gone = without(before, kept.keys())
  const fresh = without(after, kept.values())
  const decidedAnew = match(gone, fresh, samePattern)
  const rewritten = match(
    without(gone, decidedAnew.keys()),
    without(fresh, decidedAnew.values()),
    (a, b) => a.decides === b.decides && a.rule.index === b.rule.index,
  )
  const [movedFrom, decidedBefore, writtenBefore] = [invert(moved), invert(decidedAnew), invert(rewritten)]
  const added = new Set(fresh)
  const source = ({ rule }: Described) => quote(rule.pattern.source)
  const whole = (one: Described) => `${one.decides} for ${source(one)}`
  const removed = without(without(gone, decidedAnew.keys()), rewritten.keys())
  return [
    ...removed.map((one) => `${name} removed, which was ${ruleAt(one.rule)}: ${whole(one)}`),
    ...after.flatMap((one) => {
      const rule = `${name} ${ruleAt(one.rule)}`
      const decided = decidedBefore.get(one)
      if (decided) return [`${rule} changed: ${decided.decides} → ${whole(one)}`]
      const written = writtenBefore.get(one)
      if (written) return [`${rule} changed: ${whole(written)} → ${source(one)}`]
      if (added.has(one)) return [`${rule} added: ${whole(one)}`]
      const from = movedFrom.get(one)
      return from ? [`${rule} moved from place ${from.rule.index}: ${whole(one)}`] : []
    }),
  ]
}

function without(list: readonly Described[], others: Iterable<Described>): Described[] {
  const left = new Set(others)
  return list.filter((one) => !left.has(one))
}

function invert(pairs: ReadonlyMap<Described, Described>): Map<Described, Described> {
  return new Map([...pairs].map(([one, other]) => [other, one]))
}

function samePattern(a: Described, b: Described): boolean {
  return a.rule.pattern.source === b.rule.pattern.source
}

/** Pairs each of `before` with the first of `after` that is like it and not taken yet. */
function match(
  before: readonly Described[],
  after: readonly Described[],
  alike: (a: Described, b: Described) => boolean,
): Map<Described, Described> {
  const pairs = new Map<Described, Described>()
  const free = [...after]
  for (const one of before) {
    const place = free.findIndex((other) => alike(one, other))
    if (place >= 0) pairs.set(one, free.splice(place, 1)[0]!)
  }
  return pairs
}

/** Those of the pairs that must move so that the others keep their order: all but a longest run in order. */
function outOfOrder(pairs: ReadonlyMap<Described, Described>): Map<Described, Described> {
  const list = [...pairs]
  const runs: { length: number; before: number }[] = []
  list.forEach(([, { rule }], place) => {
    let best = { length: 1, before: -1 }
    for (let earlier = 0; earlier < place; earlier++) {
      const longer = runs[earlier]!.length + 1
      if (list[earlier]![1].rule.index < rule.index && longer > best.length) best = { length: longer, before: earlier }
    }
    runs.push(best)
  })
  const moved = new Map(pairs)
  const longest = Math.max(...runs.map(({ length }) => length))
  for (let place = runs.findIndex(({ length }) => length === longest); place >= 0; place = runs[place]!.before) {
    moved.delete(list[place]![0])
  }
  return moved
}
