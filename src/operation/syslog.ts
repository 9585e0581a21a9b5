import { type ChildProcess, spawn } from 'node:child_process'
import { type Writable } from 'node:stream'

/**
 * Opens a way to syslogd: Node has no Unix datagram sockets, so logger(1) speaks to it. Lines begin with `<N>`, N being
 * their priority.
 * @returns a stream that tells its `error` when logger cannot be run or ends
 * @throws the error of the system when no process can be made
 */
export function openSyslog(): Writable {
  const args = ['--prio-prefix', '--tag=flexisip-b2bua', `--id=${process.pid}`, '--size=8KiB']
  // a process group of its own: Ctrl-C must not end it before the last lines
  const logger: ChildProcess = spawn('logger', args, { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  const { stdin } = logger
  if (stdin === null) throw new Error('no pipe to logger(1)')
  // Node has destroyed the pipe by then, without a word
  const fail = (error: Error): void => {
    if (!stdin.writableEnded) stdin.emit('error', error)
  }
  logger.on('error', fail)
  logger.on('exit', (status, signal) => fail(new Error(`logger(1) ended with ${signal ?? `status ${status}`}`)))
  return stdin
}
