import { type SessionCounters } from '../media/session-counters.ts'
import { type LegName } from './call-media.ts'
import { type EndReason } from './end-reason.ts'

/** Who ended a call: a leg, or this server by itself. */
export type EndedBy = LegName | 'server'

/** How a call went, for the log and the call record. */
export interface CallSummary {
  readonly id: string
  readonly reason: EndReason
  readonly by: EndedBy
  /** Final status that the caller got while waiting; 200 when the call was answered. */
  readonly status: number
  /** More about the end, for people; never holds secrets. */
  readonly detail: string
  /** Seconds from the answer to the end; `undefined` when the call was never answered. */
  readonly talked: number | undefined
  /** What each stream has carried; `undefined` when no media was opened. */
  readonly media: SessionCounters | undefined
}
