import { type MessagePort } from 'node:worker_threads'
import { type DtlsCertificate } from '../dtls/dtls-certificate.ts'
import { type KeyMessage } from '../key-message.ts'
import { type KeyExchangeKind, type SasOfOther, type ZrtpDetails } from './key-exchanger.ts'

/** What a media worker asks of the key exchange worker; `exchange` is the media worker's own number. */
export type KeyExchangeRequest =
  | { readonly type: 'begin'; readonly exchange: number; readonly kind: KeyExchangeKind }
  | { readonly type: 'receive'; readonly exchange: number; readonly datagram: Uint8Array }
  | { readonly type: 'relaySas'; readonly exchange: number; readonly sas: SasOfOther }
  | { readonly type: 'close'; readonly exchange: number }

/** What the key exchange worker tells a media worker. */
export type KeyExchangeEvent =
  | { readonly type: 'send'; readonly exchange: number; readonly datagram: Uint8Array }
  | {
      readonly type: 'connected'
      readonly exchange: number
      readonly send: KeyMessage
      readonly receive: KeyMessage
      readonly peerCertificate?: Uint8Array
      readonly zrtp?: ZrtpDetails
    }
  | { readonly type: 'failed'; readonly exchange: number; readonly why: string; readonly unanswered: boolean }

/** What the main thread tells the key exchange worker. */
export type KeyExchangeOrder =
  /** Another media worker speaks over this port. */
  | { readonly type: 'serve'; readonly port: MessagePort }
  /** The thread is to end. */
  | { readonly type: 'end' }

/** What the key exchange worker tells the main thread: the file of ZRTP's retained secrets cannot be used. */
export interface KeyExchangeNotice {
  readonly type: 'secretsNotKept'
  readonly why: string
}

/** What the key exchange worker is started with. */
export interface KeyExchangeStart {
  /** This server's certificate and its private key; absent: no DTLS. */
  readonly certificate?: DtlsCertificate
  /** This server's ZID, 12 bytes; absent: no ZRTP. */
  readonly zid?: Uint8Array
  /** Phones may enrol with this server (RFC 6189 §7.3). */
  readonly trustedMitm?: boolean
  /** File of ZRTP's retained secrets; absent: they are forgotten when the thread ends. */
  readonly secrets?: string
}
