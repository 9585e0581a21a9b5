import { constants, getPriority, setPriority } from 'node:os'

/** Nice value of the threads that relay media: before signalling and whatever else wants the machine. */
export const mediaPriority = constants.priority.PRIORITY_ABOVE_NORMAL

/**
 * Lets the thread that calls it have its turn before others: a packet that waits for a core while INVITEs come in floods is heard.
 * On Linux a priority is a thread's own. Harmless where it is high enough.
 * @returns why it may not, e.g. without CAP_SYS_NICE or a limit that allows it (RLIMIT_NICE)
 */
export function raisePriority(): string | undefined {
  if (process.platform !== 'linux') return `on ${process.platform} a thread has none of its own`
  try {
    if (getPriority() > mediaPriority) setPriority(mediaPriority)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
