import { type ConfigWatcher } from '../config/config-watcher.ts'
import { formatProblem } from '../config/problem.ts'
import { type Log } from './log.ts'

/** Writes into the log what became of each change of the configuration files. */
export function logReloads(watcher: ConfigWatcher, log: Log): void {
  watcher.events.on('reloaded', ({ changes, needsRestart, problems }) => {
    log.message('configuration reloaded', { changes: changes.length })
    for (const problem of problems) log.warning(formatProblem(problem))
    for (const { section, key, before, after } of changes) log.message(`${section}/${key} changed`, { before, after })
    for (const path of needsRestart) log.warning(`${path} changes only with a restart of the server`)
  })
  watcher.events.on('rejected', (problems) => {
    log.error('configuration not reloaded: the last good one stays in force')
    for (const problem of problems) {
      if (problem.severity === 'error') log.error(formatProblem(problem))
      else log.warning(formatProblem(problem))
    }
  })
}
