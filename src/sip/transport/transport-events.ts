import { type MessageError } from '../message/parse.ts'
import { type Flow, type SocketAddress, type TransportProtocol } from './flow.ts'
import { type TransportError } from './transport-error.ts'

/** What the transport layer tells to those who watch it. */
export interface TransportEvents {
  /** A listening point is open; `port` is the real one. */
  listening: [protocol: TransportProtocol, address: SocketAddress]
  /** A connection is open, incoming or outgoing. UDP has none. */
  flowOpened: [flow: Flow]
  /** A connection is gone, told once; with an error where it did not end in good order. */
  flowClosed: [flow: Flow, error: TransportError | undefined]
  /** Something that is no SIP message came; it was answered 400 where that was possible, else dropped. */
  malformed: [flow: Flow, error: MessageError]
  /** An incoming connection was not taken: too many, or no TLS agreed on. */
  refused: [remote: SocketAddress, error: TransportError]
  /** A socket reported an error that is no flow's, and lives on. */
  socketError: [local: SocketAddress, error: TransportError]
}
