import { type ConfigWatcher } from '../config/config-watcher.ts'
import { formatProblem, type Problem } from '../config/problem.ts'
import { type Log } from './log.ts'

/** Lists of rules: the application tells what changed in them, rule by rule. */
const ruleLists: ReadonlySet<string> = new Set(['outgoing-enc-regex', 'outgoing-srtp-regex'])

/** Writes into the log what became of each change of the configuration files. */
export function logReloads(watcher: ConfigWatcher, log: Log): void {
  watcher.events.on('reloaded', ({ changes, changedFiles, needsRestart, problems }) => {
    log.message('configuration reloaded', { changes: changes.length, files: changedFiles.join(' ') })
    logProblems(problems, log)
    for (const { section, key, before, after } of changes) {
      if (!ruleLists.has(key)) log.message(`${section}/${key} changed`, { before, after })
    }
    for (const path of needsRestart) log.warning(`${path} changes only with a restart of the server`)
  })
  watcher.events.on('rejected', (problems) => {
    log.error('configuration not reloaded: the last good one stays in force')
    logProblems(problems, log)
  })
  watcher.events.on('degraded', (error) => {
    log.warning('the configuration files cannot be watched, and are looked at every half second instead', {
      error: error.message,
    })
  })
}

/** Writes problems into the log, each as a compiler does. */
export function logProblems(problems: readonly Problem[], log: Log): void {
  for (const problem of problems) {
    if (problem.severity === 'error') log.error(formatProblem(problem))
    else log.warning(formatProblem(problem))
  }
}
