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

/**
 * Speaks to systemd through `systemd-notify`, as Node has no Unix datagram sockets; the unit therefore says
 * NotifyAccess=all. Without NOTIFY_SOCKET in the environment it does nothing.
 *
 * @param alive asked before each watchdog ping: a ping is sent only while it says true, so that systemd restarts a
 *   process whose event loop or media workers no longer answer
 * @param onError told when systemd-notify cannot be run
 */
export function connectServiceManager(alive: () => boolean, onError: (error: Error) => void): ServiceManager {
  const env = process.env
  if (env['NOTIFY_SOCKET'] === undefined) return { ready: () => {}, stopping: () => {}, close: () => {} }
  const notify = (...state: string[]): void => {
    execFile('systemd-notify', state, (error) => {
      if (error !== null) onError(error)
    })
  }
  const interval = Number(env['WATCHDOG_USEC'] ?? 0) / 1000 / 3 // ms; twice as often as systemd asks at least
  const watchdog =
    interval > 0
      ? setInterval(() => {
          if (alive()) notify('WATCHDOG=1')
        }, interval)
      : undefined
  return {
    ready: (status) => notify('--ready', `--status=${status}`, `--pid=${process.pid}`),
    stopping: () => notify('STOPPING=1'),
    close: () => clearInterval(watchdog),
  }
}
