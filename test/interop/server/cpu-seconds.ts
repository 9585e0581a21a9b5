import { readdirSync, readFileSync } from 'node:fs'

/** CPU seconds that a process has used so far, user and system. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

/** Seconds for which a thread has run, and for which it was ready to run and had no processor. */
export interface ThreadTimes {
  readonly ran: number
  readonly waited: number
}

/** The times of each thread of a process that has used a processor, by its name with its number (schedstat of proc(5)). */
export function threadTimes(pid: number): ReadonlyMap<string, ThreadTimes> {
  const times = new Map<string, ThreadTimes>()
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const read = (file: string): string => readFileSync(`/proc/${pid}/task/${task}/${file}`, 'latin1').trim()
    const [ran = 0, waited = 0] = read('schedstat').split(' ').map(Number)
    times.set(`${read('comm')}/${task}`, { ran: ran / 1e9, waited: waited / 1e9 })
  }
  return times
}
