import { statSync } from 'node:fs'
import { type ConfigSnapshot } from './config-snapshot.ts'
import { type LoadOptions, readConfig } from './load-config.ts'
import { formatProblem, hasErrors, type Position, type Problem, sortProblems } from './problem.ts'

/** Finds problems that this layer cannot know, such as those of the trenscrypter's rules. */
export type ProblemSource = (snapshot: ConfigSnapshot) => readonly Problem[]

/**
 * Checks a configuration as `check-config` does: everything that loading finds, what is legal but hardly meant, and what
 * `sources` find. Goes on behind errors, with defaults in place of wrong values, to report as much as possible at once.
 */
export function checkConfig(options: LoadOptions, sources: readonly ProblemSource[] = []): Problem[] {
  const { snapshot, problems } = readConfig(options)
  const readable = !problems.some(({ code, file }) => file === options.file && unreadable.has(code))
  return sortProblems([
    ...problems,
    ...(readable ? adviseUserAgent(snapshot) : []),
    ...checkDirectories(snapshot),
    ...sources.flatMap((source) => source(snapshot)),
  ])
}

const unreadable: ReadonlySet<string> = new Set(['CONFIG_FILE_MISSING', 'CONFIG_FILE_UNREADABLE'])

/**
 * Writes the report of `check-config`.
 * @returns the text to print, and 0 or 1 for the exit status
 */
export function reportProblems(problems: readonly Problem[], json: boolean): { text: string; status: 0 | 1 } {
  const text = json ? JSON.stringify(problems, undefined, 2) : problems.map(formatProblem).join('\n')
  return { text, status: hasErrors(problems) ? 1 : 0 }
}

/** `{version}` is each program's own: a proxy since 2.4 would not know our requests, and send them back for ever. */
function adviseUserAgent(snapshot: ConfigSnapshot): Problem[] {
  const userAgent = snapshot.get('b2bua-server', 'user-agent')
  if (!userAgent.endsWith('/{version}')) return []
  const fixed = userAgent.replace('{version}', '1.0')
  return [
    {
      ...(snapshot.at('b2bua-server', 'user-agent') ?? startOf(snapshot)),
      severity: 'warning',
      code: 'CONFIG_USER_AGENT',
      what: "user-agent holds {version}, which the Flexisip proxy replaces by its own version: it would not recognise this server's calls and send them back to it",
      instead: `write user-agent=${fixed} in [b2bua-server]`,
    },
  ]
}

/** Only looks: a directory that is missing is made at start. */
function checkDirectories(snapshot: ConfigSnapshot): Problem[] {
  const problems: Problem[] = []
  for (const [section, key] of [
    ['b2bua-server', 'data-directory'],
    ['global', 'log-directory'],
  ] as const) {
    const directory = section === 'global' ? snapshot.get(section, key) : snapshot.get(section, key)
    if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== false) continue
    const at = section === 'global' ? snapshot.at(section, key) : snapshot.at(section, key)
    problems.push({
      ...(at ?? startOf(snapshot)),
      severity: 'error',
      code: 'CONFIG_DIRECTORY',
      what: `${key} is not a directory: ${directory}`,
      instead: 'write the path of a directory, which is made when it is missing',
    })
  }
  return problems
}

/** Where a problem of a default is reported. */
function startOf(snapshot: ConfigSnapshot): Position {
  return { file: snapshot.files[0] ?? '', line: 1, column: 1 }
}
