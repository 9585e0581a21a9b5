import { writeFileSync } from 'node:fs'
import { systemClock } from '../base/clock.ts'
import { CodedError } from '../base/coded-error.ts'
import { type ConfigSnapshot } from '../config/config-snapshot.ts'
import { ConfigWatcher } from '../config/config-watcher.ts'
import { formatProblem, hasErrors } from '../config/problem.ts'
import { logCalls } from '../operation/call-log.ts'
import { logProblems, logReloads } from '../operation/config-log.ts'
import { type Log } from '../operation/log.ts'
import { connectServiceManager } from '../operation/service-manager.ts'
import { logStack } from '../operation/stack-log.ts'
import { formatAddress } from '../sip/transport/flow.ts'
import { describeRules } from '../trenscrypter/describe-rules.ts'
import { readRules } from '../trenscrypter/rules.ts'
import { checkStart } from './check-start.ts'
import { B2buaService } from './b2bua-service.ts'
import { loadFor } from './load.ts'
import { levelsOf, openLog } from './open-log.ts'
import { type Options } from './options.ts'
import { version } from './version.ts'

/** Exit statuses (reference: cli-and-services §4). */
const exit = { stopped: 0, failed: 1, badConfiguration: 255 } as const

/** Milliseconds after a clean stop by which the process has ended, whatever still holds it. */
const lastDelay = 2000

/**
 * Runs the server until a signal stops it.
 * @returns the exit status of the process
 * @throws LogError when there is nothing to log to
 */
export async function serve(options: Options): Promise<number> {
  const { snapshot, problems } = loadFor(options)
  const rules = snapshot === undefined ? [] : readRules(snapshot).problems
  const faults = snapshot === undefined ? [] : checkStart(snapshot)
  const found = [...problems, ...faults, ...rules]
  const strict = snapshot?.get('b2bua', 'strict-rules') === true
  if (snapshot === undefined || hasErrors(faults) || (strict && hasErrors(rules))) {
    for (const problem of found) process.stderr.write(`${formatProblem(problem)}\n`)
    return exit.badConfiguration
  }
  const signals = catchSignals()
  const log = openLog(snapshot, options)
  signals.onHangUp = () => log.reopen()
  process.on('uncaughtException', (error) => {
    log.error('the process cannot go on', { error: error.stack ?? String(error) })
    void log.close().finally(() => process.exit(exit.failed))
  })
  logProblems(found, log)
  const service = new B2buaService(snapshot)
  logCalls(service.b2bua, log, systemClock)
  logStack(service, log, systemClock)
  const onListenerError = (error: unknown): void => {
    log.error('an observer failed', { error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  }
  for (const { events } of [service.b2bua, service.transport, service.transactions, service.engine]) {
    events.onListenerError = onListenerError
  }
  try {
    await service.start()
  } catch (error) {
    log.error(error instanceof CodedError ? error.message : String(error))
    if (!options.console) process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    await service.stop()
    await log.close()
    return exit.badConfiguration
  }
  writePid(options, log)
  const watcher = await watch(options, snapshot, service, log)
  watcher.events.onListenerError = onListenerError
  const manager = connectServiceManager({
    alive: () => service.engine.alive,
    interval: snapshot.get('global', 'watchdog-notify-interval'),
    onError: (error) => log.error('systemd cannot be told of the state of the service', { error: error.message }),
  })
  announce(snapshot, service, log)
  manager.ready('taking calls')
  process.on('SIGUSR2', () => log.message('counts', service.counts()))

  const signal = await signals.stop
  log.message('stopping', { signal, calls: service.b2bua.calls.size })
  manager.stopping()
  await watcher.close()
  await service.stop()
  manager.close()
  log.message('stopped', service.counts())
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

async function watch(options: Options, first: ConfigSnapshot, service: B2buaService, log: Log): Promise<ConfigWatcher> {
  const watcher = new ConfigWatcher({
    initial: first,
    load: (previous) => loadFor(options, previous),
    validate: (snapshot) => [...readRules(snapshot).problems, ...checkStart(snapshot)],
  })
  // first: the lines about the reload are logged at its levels
  watcher.events.on('reloaded', ({ snapshot }) => log.setLevels(levelsOf(snapshot, options)))
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
    listening: listening === undefined ? 'on nothing' : formatAddress(listening),
    transport: snapshot.get('b2bua-server', 'transport'),
    'outbound-proxy': snapshot.get('b2bua-server', 'outbound-proxy'),
    'max-calls': snapshot.get('b2bua-server', 'max-calls'),
  })
  for (const line of describeRules.all(service.rules)) log.message(line)
}
