import { type MessagePort } from 'node:worker_threads'
import { type KeyMessage } from '../key-message.ts'

/** What a media worker asks of the key exchange worker; `exchange` is the media worker's own number. */
export type KeyExchangeRequest =
  | { readonly type: 'begin'; readonly exchange: number; readonly role: 'client' | 'server' }
  | { readonly type: 'receive'; readonly exchange: number; readonly datagram: Uint8Array }
  | { readonly type: 'close'; readonly exchange: number }

/** What the key exchange worker tells a media worker. */
export type KeyExchangeEvent =
  | { readonly type: 'send'; readonly exchange: number; readonly datagram: Uint8Array }
  | {
      readonly type: 'connected'
      readonly exchange: number
      readonly send: KeyMessage
      readonly receive: KeyMessage
      readonly peerCertificate: Uint8Array
    }
  | { readonly type: 'failed'; readonly exchange: number; readonly why: string }

/** What the main thread tells the key exchange worker: another media worker, which speaks over this port. */
export interface KeyExchangeLink {
  readonly port: MessagePort
}
