import { newTag } from '../../src/sip/message/identifiers.ts'
import { defaultLimits } from '../../src/sip/message/limits.ts'
import { createResponse } from '../../src/sip/message/message.ts'
import { type ServerTransaction } from '../../src/sip/transaction/server-transaction.ts'

/** A final response, as far as it is not copied from the request. */
export interface Answer {
  readonly status: number
  /** The registry's phrase when absent. */
  readonly reason?: string
  readonly headers?: readonly (readonly [string, string])[]
}

/** From, To, Call-ID and CSeq. */
const copiedBesideVia = 4

/**
 * Answers a request; what is not a success is not remembered, since anybody may have asked. One whose Via fields leave no room for what the answer must carry gets a bare 513: who sends such
 * does not mean it well.
 */
export function answer(transaction: ServerTransaction, { status, reason, headers = [] }: Answer): void {
  const { request } = transaction
  const fits = request.headers.count('Via') + copiedBesideVia + headers.length <= defaultLimits.headers
  const options = { toTag: newTag(), headers, ...(reason !== undefined && { reason }) }
  const response = fits ? createResponse(request, status, options) : createResponse(request, 513)
  if (response.status < 300) transaction.respond(response)
  else transaction.respondOnce(response)
}
