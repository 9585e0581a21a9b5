/** What became of the packets of a run. */
export interface LoadResult {
  readonly sent: number
  readonly received: number
  /** How long sending took: more than was asked for when the phones cannot keep up. */
  readonly seconds: number
  /** Microseconds from phone to phone. */
  readonly p50: number
  readonly p99: number
  readonly p999: number
}
