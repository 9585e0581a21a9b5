import { accessSync, constants } from 'node:fs'
import { type ConfigSnapshot } from '../config/config-snapshot.ts'
import { makeDirectory } from '../operation/make-directory.ts'
import { StartError } from './start-error.ts'

/**
 * Makes the data directory when it is missing, for the server alone.
 * @returns its path
 * @throws StartError
 */
export function openDataDirectory(snapshot: ConfigSnapshot): string {
  const directory = snapshot.get('b2bua-server', 'data-directory')
  try {
    makeDirectory(directory, 0o700)
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK)
    return directory
  } catch (cause) {
    const what = `cannot use data-directory ${directory}: ${cause instanceof Error ? cause.message : String(cause)}`
    throw new StartError(`${what}; name a folder that this user can write to`, { cause })
  }
}
