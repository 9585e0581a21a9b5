/** The two phones of a slot: the caller's and the callee's. */
export type Side = 'a' | 'b'

/** What became of the packets of one phone in one call. */
export interface StreamCount {
  /** Packets that left; those that were lost on purpose are none. */
  readonly sent: number
  /** Packets of the other phone that arrived and could be read. */
  readonly arrived: number
  /** Packets that arrived and could not be read, or were not the other phone's. */
  readonly strange: number
}

/** Milliseconds. */
export interface Percentiles {
  readonly packets: number
  readonly p50: number
  readonly p99: number
  readonly p999: number
  readonly longest: number
}

/** Delays of a phase of the run. */
export interface PhaseReport {
  readonly name: string
  /** From phone to phone through the server. */
  readonly relayed: Percentiles
  /** From phone to phone without it, meanwhile. */
  readonly direct: Percentiles
}

/** What the process of the phones is told to do. */
export type MediaCommand =
  | { readonly do: 'open'; readonly slots: number; readonly loss: number }
  | {
      readonly do: 'describe'
      readonly slot: number
      readonly side: Side
      /** Where the server takes this phone's media. */
      readonly port: number
      /** Master key and salt in base64 of what the phone sends, and of what it gets; absent: in clear. */
      readonly send?: string
      readonly receive?: string
    }
  | { readonly do: 'speak'; readonly slot: number; readonly side: Side; readonly on: boolean }
  /** The caller goes on from another port. */
  | { readonly do: 'move'; readonly slot: number }
  /** The call is over: tells its counts, and makes both phones new. */
  | { readonly do: 'end'; readonly slot: number }
  | { readonly do: 'phase'; readonly name: string }
  | { readonly do: 'report' }

/** What it says. */
export type MediaReply =
  /** Per slot the ports of the caller, of the callee, and that to which the caller may move. */
  | { readonly kind: 'opened'; readonly ports: readonly (readonly [number, number, number])[] }
  | { readonly kind: 'ended'; readonly slot: number; readonly a: StreamCount; readonly b: StreamCount }
  | { readonly kind: 'report'; readonly phases: readonly PhaseReport[] }
