import { execFile } from 'node:child_process'

/** What systemd wants to know of a Type=notify service (sd_notify(3)). */
export interface ServiceManager {
  /** The service takes calls. */
  ready(status: string): void
  /** The service has begun to stop. */
  stopping(): void
  /** Ends the pings. */
  close(): void
}

/** What {@link connectServiceManager} needs. */
export interface ServiceManagerOptions {
  /**
   * Asked before each watchdog ping: one is sent only while it says true, so that systemd restarts a process whose event
   * loop or media workers no longer answer.
   */
  readonly alive: () => boolean
  /** `global/watchdog-notify-interval` in milliseconds; half of what systemd allows is not exceeded. */
  readonly interval: number
  /** Told when systemd-notify cannot be run, once until it can again. */
  readonly onError: (error: Error) => void
}

/** Longest that systemd-notify may take, in milliseconds. */
const timeout = 5000

/**
 * Speaks to systemd through `systemd-notify`, as Node has no Unix datagram sockets; the unit therefore says
 * NotifyAccess=all. Without NOTIFY_SOCKET in the environment it does nothing.
 */
export function connectServiceManager({ alive, interval, onError }: ServiceManagerOptions): ServiceManager {
  if (process.env['NOTIFY_SOCKET'] === undefined) return { ready: () => {}, stopping: () => {}, close: () => {} }
  let failed = false
  const notify = (state: readonly string[], done: () => void = () => {}): void => {
    execFile('systemd-notify', state, { timeout }, (error) => {
      if (error !== null && !failed) onError(error)
      failed = error !== null
      done()
    })
  }
  const watchdog = startWatchdog(interval, alive, (done) => notify(['WATCHDOG=1'], done))
  return {
    ready: (status) => notify(['--ready', `--status=${status}`, `--pid=${process.pid}`]),
    stopping: () => notify(['STOPPING=1', 'STATUS=ending calls']),
    close: () => clearInterval(watchdog),
  }
}

/** Pings in time for systemd's watchdog (sd_watchdog_enabled(3)); never two at once, should they be slow. */
function startWatchdog(
  interval: number,
  alive: () => boolean,
  ping: (done: () => void) => void,
): NodeJS.Timeout | undefined {
  const allowed = Number(process.env['WATCHDOG_USEC'] ?? 0) / 1000
  const pid = process.env['WATCHDOG_PID']
  if (!(allowed > 0) || (pid !== undefined && Number(pid) !== process.pid)) return undefined
  let pinging = false
  return setInterval(
    () => {
      if (pinging || !alive()) return
      pinging = true
      ping(() => (pinging = false))
    },
    Math.min(interval, allowed / 2),
  )
}
