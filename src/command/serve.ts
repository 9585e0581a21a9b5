import { writeFileSync } from 'node:fs'
import { CodedError } from '../base/coded-error.ts'
import { type ConfigSnapshot } from '../config/config-snapshot.ts'
import { ConfigWatcher } from '../config/config-watcher.ts'
import { formatProblem, type Problem } from '../config/problem.ts'
import { logCalls } from '../operation/call-log.ts'
import { logReloads } from '../operation/config-log.ts'
import { Log } from '../operation/log.ts'
import { connectServiceManager } from '../operation/service-manager.ts'
import { logStack } from '../operation/stack-log.ts'
import { describeRules } from '../trenscrypter/describe-rules.ts'
import { readRules } from '../trenscrypter/rules.ts'
import { checkTransport } from './check-config.ts'
import { B2buaService } from './b2bua-service.ts'
import { loadFor } from './load.ts'
import { type Options } from './options.ts'
import { version } from './version.ts'

/** Exit statuses (reference: cli-and-services §4). */
const exit = { stopped: 0, failed: 1, badConfiguration: 255 } as const

/**
 * Runs the server until a signal stops it.
 * @returns the exit status of the process
 */
export async function serve(options: Options): Promise<number> {
  const { snapshot, problems } = loadFor(options)
  const rules = snapshot === undefined ? undefined : readRules(snapshot)
  const found = [...problems, ...(rules?.problems ?? [])]
  const strict = snapshot?.get('b2bua', 'strict-rules') === true && found.some((one) => one.severity === 'error')
  if (snapshot === undefined || rules === undefined || strict) {
    for (const problem of found) process.stderr.write(`${formatProblem(problem)}\n`)
    return exit.badConfiguration
  }
  const log = openLog(snapshot, options)
  process.on('uncaughtException', (error) => {
    log.error('the process cannot go on', { error: error.stack ?? String(error) })
    void log.close().finally(() => process.exit(exit.failed))
  })
  for (const problem of found) logProblem(log, problem)
  const service = new B2buaService(snapshot)
  logCalls(service.b2bua, log)
  logStack(service, log)
  try {
    await service.start()
  } catch (error) {
    log.error(error instanceof CodedError ? error.message : String(error))
    await service.stop()
    await log.close()
    return exit.badConfiguration
  }
  writePid(options, log)
  const watcher = await watch(options, snapshot, service, log)
  const manager = connectServiceManager(
    () => service.engine.alive,
    (error) => log.warning('systemd-notify failed', { error: error.message }),
  )
  announce(snapshot, service, log)
  manager.ready('taking calls')
  process.on('SIGHUP', () => log.reopen())
  process.on('SIGUSR2', () => log.message('counts', service.counts()))

  const signal = await stopSignal()
  log.message('stopping', { signal, calls: service.b2bua.calls.size })
  manager.stopping()
  await watcher.close()
  await service.stop()
  manager.close()
  log.message('stopped', service.counts())
  await log.close()
  return exit.stopped
}

/** The log that the configuration and the command line ask for (reference: cli-and-services §1, §6). */
function openLog(snapshot: ConfigSnapshot, options: Options): Log {
  const directory = snapshot.get('global', 'log-directory')
  const name = snapshot.get('global', 'log-filename').replace('{server}', 'b2bua')
  return new Log({
    level: options.debug ? 'debug' : snapshot.get('global', 'log-level'),
    syslogLevel: snapshot.get('global', 'syslog-level'),
    console: options.console,
    syslog: options.syslog,
    ...(directory === '' ? {} : { file: `${directory}/${name}` }),
  })
}

function logProblem(log: Log, problem: Problem): void {
  if (problem.severity === 'error') log.error(formatProblem(problem))
  else log.warning(formatProblem(problem))
}

/** As Flexisip: plain digits, no newline; a failure is only logged (reference: cli-and-services §1). */
function writePid({ pidfile }: Options, log: Log): void {
  if (pidfile === undefined) return
  try {
    writeFileSync(pidfile, String(process.pid))
  } catch (error) {
    log.warning('cannot write the pid file', { file: pidfile, error: String(error) })
  }
}

async function watch(options: Options, first: ConfigSnapshot, service: B2buaService, log: Log): Promise<ConfigWatcher> {
  const watcher = new ConfigWatcher({
    initial: first,
    load: (previous) => loadFor(options, previous),
    validate: (snapshot) => [...readRules(snapshot).problems, ...checkTransport(snapshot)],
  })
  logReloads(watcher, log)
  watcher.events.on('reloaded', ({ snapshot }) => {
    const before = service.rules
    service.reload(snapshot)
    for (const line of describeRules.changes(before, service.rules)) log.message(line)
  })
  await watcher.start()
  return watcher
}

/** Where it listens, where it sends, and what the rules are. */
function announce(snapshot: ConfigSnapshot, service: B2buaService, log: Log): void {
  const { listening } = service
  log.message(`flexisip-b2bua ${version} runs`, {
    listening: listening === undefined ? 'on nothing' : `${listening.host}:${listening.port}`,
    transport: snapshot.get('b2bua-server', 'transport'),
    'outbound-proxy': snapshot.get('b2bua-server', 'outbound-proxy'),
    'max-calls': snapshot.get('b2bua-server', 'max-calls'),
  })
  for (const line of describeRules.all(service.rules)) log.message(line)
}

function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve(signal))
  })
}
