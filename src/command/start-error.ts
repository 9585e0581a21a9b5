import { CodedError } from '../base/coded-error.ts'

/** What the machine does not give although the configuration asks for it. */
export class StartError extends CodedError {
  constructor(message: string, options?: ErrorOptions) {
    super('START', message, options)
  }
}
