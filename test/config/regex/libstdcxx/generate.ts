/**
 * Writes corpus.txt anew: what libstdc++ makes of the handwritten cases and of random ones. Needs the judge on the path:
 *
 *     g++ -O2 -o /tmp/judge judge.cc && node generate.ts /tmp/judge
 */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { type CorpusCase } from './corpus.ts'
import { handwrittenCases } from './handwritten-cases.ts'

let state = 20_240_607
/** A number below `bound`, the same in every run (mulberry32). */
function random(bound: number): number {
  state = (state + 0x6d2b79f5) | 0
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
  return ((mixed ^ (mixed >>> 14)) >>> 0) % bound
}

function pick(list: readonly string[]): string {
  return list[random(list.length)]!
}

const atoms =
  'a b c . \\d \\w \\s \\W [ab] [^a] [a-c] [[:digit:]] [[:alpha:]_-] [] [^] 1 @ - \\. \\x61 \\u0062 \\- \\cA [[.hyphen.]] [[=a=]] [\\d-] [-a]'.split(
    ' ',
  )
const quantifiers = '* + ? {2} {1,2} {0,2} {0} {1,} *? +? ?? ** {2}? ++ *{2}'.split(' ')
const fragments = 'a b c . * + ? ( ) { } [ ] | \\ ^ $ - , : = ! < 1 2 9 0 (? [[: [. :] \\x {1 {, \\c a-'.split(' ')

function pattern(depth: number): string {
  const inner = () => pattern(depth - 1)
  switch (random(depth > 0 ? 16 : 5)) {
    case 5:
    case 6:
      return inner() + inner()
    case 7:
      return `${inner()}|${inner()}`
    case 8:
      return `(${inner()})`
    case 9:
      return `(?:${inner()})`
    case 10:
      return `(?=${inner()})${inner()}`
    case 11:
      return `(?!${inner()})${inner()}`
    case 12:
      return pick(['^', '$', '\\b', '\\B', ''])
    case 13:
      return `${pick(['(', '(?:'])}${inner()})${pick(quantifiers)}`
    case 14:
      return pick(atoms) + pick(quantifiers)
    case 15:
      return `(${inner()})${inner()}\\${pick(['1', '1', '2', '3'])}`
    default:
      return pick(atoms)
  }
}

function damaged(text: string): string {
  const at = random(text.length + 1)
  return text.slice(0, at) + pick(fragments) + text.slice(at + random(2))
}

function subject(): string {
  const alphabet = random(2) === 0 ? 'aaaabb1-' : 'aaabbbc1@-_ A\n\xe9.'
  return Array.from({ length: random(7) }, () => alphabet[random(alphabet.length)]!).join('')
}

const randomCases: CorpusCase[] = []
while (randomCases.length < 2_500) {
  const made = pattern(5)
  const text = random(4) === 0 ? damaged(made) : made
  if (text === '' || text.length > 40) continue
  randomCases.push({
    pattern: text,
    captures: random(4) > 0,
    subjects: Array.from({ length: 6 }, subject),
    verdicts: '',
  })
}
const cases: CorpusCase[] = [
  ...handwrittenCases.flatMap(([text, ...subjects]) =>
    [true, false].map((captures) => ({ pattern: text, captures, subjects, verdicts: '' })),
  ),
  ...randomCases,
]
const hex = (text: string) => Buffer.from(text, 'latin1').toString('hex') || '-'
const input = cases.map((one) => [one.captures ? '+' : '-', ...[one.pattern, ...one.subjects].map(hex)].join('\t'))
const judge = spawnSync(process.argv[2] ?? 'judge', { input: `${input.join('\n')}\n`, timeout: 120_000 })
if (judge.status !== 0) throw new Error(`the judge ended with ${String(judge.status ?? judge.signal)}`)
const answers = judge.stdout.toString().split('\n')
const ascii = (json: string) =>
  json.replace(/[^ -~]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
const lines = cases.map(({ pattern: text, captures, subjects }, index) =>
  ascii(JSON.stringify([text, captures ? '+' : '-', answers[index], ...subjects])),
)
writeFileSync(new URL('corpus.txt', import.meta.url), `${lines.join('\n')}\n`)
