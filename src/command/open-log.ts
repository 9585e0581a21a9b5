import { type ConfigSnapshot } from '../config/config-snapshot.ts'
import { Log, type LogLevels } from '../operation/log.ts'
import { type Options, type Server } from './options.ts'

/**
 * The log that the configuration and the command line ask for (reference: cli-and-services §1, §6).
 * @throws LogError when the log file cannot be made and there is nothing else to log to
 */
export function openLog(snapshot: ConfigSnapshot, options: Options, server: Server): Log {
  const directory = snapshot.get('global', 'log-directory')
  const name = snapshot.get('global', 'log-filename').replaceAll('{server}', server === 'all' ? 'proxy+b2bua' : server)
  return new Log({
    levels: levelsOf(snapshot, options),
    console: options.console,
    syslog: options.syslog,
    ...(directory === '' ? {} : { file: `${directory}/${name}` }),
  })
}

/** The levels that hold now: `--debug` is for the console. */
export function levelsOf(snapshot: ConfigSnapshot, { debug }: Options): LogLevels {
  const level = snapshot.get('global', 'log-level')
  return { console: debug ? 'debug' : level, file: level, syslog: snapshot.get('global', 'syslog-level') }
}
