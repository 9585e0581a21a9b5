/**
 * Security case 2: mutation fuzzing of a live server, for FUZZ_SECONDS in all: 10 by default, 60 where CI is set. FUZZ_SEED
 * repeats the choices.
 */
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { type SipMessage, type SipRequest, type SipResponse } from '../../src/sip/message/message.ts'
import { clearAudio, sdesAudio } from '../support/b2bua/descriptions.ts'
import { rtcpPacket, rtpPacket } from '../support/media/packets.ts'
import { Chance } from '../support/torture/chance.ts'
import { mutateMessage, mutateSdp } from '../support/torture/mutate.ts'
import { ackText, cancelText, inDialogText, requestText, responseText } from '../support/torture/sip-text.ts'
import { Victim } from '../support/torture/victim.ts'
import { type Wire } from '../support/torture/wire.ts'

const seconds = Number(process.env['FUZZ_SECONDS'] ?? (process.env['CI'] ? 60 : 10))
const seed = Number(process.env['FUZZ_SEED'] ?? randomInt(2 ** 31))
/** Calls a second at most: each takes media ports, which rest 30 s. */
const mostCalls = 120
/** Calls after which one of ordinary phones must complete, whatever is still up of the others. */
const ordinaryEvery = 25

const key = 'QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB'
const offers = [clearAudio(40000), sdesAudio(40000, key), '']
const inDialogMethods = [
  'INFO',
  'INVITE',
  'UPDATE',
  'OPTIONS',
  'MESSAGE',
  'REFER',
  'NOTIFY',
  'PRACK',
  'BYE',
  'BYE',
] as const

/** Sends messages of which some are mutated. */
class Mutator {
  readonly chance: Chance
  sent = 0
  mutated = 0
  /** Part of the messages that are changed. */
  readonly #part: number

  constructor(chance: Chance, part: number) {
    this.chance = chance
    this.#part = part
  }

