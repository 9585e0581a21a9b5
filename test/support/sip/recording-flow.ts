import { type SipMessage } from '../../../src/sip/message/message.ts'
import { parseMessage } from '../../../src/sip/message/parse.ts'
import {
  contactUri,
  formatAddress,
  nextFlowId,
  type Flow,
  type TransportProtocol,
} from '../../../src/sip/transport/flow.ts'
import { TransportError } from '../../../src/sip/transport/transport-error.ts'

/** A flow that keeps what is sent on it, from 192.0.2.1 to 192.0.2.2. */
export class RecordingFlow implements Flow {
  readonly id = nextFlowId()
  readonly protocol: TransportProtocol
  readonly reliable: boolean
  readonly secure: boolean
  readonly local = { host: '192.0.2.1', port: 5060 }
  readonly remote = { host: '192.0.2.2', port: 5060 }
  readonly sentBy = formatAddress(this.local)
  readonly contact: string
  closed = false
  readonly sent: SipMessage[] = []
  #onError: ((error: TransportError) => void) | undefined

  constructor(protocol: TransportProtocol) {
    this.protocol = protocol
    this.reliable = protocol !== 'udp'
    this.secure = protocol === 'tls'
    this.contact = contactUri(protocol, this.sentBy)
  }

  send(bytes: Buffer, onError?: (error: TransportError) => void): void {
    this.sent.push(parseMessage(bytes))
    this.#onError = onError
  }

  /** What was sent since the last call, as methods and status codes. */
  take(): (string | number)[] {
    return this.sent.splice(0).map((one) => (one.kind === 'request' ? one.method : one.status))
  }

  /** The last message did not leave. */
  failLast(): void {
    this.#onError?.(new TransportError('TRANSPORT_UNREACHABLE', 'no way'))
  }
}
