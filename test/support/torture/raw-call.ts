import assert from 'node:assert/strict'
import { type TestContext } from 'node:test'
import { type SipRequest, type SipResponse } from '../../../src/sip/message/message.ts'
import { clearAudio } from '../b2bua/descriptions.ts'
import { ackText, inDialogText, requestText, responseText, type RequestOptions, type TextOptions } from './sip-text.ts'
import { type Victim } from './victim.ts'
import { type UdpWire, type Wire } from './wire.ts'

/** A call through the B2BUA between two raw ends. */
export class RawCall {
  readonly caller: Wire
  readonly callee: Wire
  /** Leg B's INVITE, as the callee got it. */
  readonly invite: SipRequest
  /** The caller's 200. */
  readonly ok: SipResponse
  /** CSeq number of the caller's latest request. */
  seq = 1

  constructor(parts: { caller: Wire; callee: Wire; invite: SipRequest; ok: SipResponse }) {
    this.caller = parts.caller
    this.callee = parts.callee
    this.invite = parts.invite
    this.ok = parts.ok
  }

  /** Sends an INVITE with an offer; the recipient is the callee's own address, so that nothing must be looked up. */
  static async invite(
    caller: Wire,
    callee: UdpWire,
    options: RequestOptions = {},
  ): Promise<{ readonly text: string; readonly invite: SipRequest }> {
    const text = requestText(caller, 'INVITE', {
      body: clearAudio(40000),
      ...options,
      fields: { To: `<sip:bob@127.0.0.1:${callee.address.port}>`, ...options.fields },
    })
    caller.send(text)
    return { text, invite: await callee.request('INVITE') }
  }

  /** Sets a call up; the callee answers at once. */
  static async start(
    t: TestContext,
    victim: Victim,
    options: {
      readonly protocol?: 'udp' | 'tcp'
      readonly invite?: RequestOptions
      readonly answer?: TextOptions
    } = {},
  ): Promise<RawCall> {
    const caller = await victim.wire(t, options.protocol ?? 'udp')
    const callee = await victim.callee(t)
    const { invite } = await RawCall.invite(caller, callee, options.invite)
    callee.send(responseText(callee, invite, 200, { body: clearAudio(40010), ...options.answer }))
    const ok = await caller.response('INVITE')
    assert.equal(ok.status, 200)
    caller.send(ackText(ok))
    await callee.request('ACK')
    return new RawCall({ caller, callee, invite, ok })
  }

  /** The caller's next request inside the dialog, as text. */
  request(method: string, options: RequestOptions = {}): string {
    return inDialogText(this.caller, this.ok, method, ++this.seq, options)
  }

  /** Sends the caller's next request, and waits for its final response. */
  async ask(method: string, options: RequestOptions = {}): Promise<SipResponse> {
    this.caller.send(this.request(method, options))
    return this.caller.response(method)
  }

  /** The callee's request inside the dialog, as text. */
  calleeRequest(method: string, seq: number, options: RequestOptions = {}): string {
    const { headers } = this.invite
    return requestText(this.callee, method, {
      uri: /<([^>]*)>/.exec(headers.get('Contact')!)![1]!,
      ...options,
      fields: {
        From: `${headers.get('To')!};tag=callee`,
        To: headers.get('From'),
        'Call-ID': headers.get('Call-ID'),
        CSeq: `${seq} ${method}`,
        ...options.fields,
      },
    })
  }

  /** The caller hangs up; both sides answer as they should. */
  async hangUp(): Promise<void> {
    assert.equal((await this.ask('BYE')).status, 200)
    this.callee.send(responseText(this.callee, await this.callee.request('BYE'), 200))
  }
}
