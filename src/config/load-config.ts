import { accessSync, constants, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Assembled, assemble, type ConfigSources } from './assemble.ts'
import { type ConfigSnapshot } from './config-snapshot.ts'
import { checkTruncation } from './truncation.ts'
import { hasErrors, type Problem, sortProblems } from './problem.ts'
import { allParameters, type KeyOf, type SectionName } from './schema.ts'

/** Where a configuration comes from. */
export interface LoadOptions {
  /** Path of flexisip.conf. */
  readonly file: string
  /** Path of the companion file, which then must exist; by default `flexisip-b2bua.conf` beside the file, if there is one. */
  readonly companion?: string
  /** What stood behind `--set`, in order. */
  readonly overrides?: readonly string[]
  /** The snapshot in force, when this is a reload: files that look cut off are then refused. */
  readonly previous?: ConfigSnapshot
}

/** What loading gave. */
export interface LoadResult {
  /** Absent when there are errors. */
  readonly snapshot?: ConfigSnapshot
  /** Errors and warnings, in the order of the files. */
  readonly problems: readonly Problem[]
  /** Every file that had to do with it: a change of one of them may change the result. */
  readonly files: readonly string[]
}

/** Reads and checks the configuration. It never throws: what is wrong is among the problems. */
export function loadConfig(options: LoadOptions): LoadResult {
  const { snapshot, problems } = readConfig(options)
  const { files } = snapshot
  return hasErrors(problems) ? { problems, files } : { snapshot, problems, files }
}

/** As {@link loadConfig}, but with a snapshot even where there are errors: for tools that go on looking. */
export function readConfig(options: LoadOptions): Assembled {
  const { file, companion, overrides, previous } = options
  const problems: Problem[] = []
  const companionPath = companion ?? join(dirname(file), 'flexisip-b2bua.conf')
  const mayBeMissing = companion === undefined && previous?.source(companionPath) === undefined
  const text = readSource(file, false, problems)
  const companionText = readSource(companionPath, mayBeMissing, problems)
  const sources: ConfigSources = {
    file,
    text: text ?? '',
    companion: companionPath,
    ...(companionText !== undefined && { companionText }),
  }
  const assembled = assemble(sources, overrides)
  problems.push(...assembled.problems, ...checkNamedFiles(assembled.snapshot))
  if (previous !== undefined && text !== undefined) problems.push(...checkTruncation(assembled.snapshot, previous))
  return { snapshot: assembled.snapshot, problems: sortProblems(problems) }
}

/** Reads a file byte by byte; reports when it cannot be read. */
function readSource(file: string, mayBeMissing: boolean, problems: Problem[]): string | undefined {
  try {
    return readFileSync(file, 'latin1')
  } catch (error) {
    const missing = isMissing(error)
    if (missing && mayBeMissing) return undefined
    problems.push({
      file,
      line: 1,
      column: 1,
      severity: 'error',
      code: missing ? 'CONFIG_FILE_MISSING' : 'CONFIG_FILE_UNREADABLE',
      what: missing ? 'there is no such file' : `the file cannot be read (${codeOf(error)})`,
      instead: missing ? 'make it, or say with --config or --companion where it is' : 'let this user read it',
    })
    return undefined
  }
}

/** Checks that files which parameters name, and which are needed, can be read. */
function checkNamedFiles(snapshot: ConfigSnapshot): Problem[] {
  const problems: Problem[] = []
  for (const { section, key, parameter } of allParameters()) {
    if (parameter.namesFile !== 'needed') continue
    const file = snapshot.get(section, key as KeyOf<SectionName>) as string
    if (file === '') continue
    try {
      accessSync(file, constants.R_OK)
    } catch (error) {
      problems.push({
        ...(snapshot.at(section, key as KeyOf<SectionName>) ?? { file, line: 1, column: 1 }),
        severity: 'error',
        code: 'CONFIG_NAMED_FILE',
        what: `${key} names a file that cannot be read (${codeOf(error)}): ${file}`,
        instead: 'write the path of a file that this user can read',
      })
    }
  }
  return problems
}

function isMissing(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes(codeOf(error))
}

/** The system's name of an error, e.g. EACCES. */
function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
