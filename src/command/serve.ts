import { writeFileSync } from 'node:fs'
import { CodedError } from '../base/coded-error.ts'
import { type ConfigSnapshot } from '../config/config-snapshot.ts'
import { ConfigWatcher } from '../config/config-watcher.ts'
import { formatProblem, hasErrors } from '../config/problem.ts'
import { logProblems, logReloads } from '../operation/config-log.ts'
import { type LogFields } from '../operation/log-line.ts'
import { type Log } from '../operation/log.ts'
import { connectServiceManager } from '../operation/service-manager.ts'
import { logListenerErrors } from '../operation/stack-log.ts'
import { readRules } from '../trenscrypter/rules.ts'
import { loadTokenKey } from '../sip/auth/token-key.ts'
import { checkStart } from './check-start.ts'
import { B2buaService } from './b2bua-service.ts'
import { openDataDirectory } from './data-directory.ts'
import { loadFor } from './load.ts'
import { levelsOf, openLog } from './open-log.ts'
import { type Options, type Server } from './options.ts'
import { ProxyService } from './proxy-service.ts'
import { type Service } from './service.ts'

/** Exit statuses (reference: cli-and-services §4). */
const exit = { stopped: 0, failed: 1, badConfiguration: 255 } as const

/** Milliseconds after a clean stop by which the process has ended, whatever still holds it. */
const lastDelay = 2000

/**
 * Runs the server until a signal stops it.
 * @returns the exit status of the process
 * @throws LogError when there is nothing to log to
 */
export async function serve(options: Options, server: Server): Promise<number> {
  const { snapshot, problems } = loadFor(options)
  const rules = snapshot === undefined ? [] : readRules(snapshot).problems
  const faults = snapshot === undefined ? [] : checkStart(snapshot, server)
  const found = [...problems, ...faults, ...rules]
  const strict = snapshot?.get('b2bua', 'strict-rules') === true
  if (snapshot === undefined || hasErrors(faults) || (strict && hasErrors(rules))) {
    for (const problem of found) process.stderr.write(`${formatProblem(problem)}\n`)
    return exit.badConfiguration
  }
  const signals = catchSignals()
  const log = openLog(snapshot, options, server)
  signals.onHangUp = () => log.reopen()
  process.on('uncaughtException', (error) => {
    log.error('the process cannot go on', { error: error.stack ?? String(error) })
    void log.close().finally(() => process.exit(exit.failed))
  })
  logProblems(found, log)
  let services: readonly Service[] = []
  try {
    services = servicesOf(server, snapshot)
    for (const service of services) service.logTo(log)
    for (const service of services) await service.start()
  } catch (error) {
    log.error(error instanceof CodedError ? error.message : String(error))
    if (!options.console) process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    for (const service of services) await service.stop()
    await log.close()
    return exit.badConfiguration
  }
  writePid(options, log)
  const watcher = await watch(options, server, snapshot, services, log)
  logListenerErrors(watcher.events, log)
  const manager = connectServiceManager({
    alive: () => services.every(({ alive }) => alive),
    interval: snapshot.get('global', 'watchdog-notify-interval'),
    onError: (error) => log.error('systemd cannot be told of the state of the service', { error: error.message }),
  })
  for (const service of services) for (const [text, fields] of service.announce()) log.message(text, fields)
  manager.ready('taking calls')
  const counts = (): LogFields => Object.assign({}, ...services.map((service) => service.counts())) as LogFields
  process.on('SIGUSR2', () => log.message('counts', counts()))

  const signal = await signals.stop
  log.message('stopping', { signal, calls: counts()['calls'] })
  manager.stopping()
  await watcher.close()
  for (const service of services) await service.stop()
  manager.close()
  log.message('stopped', counts())
  await log.close()
  setTimeout(() => process.exit(exit.stopped), lastDelay).unref()
  return exit.stopped
}

/**
 * Takes the signals from the beginning, so that none ends a process that is about to start (reference: cli-and-services
 * §3): SIGTERM and SIGINT stop it, SIGHUP reopens its log.
 */
function catchSignals(): { readonly stop: Promise<NodeJS.Signals>; onHangUp: () => void } {
  const stop = new Promise<NodeJS.Signals>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve(signal))
  })
  const signals = { stop, onHangUp: () => {} }
  process.on('SIGHUP', () => signals.onHangUp())
  return signals
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

async function watch(
  options: Options,
  server: Server,
  first: ConfigSnapshot,
  services: readonly Service[],
  log: Log,
): Promise<ConfigWatcher> {
  const watcher = new ConfigWatcher({
    initial: first,
    load: (previous) => loadFor(options, previous),
    validate: (snapshot) => [...readRules(snapshot).problems, ...checkStart(snapshot, server)],
  })
  // first: the lines about the reload are logged at its levels
  watcher.events.on('reloaded', ({ snapshot }) => log.setLevels(levelsOf(snapshot, options)))
  logReloads(watcher, log)
  watcher.events.on('reloaded', ({ snapshot }) => {
    for (const service of services) for (const line of service.reload(snapshot)) log.message(line)
  })
  await watcher.start()
  return watcher
}

/**
 * In the order in which they start and stop: the last words of calls go through the proxy.
 * @throws StartError, TokenKeyError when the data directory or the key in it cannot be used
 */
function servicesOf(server: Server, snapshot: ConfigSnapshot): readonly Service[] {
  const directory = openDataDirectory(snapshot)
  const key = loadTokenKey(directory)
  return [
    ...(server === 'proxy' ? [] : [new B2buaService(snapshot, directory, key)]),
    ...(server === 'b2bua' ? [] : [new ProxyService(snapshot, key)]),
  ]
}
