import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Makes a directory that is missing, with the mode given; parents that are missing get the usual one, so that others can
 * still reach what is beside it. A directory that exists stays as it is.
 * @throws the error of the system
 */
export function makeDirectory(path: string, mode: number): void {
  mkdirSync(dirname(path), { recursive: true })
  mkdirSync(path, { recursive: true, mode })
}
