/** What became of the packets of a run. */
export interface LoadResult {
  readonly sent: number
  readonly received: number
  /** Microseconds from phone to phone. */
  readonly p50: number
  readonly p99: number
  readonly p999: number
}
