import { type SrtpMasterKey } from './encryption.ts'

/** A direction attribute of SDP (RFC 8866 §6.7). */
export type MediaDirection = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive'

/** Where this server receives one stream of one leg. */
export interface LocalEndpoint {
  /** IP literal without brackets: the session's `localAddress`. */
  readonly address: string
  readonly rtpPort: number
  readonly rtcpPort: number
}

/** Where the phone of one leg says that it receives one stream. */
export interface RemoteEndpoint {
  /**
   * As the phone wrote it: mostly an IP literal without brackets; to a name nothing is sent. `0.0.0.0` and `::` mean hold:
   * nothing is sent, and what was learned is kept.
   */
  readonly address: string
  readonly rtpPort: number
  /** Ignored when RTCP is multiplexed. */
  readonly rtcpPort: number
}

/** The protection of one leg's packets. */
export type Protection =
  | { readonly mode: 'none' }
  | {
      readonly mode: 'sdes'
      /** Key with which this server encrypts. */
      readonly send: SrtpMasterKey
      /** The phone's key; absent until its answer is known: its packets are dropped until then. */
      readonly receive?: SrtpMasterKey
    }

/** What media must know of one stream of one leg, as agreed by offer and answer. */
export interface EndpointDescription {
  /** Absent until the phone's description is known: nothing is sent. */
  readonly remote?: RemoteEndpoint
  /** RTP and RTCP share the RTP port of this leg (RFC 5761). */
  readonly rtcpMux: boolean
  /**
   * The direction that this server's own description states on this leg: with `sendrecv` and `recvonly` the phone
   * sends, with `sendonly` and `inactive` it has put the stream on hold. Packets are never dropped because of it; it
   * only decides which silence limit applies (see `SessionOptions.noRtpTimeout`).
   */
  readonly direction: MediaDirection
  readonly protection: Protection
}