  send(wire: Wire, text: string): void {
    this.sent++
    const mutate = this.chance.is(this.#part)
    if (mutate) this.mutated++
    const bytes = mutate ? mutateMessage(this.chance, text) : text
    if (bytes.length < 60_000) wire.send(bytes)
  }
}

/** What a phone in its right mind would answer to an offer: every m-line, in clear or with the first key that is offered. */
function rightAnswer(offer: string): string {
  const sections = offer.split(/^(?=m=)/m).slice(1)
  const media = sections.flatMap((section, index) => {
    const [, kind = '', port = '', rest = ''] = /^m=(\S+) (\d+) (.*)\r$/m.exec(section) ?? []
    const [, crypto] = /^a=crypto:(\d+ AES_CM_128_HMAC_SHA1_80)/m.exec(section) ?? []
    const line = `m=${kind} ${port === '0' ? 0 : 40010 + 2 * index} ${rest}`
    return crypto === undefined ? [line] : [line, `a=crypto:${crypto} inline:${key}`]
  })
  return ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0', ...media, ''].join('\r\n')
}

/** A callee that answers at random, and now and then says something by itself. */
function answerAtRandom(callee: Wire, mutator: Mutator): void {
  const { chance } = mutator
  let invite: SipRequest | undefined
  const body = (): string => chance.of([clearAudio(40010), clearAudio(40010), sdesAudio(40010, key), ''])
  const answerInvite = (request: SipRequest): void => {
    for (const status of [100, 180, 183, 180]) {
      if (!chance.is(0.3)) continue
      const reliable = status > 100 && chance.is(0.4) ? { Require: '100rel', RSeq: String(1 + chance.below(3)) } : {}
      mutator.send(
        callee,
        responseText(callee, request, status, { toTag: chance.of(['callee', 'fork']), body: body(), fields: reliable }),
      )
    }
    const status = chance.of([0, 200, 200, 200, 200, 302, 401, 486, 503, 603])
    if (status === 0) return
    const toTag = chance.is(0.1) ? 'fork' : 'callee'
    mutator.send(callee, responseText(callee, request, status, { toTag, body: status === 200 ? body() : '' }))
    if (chance.is(0.1)) mutator.send(callee, responseText(callee, request, 200, { toTag: 'late', body: body() }))
  }
  callee.onMessage = (message: SipMessage) => {
    if (message.kind === 'response') {
      if (message.headers.get('CSeq')?.endsWith('INVITE') === true && message.status >= 200)
        mutator.send(callee, ackText(message))
    } else if (message.method === 'INVITE') {
      invite = message
      answerInvite(message)
    } else if (message.method === 'ACK') {
      if (invite === undefined || !chance.is(0.4)) return true
      const { headers } = invite
      const method = chance.of(inDialogMethods)
      mutator.send(
        callee,
        requestText(callee, method, {
          uri: /<([^>]*)>/.exec(headers.get('Contact') ?? '')?.[1] ?? 'sip:x',
          body: body(),
          fields: {
            From: `${headers.get('To')!};tag=callee`,
            To: headers.get('From'),
            'Call-ID': headers.get('Call-ID'),
            CSeq: `${1 + chance.below(5)} ${method}`,
          },
        }),
      )
    } else if (!chance.is(0.1)) {
      const status = chance.of([100, 200, 200, 200, 481, 500])
      mutator.send(callee, responseText(callee, message, status, { body: message.method === 'UPDATE' ? body() : '' }))
    }
    return true
  }
}

/** A caller that calls, and carries its calls on at random. */
function callAtRandom(caller: Wire, mutator: Mutator): void {
  const { chance } = mutator
  const carryOn = (ok: SipResponse): void => {
    mutator.send(caller, ackText(ok, { body: chance.is(0.2) ? clearAudio(40000) : '' }))
    if (!/<([^>]*)>/.test(ok.headers.get('Contact') ?? '')) return
    for (let seq = 2, last = 2 + chance.below(12); seq < last; seq++) {
      const method = chance.of(inDialogMethods)
      const withBody = method === 'INVITE' || method === 'UPDATE' || chance.is(0.2)
      mutator.send(caller, inDialogText(caller, ok, method, seq, { body: withBody ? chance.of(offers) : '' }))
    }
  }
  caller.onMessage = (message: SipMessage) => {
    if (message.kind === 'request') {
      const body = message.method === 'INVITE' || message.method === 'UPDATE' ? clearAudio(40000) : ''
      mutator.send(caller, responseText(caller, message, chance.of([200, 200, 200, 488]), { body }))
    } else if (message.headers.get('CSeq')?.endsWith('INVITE') === true && message.status >= 200) {
      if (message.status < 300) carryOn(message)
      else mutator.send(caller, ackText(message))
    } else if (message.headers.get('RSeq') !== undefined) {
      const RAck = `${message.headers.get('RSeq')!} ${message.headers.get('CSeq')!}`
      const body = chance.is(0.3) ? clearAudio(40000) : ''
      mutator.send(caller, inDialogText(caller, message, 'PRACK', 2 + chance.below(3), { body, fields: { RAck } }))
    }
    return true
  }
}

/** Ends what is still up: nobody of these ends will do it. */
async function endCalls(victim: Victim): Promise<void> {
  for (const call of [...victim.site.b2bua.calls]) call.end('shutdown')
  await turns(20)
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/**
 * Runs `once` again and again for a part of the time, and not more often than ports can be had. In between ordinary phones
 * call each other.
 */
async function forAWhile(victim: Victim, part: number, once: () => Promise<void>): Promise<number> {
  const began = performance.now()
  let runs = 0
  while (performance.now() - began < seconds * part * 1000) {
    await once()
    runs++
    if (runs % ordinaryEvery === 0) await victim.placesCall()
    while (runs > 20 + ((performance.now() - began) / 1000) * mostCalls)
      await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return runs
}

for (const protocol of ['udp', 'tcp'] as const) {
  test(`security case 2: mutated messages from both sides of calls over ${protocol}`, async (t) => {
    t.diagnostic(`FUZZ_SEED=${seed}`)
    const victim = await Victim.start(t, { settings: { maxCalls: 200 } })
    const mutator = new Mutator(new Chance(seed), 0.25)
    const { chance } = mutator
    const callee = await victim.callee(t)
    answerAtRandom(callee, mutator)
    let caller = await victim.wire(t, protocol)
    callAtRandom(caller, mutator)
    const runs = await forAWhile(victim, 0.3, async () => {
      if (caller.closed) {
        caller = await victim.wire(t, protocol)
        callAtRandom(caller, mutator)
      }
      const to = `<sip:bob@127.0.0.1:${callee.address.port}>`
      const supported = chance.is(0.5) ? { Supported: '100rel, timer', 'Session-Expires': '90' } : {}
      const invite = requestText(caller, 'INVITE', { body: chance.of(offers), fields: { To: to, ...supported } })
      mutator.send(caller, invite)
      if (chance.is(0.2)) mutator.send(caller, cancelText(invite))
      if (chance.is(0.3))
        mutator.send(caller, requestText(caller, chance.of(['OPTIONS', 'MESSAGE', 'BYE', 'REGISTER'])))
      await turns(6)
      if (chance.is(0.1)) await endCalls(victim)
    })
    t.diagnostic(`${runs} calls, ${mutator.sent} messages, ${mutator.mutated} of them mutated`)
    await endCalls(victim)
    callee.onMessage = caller.onMessage = () => true
    await victim.survived()
  })
}

/** Sends RTP and RTCP to every port that a description names, from sockets of no phone. */
async function mediaSender(t: TestContext): Promise<(description: string) => void> {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  t.after(() => socket.close())
  await once(socket, 'listening')
  let sequence = 0
  return (description) => {
    for (const [, port] of description.matchAll(/^m=\S+ (\d+) /gm)) {
      if (port === '0') continue
      socket.send(rtpPacket({ sequence: ++sequence & 0xffff }), Number(port), '127.0.0.1')
      socket.send(rtcpPacket(), Number(port) + 1, '127.0.0.1')
    }
  }
}

test('security case 2: mutated descriptions in offers and answers, with media on the ports that come of them', async (t) => {
  t.diagnostic(`FUZZ_SEED=${seed}`)
  const victim = await Victim.start(t, { settings: { maxCalls: 50 } })
  const chance = new Chance(seed)
  const sendMedia = await mediaSender(t)
  const caller = await victim.wire(t, 'tcp')
  const callee = await victim.callee(t)
  const sdp = (text: string): string => (chance.is(0.5) ? mutateSdp(chance, text) : text)
  callee.onMessage = (message) => {
    if (message.kind === 'response') return true
    if (message.method === 'ACK') return true
    const offer = message.body.toString('latin1')
    sendMedia(offer)
    const answer = (): string =>
      sdp(offer === '' ? chance.of([clearAudio(40010), sdesAudio(40010, key)]) : rightAnswer(offer))
    if (message.method === 'INVITE' && chance.is(0.3)) {
      callee.send(responseText(callee, message, 183, { body: answer() }))
    }
    const body = message.method === 'BYE' ? '' : answer()
    callee.send(responseText(callee, message, 200, { body }))
    return true
  }
  caller.onMessage = (message) => {
    if (message.kind === 'response') return false
    caller.send(responseText(caller, message, 200))
    return true
  }
  let answered = 0
  let changed = 0
  const runs = await forAWhile(victim, 0.4, async () => {
    victim.site.mode = chance.of([undefined, 'none', 'sdes'])
    const to = `<sip:bob@127.0.0.1:${callee.address.port}>`
    const body = chance.is(0.1) ? '' : sdp(chance.of(offers))
    caller.send(requestText(caller, 'INVITE', { body, fields: { To: to } }))
    const ok = await caller.response('INVITE')
    caller.send(ackText(ok, { body: body === '' ? sdp(rightAnswer(ok.body.toString('latin1'))) : '' }))
    assert.notEqual(ok.status, 500, body)
    if (ok.status !== 200) return
    answered++
    sendMedia(ok.body.toString('latin1'))
    let last = 1
    for (let changes = chance.below(4); changes > 0 && body !== ''; changes--) {
      const method = chance.of(['INVITE', 'UPDATE'])
      const offer = method === 'INVITE' && chance.is(0.1) ? '' : sdp(chance.of(offers))
      caller.send(inDialogText(caller, ok, method, ++last, { body: offer }))
      const response = await caller.response(method)
      const answer = offer === '' ? sdp(rightAnswer(response.body.toString('latin1'))) : ''
      if (method === 'INVITE') caller.send(ackText(response, { body: answer }))
      assert.notEqual(response.status, 500, offer)
      if (response.status === 200) changed++
      sendMedia(response.body.toString('latin1'))
      await turns(2)
    }
    caller.send(inDialogText(caller, ok, 'BYE', ++last))
    await caller.response('BYE')
    caller.received.length = 0
  })
  t.diagnostic(`${runs} calls, ${answered} answered, ${changed} changes accepted`)
  await endCalls(victim)
  await victim.survived()
})
