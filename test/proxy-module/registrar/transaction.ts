import { type SipRequest, type SipResponse } from '../../../src/sip/message/message.ts'
import { type ServerTransaction } from '../../../src/sip/transaction/server-transaction.ts'
import { RecordingFlow } from '../../support/sip/recording-flow.ts'

/** A transaction that keeps what it is answered; the request comes from the address that the flow names. */
export class RecordingTransaction implements ServerTransaction {
  readonly request: SipRequest
  readonly flow: RecordingFlow
  readonly isInvite: boolean
  readonly responses: SipResponse[] = []

  constructor(request: SipRequest, flow = new RecordingFlow('udp')) {
    this.request = request
    this.flow = flow
    this.isInvite = request.method === 'INVITE'
  }

  get completed(): boolean {
    return this.responses.length > 0
  }

  respond(response: SipResponse): void {
    this.responses.push(response)
  }

  respondOnce(response: SipResponse): void {
    this.respond(response)
  }

  /** The only answer. */
  get answer(): SipResponse {
    if (this.responses.length !== 1) throw new Error(`${this.responses.length} responses`)
    return this.responses[0]!
  }
}

/** A flow from an address of the test's choice. */
export function flowFrom(host: string, protocol: 'udp' | 'tcp' = 'udp'): RecordingFlow {
  const flow = new RecordingFlow(protocol)
  Object.assign(flow.remote, { host })
  return flow
}
