import { type Holdings } from '../interop/server/b2bua-server.ts'
import { type ThreadTimes } from '../interop/server/cpu-seconds.ts'
import { type Heaps } from '../interop/server/inspector.ts'
import { type FloodResult } from './flood.ts'
import { describe } from './load.ts'
import { type Percentiles, type PhaseReport } from './media-messages.ts'
import { type SoakCalls } from './soak-calls.ts'
import { type SoakPhone } from './soak-phone.ts'

/** What the server held at a moment of the run. */
export interface Sample {
  readonly seconds: number
  readonly residentBytes: number
  readonly heaps: Heaps | undefined
  readonly threads: ReadonlyMap<string, ThreadTimes>
  readonly counts: Readonly<Record<string, number>>
  readonly flooded: boolean
}

/** What there is to tell. */
export interface SoakFigures {
  readonly minutes: number
  readonly transport: string
  readonly atOnce: number
  readonly loss: number
  readonly seed: number
  readonly floodRate: number
  readonly floodSeconds: number
  /** How long it took, with the ends of the last calls. */
  readonly seconds: number
  /** CPU seconds of the server, and of the process of the phones' media. */
  readonly used: number
  readonly mediaUsed: number
  /** CPU seconds that went into neither those nor the phones' SIP: the flood, and whoever else was on the machine. */
  readonly othersUsed: number
  readonly calls: SoakCalls
  readonly flooded: FloodResult | undefined
  readonly phases: readonly PhaseReport[]
  readonly samples: readonly Sample[]
  readonly base: Holdings
  readonly later: Holdings
  readonly phones: readonly SoakPhone[]
  /** All that the server wrote. */
  readonly output: string
}

/** Rows of samples that are shown. */
const rows = 30

/** The report of a run, in Markdown. */
export function soakReport(figures: SoakFigures): string {
  const { minutes, transport, atOnce, loss, seed, seconds, used, mediaUsed, othersUsed, calls, flooded, phones } =
    figures
  const tallies = [...calls.tallies.values()]
  const sum = (of: 'placed' | 'asPlanned' | 'turnedAway'): number => tallies.reduce((all, one) => all + one[of], 0)
  const lost = phones.reduce((all, { transport: { lost } }) => all + lost, 0)
  return [
    `${atOnce} calls at a time over ${transport.toUpperCase()} for ${minutes} minutes (${seconds.toFixed(0)} s to the last BYE), seed ${seed}.`,
    '',
    table(
      ['', ''],
      [
        ['calls placed, as planned', `${sum('placed')}, ${sum('asPlanned')}`],
        ['not as planned', String(calls.failures.length)],
        ['turned away by the server while flooded, otherwise', `${sum('turnedAway')}, ${calls.turnedAwayInPeace}`],
        ['messages of SIP lost on purpose', String(lost)],
        [
          `media packets sent (${100 * loss} % more were lost on purpose), lost in between, unreadable`,
          packets(calls.media),
        ],
        ['the same of calls that were up during the flood', packets(calls.floodedMedia)],
        [
          'CPU of the server, of the phones’ media, of others on this machine',
          `${percent(used / seconds)}, ${percent(mediaUsed / seconds)}, ${percent(othersUsed / seconds)} of a core`,
        ],
        ...([false, true] as const).flatMap((flooded) => [
          [
            `main thread${flooded ? ', flooded' : ''}: ran, waited for a core`,
            share(figures.samples, 'node-Main', flooded),
          ],
          [`media worker${flooded ? ', flooded' : ''}: the same`, share(figures.samples, 'media-', flooded)],
        ]),
      ],
    ),
    '',
    table(
      ['flow', 'placed', 'as planned', 'turned away'],
      [...calls.tallies].map(([name, { placed, asPlanned, turnedAway }]) => [
        name,
        ...[placed, asPlanned, turnedAway].map(String),
      ]),
    ),
    '',
    ...(calls.failures.length === 0 ? [] : [...calls.failures.slice(0, 20).map((failure) => `* ${failure}`), '']),
    'Delay of media, from phone to phone. "Direct" are packets of the same process to itself meanwhile: what the machine takes.',
    '',
    table(
      ['ms', 'packets', 'p50', 'p99', 'p99.9', 'longest', 'p99 added'],
      figures.phases.flatMap(({ name, relayed, direct }) => [
        [`${name}: through the server`, ...delays(relayed), (relayed.p99 - direct.p99).toFixed(2)],
        [`${name}: direct`, ...delays(direct), ''],
      ]),
    ),
    '',
    flooded === undefined
      ? 'No flood.'
      : `Flood: ${flooded.sent} INVITEs in ${figures.floodSeconds} s, answers ${JSON.stringify(flooded.statuses)}.`,
    '',
    'How the server says that calls ended:',
    '',
    table(
      ['reason', 'calls'],
      [...reasons(figures.output)].map(([reason, count]) => [reason, String(count)]),
    ),
    '',
    table(
      [
        's',
        'resident MiB',
        'heap of main thread, MiB',
        'of workers',
        'calls',
        'dialogs',
        'transactions',
        'media ports',
      ],
      thinned(figures.samples).map(({ seconds, residentBytes, heaps, counts, flooded }) => [
        `${seconds.toFixed(0)}${flooded ? ' (flood)' : ''}`,
        ...[residentBytes, heaps?.main ?? 0, heaps?.workers ?? 0].map(mebi),
        ...['calls', 'dialogs', 'transactions', 'media-ports'].map((key) => String(counts[key] ?? '')),
      ]),
    ),
    '',
    `Before: ${describe(figures.base)}.`,
    '',
    `After: ${describe(figures.later)}.`,
    '',
  ].join('\n')
}

function packets({ sent, arrived, strange }: SoakCalls['media']): string {
  return `${sent}, ${sent - arrived}, ${strange}`
}

function delays({ packets, p50, p99, p999, longest }: Percentiles): string[] {
  return [String(packets), ...[p50, p99, p999, longest].map((ms) => ms.toFixed(2))]
}

/** How much of the time a thread ran, and was ready to run while others had all cores. */
function share(samples: readonly Sample[], thread: string, flooded: boolean): string {
  let [seconds, ran, waited] = [0, 0, 0]
  samples.forEach((sample, index) => {
    const before = samples[index - 1]
    if (before === undefined || sample.flooded !== flooded || before.flooded !== flooded) return
    seconds += sample.seconds - before.seconds
    for (const [name, now] of sample.threads) {
      if (!name.startsWith(thread)) continue
      const then = before.threads.get(name)
      ran += now.ran - (then?.ran ?? 0)
      waited += now.waited - (then?.waited ?? 0)
    }
  })
  return seconds === 0 ? '' : `${percent(ran / seconds)}, ${percent(waited / seconds)} of the time`
}

function reasons(output: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const [, reason = ''] of output.matchAll(/ call ended .*?\breason=([\w-]+)/g))
    counts.set(reason, (counts.get(reason) ?? 0) + 1)
  return counts
}

/** At most so many, from first to last. */
function thinned<T>(samples: readonly T[]): T[] {
  const every = Math.ceil(samples.length / rows)
  return samples.filter((_, index) => index % every === 0)
}

function percent(part: number): string {
  return `${(100 * part).toFixed(0)} %`
}

function mebi(bytes: number): string {
  return (bytes / 1_048_576).toFixed(0)
}

function table(head: readonly string[], body: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [row(head), row(head.map(() => '---')), ...body.map(row)].join('\n')
}
