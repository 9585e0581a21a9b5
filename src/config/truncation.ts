import { type ConfigSnapshot } from './config-snapshot.ts'
import { type Problem } from './problem.ts'

/**
 * Finds files that a reload caught while they were being written, or that were cut off: taking them would silently drop
 * rules, and with them somebody's encryption. A file counts as cut off when it became blank, or when it is the beginning
 * of what it was before and ends within a line, or without the list of encryption rules that it had.
 */
export function checkTruncation(next: ConfigSnapshot, previous: ConfigSnapshot): Problem[] {
  const problems: Problem[] = []
  for (const file of next.files) {
    const before = previous.source(file)
    const after = next.source(file)
    if (before === undefined || after === undefined || before === after || before.trim() === '') continue
    if (after.trim() === '') {
      problems.push({
        file,
        line: 1,
        column: 1,
        severity: 'error',
        code: 'CONFIG_EMPTY',
        what: 'the file is empty, and was not before',
        instead: 'write the whole file; one comment is enough when nothing is to be set',
      })
    } else if (before.startsWith(after) && (endsWithinLine(before, after) || losesRules(next, previous))) {
      problems.push({
        ...endOf(file, after),
        severity: 'error',
        code: 'CONFIG_TRUNCATED',
        what: 'the file is cut off here',
        instead: "write it to its end; 'outgoing-enc-regex= ' with a space behind says that there are no rules",
      })
    }
  }
  return problems
}

/** Whether the cut is inside a line that had an end before; the last line, without one, may well have been edited. */
function endsWithinLine(before: string, after: string): boolean {
  return !after.endsWith('\n') && before[after.length] !== '\n' && before.includes('\n', after.length)
}

function losesRules(next: ConfigSnapshot, previous: ConfigSnapshot): boolean {
  const written = (snapshot: ConfigSnapshot): boolean =>
    snapshot.at('b2bua-server::trenscrypter', 'outgoing-enc-regex') !== undefined
  return written(previous) && !written(next)
}

function endOf(file: string, text: string): { file: string; line: number; column: number } {
  const lines = text.split('\n')
  return { file, line: lines.length, column: lines.at(-1)!.length + 1 }
}
