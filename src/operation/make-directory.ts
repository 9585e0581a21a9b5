import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Makes a directory that is missing, with the mode given; parents that are missing get the usual one, so that others can
 * still reach what is beside it. A directory that exists stays as it is. (Node's own `recursive` gives parents the same
 * mode, and never returns where a parent exists but takes no directories, as /proc.)
 * @throws the error of the system
 */
export function makeDirectory(path: string, mode: number): void {
  const parent = dirname(path)
  if (parent !== path && statSync(parent, { throwIfNoEntry: false }) === undefined) makeDirectory(parent, 0o777)
  if (isDirectory(path)) return
  try {
    mkdirSync(path, { mode })
  } catch (error) {
    // both servers of a machine start together and share the data directory: the other one was quicker
    if (!isDirectory(path)) throw error
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}
