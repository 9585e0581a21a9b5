import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createResponse, type SipMessage } from '../../src/sip/message/message.ts'
import { MessageError, parseMessage, serialize } from '../../src/sip/message/parse.ts'

/** What becomes of a message that was read, or why it was not. */
export type Outcome =
  | { readonly kind: 'accepted'; readonly message: SipMessage }
  | { readonly kind: 'answered'; readonly code: string; readonly status: number }
  | { readonly kind: 'dropped'; readonly code: string }

/** Reads a message file beside this one, as one datagram. */
export function readTorture(path: string): Buffer {
  return readFileSync(new URL(path, import.meta.url))
}

/** Parses a datagram as the transport does, up to writing the answer to a malformed one; anything but a MessageError is thrown on. */
export function outcomeOf(bytes: Buffer): Outcome {
  try {
    return { kind: 'accepted', message: parseMessage(bytes) }
  } catch (error) {
    if (!(error instanceof MessageError)) throw error
    const { code, status, request } = error
    if (request === undefined) return { kind: 'dropped', code }
    const answer = serialize(createResponse(request, status, { toTag: 'torture' }))
    assert.ok(answer.includes(`SIP/2.0 ${status} `), 'the answer can be written')
    return { kind: 'answered', code, status }
  }
}
