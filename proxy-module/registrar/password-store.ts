import { type Problem } from '../../src/config/problem.ts'
import { readPasswordFile, type PasswordFile } from './password-file.ts'

/** The passwords in force: those of the file as it was when it was last read without an error. */
export class PasswordStore {
  readonly file: string
  #current: PasswordFile | undefined

  /** @param file - `module::Authentication/file-path`; nothing is read before {@link reload} */
  constructor(file: string) {
    this.file = file
  }

  /** Undefined until the file could be read for the first time: the server must not start then. */
  get current(): PasswordFile | undefined {
    return this.#current
  }

  /**
   * Reads the file again; a wrong one changes nothing.
   * @returns what is wrong with it
   */
  reload(): readonly Problem[] {
    const { passwords, problems } = readPasswordFile(this.file)
    if (passwords !== undefined) this.#current = passwords
    return problems
  }
}
