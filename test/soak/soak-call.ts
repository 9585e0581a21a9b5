import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type IncomingInvite } from '../../src/sip/usage/incoming-invite.ts'
import { type InviteSession } from '../../src/sip/usage/invite-session.ts'
import { clearAudio, sdesAudio } from '../support/b2bua/descriptions.ts'
import { ask, listen } from '../support/b2bua/sip-phone.ts'
import { type MediaLab, type CallCounts } from './media-lab.ts'
import { type Side } from './media-messages.ts'
import { type Attempt, type Fields, type SoakPhone } from './soak-phone.ts'

/** Longest wait for anything of SIP, in milliseconds: a request that was lost every time is given up after 32 s. */
const patience = 45_000
const suite = 'AES_CM_128_HMAC_SHA1_80'
const sdpType = 'application/sdp'
/** After the last packet was sent, until the call ends, in milliseconds. */
const quiet = 250

/** What a call is made with. */
export interface CallParts {
  readonly caller: SoakPhone
  readonly callee: SoakPhone
  readonly media: MediaLab
  /** URI of the server. */
  readonly route: string
  /** Where in {@link MediaLab} its media is. */
  readonly slot: number
}

/** The server did not let a call in. */
export class TurnedAway extends Error {
  readonly status: number

  constructor(status: number) {
    super(`turned away with ${status}`)
    this.status = status
  }
}

let calls = 0

/** One end of an established call. */
export interface End {
  readonly session: InviteSession
  readonly heard: ReturnType<typeof listen>
}

/** A call of the soak: clear to the server, SDES behind it, and what its two phones do. */
export class SoakCall {
  readonly user = `u${++calls}`
  readonly parts: CallParts
  attempt: Attempt | undefined
  incoming: IncomingInvite | undefined
  readonly ends = new Map<Side, End>()
  /** Master key and salt of what the callee sends. */
  readonly #key = randomBytes(30).toString('base64')
  #version = 0
  #moved = false

  constructor(parts: CallParts) {
    this.parts = parts
  }

  get to(): string {
    return `sip:${this.user}@soak.example`
  }

  end(side: Side): End {
    const end = this.ends.get(side)
    if (end === undefined) throw new Error(`the call has no end ${side}`)
    return end
  }

  /**
   * Sends the INVITE, until it is at the callee.
   * @throws TurnedAway when it never gets there
   */
  async dial(headers: Fields = []): Promise<void> {
    const { caller, callee, route } = this.parts
    const inbox = callee.expect(this.user)
    this.attempt = caller.call(this.to, route, this.description('a'), headers)
    try {
      this.incoming = await this.#unlessFailed(inbox.next('INVITE', patience))
    } finally {
      callee.forget(this.user)
    }
    this.incoming.provisional(180)
  }

  /** The callee answers, and both begin to speak. */
  async answer(): Promise<void> {
    const { incoming, attempt } = this
    const offer = incoming!.request.body.toString('latin1')
    const body = Buffer.from(this.description('b', 'sendrecv', offer))
    const b = incoming!.accept({ body, contentType: sdpType })
    this.ends.set('b', { session: b, heard: listen(b) })
    const { response, session } = await this.#unlessFailed(attempt!.answered.next('200', patience))
    this.#established(session)
    await this.end('b').heard.acks.next('ACK', patience)
    this.agree('a', response.body.toString('latin1'))
    this.agree('b', offer)
    this.speak('a')
    this.speak('b')
  }

  /** The callee answers after a session that was agreed on before. */
  async answerAgain(): Promise<void> {
    const b = this.incoming!.accept()
    this.ends.set('b', { session: b, heard: listen(b) })
    const { session } = await this.#unlessFailed(this.attempt!.answered.next('200', patience))
    this.#established(session)
    await this.end('b').heard.acks.next('ACK', patience)
    this.speak('a')
    this.speak('b')
  }

