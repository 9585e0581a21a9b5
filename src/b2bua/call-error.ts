import { CodedError } from '../base/coded-error.ts'
import { endReasons, type EndReason } from './end-reason.ts'

/** A call that cannot go on, and why: it carries the end reason, and with it the SIP status for a waiting caller. */
export class CallError extends CodedError {
  readonly reason: EndReason

  constructor(reason: EndReason, message: string, options: ErrorOptions & { status?: number } = {}) {
    super(reason.toUpperCase().replaceAll('-', '_'), message, { status: endReasons[reason].status, ...options })
    this.reason = reason
  }
}

/** The end reason and status that an error from any layer stands for. */
export function verdictOf(error: unknown): {
  readonly reason: EndReason
  readonly status: number
  readonly why: string
} {
  if (error instanceof CallError) return { reason: error.reason, status: error.status, why: error.message }
  if (error instanceof CodedError) {
    const reason = reasonByStatus[error.status] ?? 'internal-error'
    return { reason, status: error.status, why: error.message }
  }
  return { reason: 'internal-error', status: 500, why: error instanceof Error ? error.message : String(error) }
}

const reasonByStatus: Readonly<Record<number, EndReason>> = {
  400: 'bad-request',
  413: 'bad-request',
  415: 'incompatible-media',
  488: 'incompatible-media',
  503: 'media-failure',
}
