import { readFileSync } from 'node:fs'

/** What libstdc++ made of one pattern; all texts one char per byte. */
export interface CorpusCase {
  readonly pattern: string
  /** False: `std::regex::nosubs`. */
  readonly captures: boolean
  readonly subjects: readonly string[]
  /** `refused`, or one digit a subject: 1 where the whole of it matched. */
  readonly verdicts: string
}

/** Reads corpus.txt, which libstdc++ 12 on x86-64 answered (generate.ts). */
export function readCorpus(): CorpusCase[] {
  const lines = readFileSync(new URL('corpus.txt', import.meta.url), 'utf8')
    .trimEnd()
    .split('\n')
  return lines.map((line) => {
    const [pattern, flavour, verdicts, ...subjects] = JSON.parse(line) as [string, string, string, ...string[]]
    return { pattern, captures: flavour === '+', subjects, verdicts }
  })
}
