/**
 * What a decision costs: four ordinary rules against URIs of phones, as a ratio to V8's own regular expressions in the
 * same run, and against hostile URIs of 4 KiB.
 *
 *     node test/bench/rules.bench.ts
 */
import { compileRule } from '../../src/config/regex/rule-pattern.ts'
import { decide } from '../../src/trenscrypter/decide.ts'
import { rulesFrom } from '../support/trenscrypter-rules.ts'

const regexes = [
  String.raw`.*@sip\.secure-example\.org(;.*)?`,
  String.raw`sip:\+33[0-9]{9}@.*`,
  String.raw`.*b2bua_srtp.*@sip\.example\.org`,
  'sip:(alice|bob|carol)@.*',
]
const uris = [
  'sip:alice@sip.example.org;gr=urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6',
  'sip:+33612345678@gw.example.com',
  'sip:x_b2bua_srtp_y@sip.example.org',
  'sip:dave@elsewhere.example.net;transport=tcp',
]
const rounds = 200_000
const { rules } = rulesFrom(regexes.map((regex) => `sdes ${regex}`).join(' '))
const v8 = regexes.map((regex) => new RegExp(`^(?:${regex})$`))
let sink = 0

/** Microseconds a call, the least of five runs. */
function measure(run: (uri: string) => void): number {
  const run1 = () => {
    const start = performance.now()
    for (let round = 0; round < rounds; round++) run(uris[round % uris.length]!)
    return ((performance.now() - start) / rounds) * 1000
  }
  return Math.min(...Array.from({ length: 5 }, run1))
}

const own = measure((uri) => (sink += decide(rules, uri, 'none').rule?.index ?? 0))
const theirs = measure((uri) => (sink += v8.findIndex((regex) => regex.test(uri))))
console.log(
  `decide(), four rules: ${own.toFixed(2)} us, V8's regexes alone: ${theirs.toFixed(2)} us, ratio ${(own / theirs).toFixed(1)}`,
)

for (const regex of [
  '(a+)+b',
  '(.*)*x',
  '.*a.{30}b.*',
  '.*a.{100}b.*',
  '(a?){900}a{900}',
  String.raw`(.*)(.*)(.*)\1\2\3x`,
]) {
  const pattern = compileRule(regex)
  let worst = 0
  let verdict = ''
  for (let round = 0; round < 20; round++) {
    const uri = Array.from({ length: 4096 }, (_, i) => ((i * i + round * i) % 11 < 6 ? 'a' : 'b')).join('')
    const start = performance.now()
    verdict = pattern.verdict(uri)
    worst = Math.max(worst, performance.now() - start)
  }
  console.log(`${regex} on 4 KiB: at most ${worst.toFixed(2)} ms (${verdict})`)
}
if (Number.isNaN(sink)) throw new Error('unreachable: keeps the measured work alive')