  #established(session: InviteSession): void {
    session.acknowledge()
    this.ends.set('a', { session, heard: listen(session) })
  }

  /**
   * What a phone says of its media.
   * @param offer that the callee answers; absent when it offers itself
   */
  description(side: Side, direction = 'sendrecv', offer?: string): string {
    const [a, b, other] = this.parts.media.ports[this.parts.slot]!
    const version = ++this.#version
    if (side === 'a') return clearAudio(this.#moved ? other : a, direction, version)
    const tag = offer === undefined ? 1 : Number(cryptoOf(offer)?.[1] ?? 1)
    return sdesAudio(b, this.#key, suite, tag)
      .replace('o=phone 1 1 ', `o=phone 1 ${version} `)
      .replace('a=sendrecv', `a=${direction}`)
  }

  /** A phone has a description of the server's media. */
  agree(side: Side, description: string): void {
    const port = Number(/^m=audio (\d+) /m.exec(description)?.[1] ?? 0)
    assert.ok(port > 0, `no media for ${side}:\n${description}`)
    const keys = side === 'a' ? {} : { send: this.#key, receive: cryptoOf(description)![2]! }
    this.parts.media.tell({ do: 'describe', slot: this.parts.slot, side, port, ...keys })
  }

  speak(side: Side, on = true): void {
    this.parts.media.tell({ do: 'speak', slot: this.parts.slot, side, on })
  }

  /** One phone offers something else by re-INVITE or UPDATE, and the other answers. */
  async change(by: Side, method: 'INVITE' | 'UPDATE', offered: string, answered: string): Promise<void> {
    const side = by === 'a' ? 'b' : 'a'
    const [one, other] = [this.end(by), this.end(side)]
    const asked = ask(one.session, method, { body: this.description(by, offered) })
    const transaction = await unlessFinal(other.heard.requests.next(method, patience), asked)
    const offer = transaction.request.body.toString('latin1')
    const body = Buffer.from(this.description(side, answered, offer))
    other.session.reply(transaction, 200, { body, contentType: sdpType })
    const final = await asked
    assert.equal(final.status, 200, `${method} of ${by}`)
    if (method === 'INVITE') {
      one.session.acknowledge()
      await other.heard.acks.next('ACK of a re-INVITE', patience)
    }
    this.agree(side, offer)
    this.agree(by, final.body.toString('latin1'))
  }

  /** A request that the other phone answers with `status`. */
  async tell(
    by: Side,
    method: string,
    status: number,
    options: { readonly headers?: Fields; readonly body?: string; readonly contentType?: string },
  ): Promise<string> {
    const [one, other] = [this.end(by), this.end(by === 'a' ? 'b' : 'a')]
    const asked = ask(one.session, method, options)
    const transaction = await unlessFinal(other.heard.requests.next(method, patience), asked)
    other.session.reply(transaction, status)
    assert.equal((await asked).status, status, `${method} of ${by}`)
    return transaction.request.headers.get('CSeq')!.split(' ')[0]!
  }

  /** The caller's phone gets another address and says so. */
  async move(): Promise<void> {
    this.speak('a', false)
    await this.parts.caller.transport.move()
    this.parts.media.tell({ do: 'move', slot: this.parts.slot })
    this.#moved = true
    await this.change('a', 'INVITE', 'sendrecv', 'sendrecv')
    this.speak('a')
  }

  /** A phone falls silent for ever, in SIP too; the server ends the other leg by itself, or is told by it. */
  async vanish(side: Side, survivorHangsUp: boolean): Promise<void> {
    const { caller, callee } = this.parts
    const { session } = this.end(side)
    const phone = side === 'a' ? caller : callee
    this.speak(side, false)
    phone.transport.ignore(session.dialog.callId)
    session.abandon('local')
    this.ends.delete(side)
    const survivor = this.end(side === 'a' ? 'b' : 'a')
    if (survivorHangsUp) survivor.session.bye()
    else await survivor.heard.bye.next('BYE of the server', 2 * patience)
    this.ends.clear()
  }

  /** One of the phones hangs up. */
  async hangUp(by: Side): Promise<void> {
    this.speak('a', false)
    this.speak('b', false)
    await sleep(quiet)
    const other = this.end(by === 'a' ? 'b' : 'a')
    this.end(by).session.bye()
    await other.heard.bye.next('BYE', patience)
    this.ends.clear()
  }

  /** Whatever became of it, nothing of it is left. */
  finish(): Promise<CallCounts> {
    for (const { session } of this.ends.values()) session.bye()
    if (this.attempt?.invite.settled === false) this.attempt.invite.cancel()
    if (this.incoming?.settled === false) this.incoming.reject(480)
    return this.parts.media.end(this.parts.slot)
  }

  async #unlessFailed<T>(wanted: Promise<T>): Promise<T> {
    const failed = this.attempt!.failed.then(({ status }) => {
      throw new TurnedAway(status)
    })
    return Promise.race([wanted, failed])
  }

  /** Waits for the INVITE to fail, and says with which status. */
  async failure(): Promise<number> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('the INVITE does not fail')), patience)
    })
    const { status } = await Promise.race([this.attempt!.failed, late])
    clearTimeout(timer)
    return status
  }
}

/** Rejects when the answer is there before the request has reached the other phone. */
async function unlessFinal<T>(wanted: Promise<T>, asked: Promise<{ readonly status: number }>): Promise<T> {
  const early = asked.then(({ status }) => {
    throw new Error(`the server itself answered ${status}`)
  })
  return Promise.race([wanted, early])
}

/** Tag and key of the suite that the callee speaks. */
function cryptoOf(description: string): RegExpExecArray | null {
  return new RegExp(`^a=crypto:(\\d+) ${suite} inline:([^|\\s]+)`, 'm').exec(description)
}
