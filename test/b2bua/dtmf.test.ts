import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readKey, takesInfo, writeKey } from '../../src/b2bua/dtmf.ts'
import { Headers } from '../../src/sip/message/headers.ts'
import { type SipRequest } from '../../src/sip/message/message.ts'
import { type InviteSession } from '../../src/sip/usage/invite-session.ts'
import { clearAudio, sdesAudio } from '../support/b2bua/descriptions.ts'
import { onSite } from '../support/b2bua/on-site.ts'
import { ask, listen } from '../support/b2bua/sip-phone.ts'
import { type Site, type SiteOptions } from '../support/b2bua/site.ts'
import { eventPacket } from '../../src/media/dtmf/telephone-event.ts'
import { rtpPacket } from '../support/media/packets.ts'
import { Line } from '../support/media/phone.ts'
import { NaiveSrtp } from '../support/media/naive-srtp.ts'

const recipient = 'sip:bob@sip.example.org'
const relayType = 'application/dtmf-relay'

function info(body: string, contentType = relayType, headers: [string, string][] = []): SipRequest {
  const fields: [string, string][] = [['Content-Type', contentType], ...headers]
  return {
    ...{ kind: 'request', method: 'INFO', uri: 'sip:x@example.org', version: 'SIP/2.0' },
    headers: new Headers(fields),
    body: Buffer.from(body),
  }
}

describe('the key of an INFO', () => {
  for (const [body, event, duration, type] of [
    ['Signal=5\r\nDuration=160\r\n', 5, 160, relayType],
    ['Signal= *\r\nDuration= 250', 10, 250, relayType],
    ['signal=#\nduration=1', 11, 100, relayType],
    ['Duration=99999\r\nSignal=d\r\n', 15, 5000, relayType],
    ['Signal=11\r\n', 11, 160, relayType],
    ['Signal=!\r\n', 16, 160, relayType],
    ['7', 7, 160, 'application/dtmf'],
    [' #\r\n', 11, 160, 'Application/DTMF; charset=x'],
    ['Signal=3\r\nDuration=200', 3, 200, 'application/dtmf'],
  ] as const) {
    test(`${JSON.stringify(body)} in ${type} is ${event} for ${duration} ms`, () => {
      assert.deepEqual(readKey(info(body, type)), { event, duration })
    })
  }

  for (const [what, request] of [
    ['another type', info('Signal=5', 'text/plain')],
    ['no signal', info('Duration=5')],
    ['a signal that is no key', info('Signal=x')],
    ['several keys', info('Signal=55')],
    ['a body that is too long', info(`Signal=5\r\n${' '.repeat(300)}`)],
    ['a package', info('Signal=5', relayType, [['Info-Package', 'x']])],
    ['a number as of an event beyond the keys', info('17', 'application/dtmf')],
    ['nothing', info('', 'application/dtmf')],
    ['another method', { ...info('Signal=5'), method: 'MESSAGE' } satisfies SipRequest],
  ] as const) {
    test(`is absent: ${what}`, () => assert.equal(readKey(request), undefined))
  }

  test('is written as it is read', () => {
    assert.equal(writeKey({ event: 5, duration: 160 }).toString(), 'Signal=5\r\nDuration=160\r\n')
    for (let event = 0; event <= 16; event++) {
      assert.deepEqual(readKey(info(writeKey({ event, duration: 200 }).toString())), { event, duration: 200 })
    }
    assert.equal(writeKey({ event: 12, duration: 3 }).toString(), 'Signal=A\r\nDuration=100\r\n')
  })

  test('goes to who takes INFO', () => {
    assert.equal(takesInfo(new Headers([['Allow', 'INVITE, INFO']])), true)
    assert.equal(takesInfo(new Headers([['Allow', 'INVITE, BYE']])), false)
    assert.equal(takesInfo(new Headers([])), undefined)
  })
})

/** A description without telephone events. */
const withoutEvents = (sdp: string): string =>
  sdp.replace(/^(m=audio .*) 101\r$/m, '$1\r').replace(/^a=(rtpmap|fmtp):101.*\r\n/gm, '')

const keys = { a: Buffer.alloc(30, 'A'), b: Buffer.alloc(30, 'B') }

interface Talk {
  readonly a: InviteSession
  readonly b: InviteSession
  readonly atA: ReturnType<typeof listen>
  readonly atB: ReturnType<typeof listen>
  readonly lineA: Line
  readonly lineB: Line
  /** Where the server receives the media of each leg, and what it encrypts leg A's with. */
  readonly ports: { readonly a: number; readonly b: number }
  readonly fromServer: (datagram: Buffer) => Buffer
  readonly toServer: (plain: Buffer) => Buffer
}

const portOf = (body: Buffer): number => Number(/^m=audio (\d+) /m.exec(body.toString())![1])

/** A call: who has telephone events, and whether leg A is of SDES. Leg B is in clear. */
async function talk(site: Site, has: { a: boolean; b: boolean }, secured = false): Promise<Talk> {
  const [lineA, lineB] = [await Line.open(), await Line.open()]
  const own = secured ? sdesAudio(lineA.port, keys.a.toString('base64')) : clearAudio(lineA.port)
  const call = site.a.call(recipient, site.uri, { body: has.a ? own : withoutEvents(own) })
  const invite = await site.b.invites.next('INVITE')
  const answer = has.b ? clearAudio(lineB.port) : withoutEvents(clearAudio(lineB.port))
  const b = invite.accept({ body: Buffer.from(answer), contentType: 'application/sdp' })
  const { response, session: a } = await call.answered.next('200')
  a.acknowledge()
  const inline = /inline:([^\r|]+)/.exec(response.body.toString())?.[1]
  const suite = 'AES_CM_128_HMAC_SHA1_80'
  const cipher = (key: Buffer): NaiveSrtp =>
    new NaiveSrtp({ suite, key: key.subarray(0, 16), salt: key.subarray(16, 30) })
  return {
    ...{ a, b, atA: listen(a), atB: listen(b), lineA, lineB },
    ports: { a: portOf(response.body), b: portOf(invite.request.body) },
    fromServer: (datagram) =>
      inline === undefined ? datagram : cipher(Buffer.from(inline, 'base64')).unprotectRtp(datagram, 0),
    toServer: (plain) => (inline === undefined ? plain : cipher(keys.a).protectRtp(plain, 0)),
  }
}

/** Runs a test in a call. */
function inCall(
  has: { a: boolean; b: boolean },
  run: (call: Talk, site: Site) => Promise<void>,
  secured = false,
): () => Promise<void> {
  const options: SiteOptions = secured ? { mode: 'none' } : {}
  return () =>
    onSite(options, async (site) => {
      const call = await talk(site, has, secured)
      await run(call, site)
      for (const line of [call.lineA, call.lineB]) line.close()
      call.a.bye()
      await site.ended.next('end')
    })
}

/** The packets of a key that is pressed, let go, and said to be let go three times. */
const pressed = (event: number, sequence: number, timestamp: number): Buffer[] =>
  [400, 800, 1280, 1280, 1280].map((duration, index) =>
    eventPacket({
      ...{ payloadType: 101, ssrc: 7, event, timestamp, duration },
      ...{ marker: index === 0, sequence: sequence + index, end: duration === 1280 },
    }),
  )

const isEvent = (packet: Buffer): boolean => (packet[1]! & 0x7f) === 101

for (const secured of [false, true]) {
  const how = secured ? 'SDES to clear' : 'clear'
  describe(`[case 41] DTMF of a call, ${how}`, () => {
    test(
      'crosses as events where both phones have them',
      inCall(
        { a: true, b: true },
        async ({ lineA, lineB, ports, fromServer, toServer, atA, atB }) => {
          for (const packet of pressed(5, 1, 100)) {
            lineA.send(toServer(packet), ports.a)
            assert.deepEqual(await lineB.receive(), packet)
          }
          for (const packet of pressed(6, 1, 100)) {
            lineB.send(packet, ports.b)
            assert.deepEqual(fromServer(await lineA.receive()), packet)
          }
          assert.deepEqual([atA.requests.unread, atB.requests.unread], [[], []])
        },
        secured,
      ),
    )

    test(
      'becomes INFO to a callee without events, whose INFO becomes events',
      inCall(
        { a: true, b: false },
        async ({ lineA, lineB, ports, b, atB, fromServer, toServer }) => {
          for (const packet of [...pressed(1, 1, 100), ...pressed(11, 6, 5000)]) lineA.send(toServer(packet), ports.a)
          for (const signal of ['1', '#']) {
            const transaction = await atB.requests.next('INFO')
            assert.equal(transaction.request.method, 'INFO')
            assert.equal(transaction.request.headers.get('Content-Type'), relayType)
            assert.equal(transaction.request.body.toString(), `Signal=${signal}\r\nDuration=160\r\n`)
            assert.deepEqual(atB.requests.unread, [], 'one after the other')
            b.reply(transaction, 200)
          }
          lineA.send(toServer(rtpPacket({ sequence: 11 })), ports.a)
          assert.ok(!isEvent(await lineB.receive()))
          assert.equal((await ask(b, 'INFO', { body: 'Signal=9\r\n', contentType: relayType })).status, 200)
          const packets = []
          for (let index = 0; index < 6; index++) packets.push(fromServer(await lineA.receive()))
          assert.ok(packets.every((packet) => isEvent(packet) && packet[12] === 9))
          assert.deepEqual(
            packets.map((packet) => packet[13]! >= 0x80),
            [false, false, false, true, true, true],
          )
        },
        secured,
      ),
    )

    test(
      'becomes events to a callee that has them, whose events become INFO to a caller without',
      inCall(
        { a: false, b: true },
        async ({ lineA, lineB, ports, a, atA, toServer }) => {
          lineA.send(toServer(rtpPacket({ sequence: 50 })), ports.a)
          await lineB.receive()
          const asked = await ask(a, 'INFO', { body: '*', contentType: 'application/dtmf' })
          assert.equal(asked.status, 200)
          const first = await lineB.receive()
          assert.deepEqual(
            [first[1], first.readUInt16BE(2), first.readUInt32BE(8), first[12]],
            [0x80 | 101, 51, 0x12345678, 10],
          )
          for (const packet of pressed(15, 1, 100)) lineB.send(packet, ports.b)
          const transaction = await atA.requests.next('INFO')
          assert.equal(transaction.request.body.toString(), 'Signal=D\r\nDuration=160\r\n')
          a.reply(transaction, 200)
        },
        secured,
      ),
    )
  })
}

describe('INFO of a call', () => {
  for (const has of [
    { a: true, b: true },
    { a: false, b: false },
    { a: true, b: false },
  ]) {
    test(
      `crosses with its key where events ${has.b ? 'are on both legs' : has.a ? 'are on the leg it comes from' : 'are on no leg'}`,
      inCall(has, async ({ a, b, atB }) => {
        const asked = ask(a, 'INFO', { body: 'Signal=5\r\n', contentType: relayType })
        const transaction = await atB.requests.next('INFO')
        assert.equal(transaction.request.body.toString(), 'Signal=5\r\n')
        b.reply(transaction, 415)
        assert.equal((await asked).status, 415)
      }),
    )
  }

  test(
    'crosses with what is no key, and with a package, and its refusal comes back',
    inCall({ a: false, b: true }, async ({ a, b, atB }) => {
      for (const [contentType, body, headers, status] of [
        ['application/media_control+xml', '<media_control/>', [], 488],
        [relayType, 'Signal=nonsense', [], 415],
        [relayType, 'Signal=5', [['Info-Package', 'keys']], 469],
      ] as const) {
        const asked = ask(a, 'INFO', { body, contentType, headers })
        const transaction = await atB.requests.next('INFO')
        assert.equal(transaction.request.headers.get('Content-Type'), contentType)
        assert.equal(transaction.request.body.toString(), body)
        b.reply(transaction, status)
        assert.equal((await asked).status, status)
      }
    }),
  )

  test(
    'that a phone refuses is a warning, once, and the call goes on',
    inCall({ a: true, b: false }, async ({ lineA, ports, b, atB }, site) => {
      const warnings: string[] = []
      site.b2bua.events.on('warning', (_call, what) => warnings.push(what))
      for (const [index, event] of [1, 2].entries()) {
        for (const packet of pressed(event, 1 + 5 * index, 100 + 4000 * index)) lineA.send(packet, ports.a)
        b.reply(await atB.requests.next('INFO'), 415)
      }
      for (const packet of pressed(3, 11, 20_000)) lineA.send(packet, ports.a)
      b.reply(await atB.requests.next('INFO'), 200)
      assert.deepEqual(warnings, ['a key was lost: leg b answered INFO with 415 Unsupported Media Type'])
    }),
  )
})

describe('DTMF', () => {
  test(
    'of a phone that floods keeps its order, and goes no faster than it is answered',
    inCall({ a: true, b: false }, async ({ lineA, ports, b, atB }, site) => {
      const lost = new Promise<string>((resolve) => site.b2bua.events.on('warning', (_call, what) => resolve(what)))
      for (let index = 0; index < 40; index++) {
        const parts = { payloadType: 101, ssrc: 7, marker: true, end: true, duration: 800 }
        lineA.send(
          eventPacket({ ...parts, event: index % 10, sequence: index, timestamp: 100 + 1600 * index }),
          ports.a,
        )
      }
      assert.match(await lost, /^a key was lost: \d+ keys wait for leg b$/)
      let signals = ''
      for (let index = 0; index < 17; index++) {
        const transaction = await atB.requests.next('INFO')
        assert.deepEqual(atB.requests.unread, [])
        signals += transaction.request.body.toString()[7]!
        b.reply(transaction, 200)
      }
      assert.equal(signals, '01234567890123456')
      // keys that media brought only now found room
      for (const late of atB.requests.unread) b.reply(late, 200)
      b.onRequest = (late) => b.reply(late, 200)
    }),
  )

  test('crosses in early media', () =>
    onSite({}, async (site) => {
      const [lineA, lineB] = [await Line.open(), await Line.open()]
      const call = site.a.call(recipient, site.uri, { body: clearAudio(lineA.port) })
      const invite = await site.b.invites.next('INVITE')
      invite.provisional(183, { body: Buffer.from(clearAudio(lineB.port)), contentType: 'application/sdp' })
      const early = await call.provisional.next('183')
      for (const packet of pressed(5, 1, 100)) {
        lineA.send(packet, portOf(early.body))
        assert.deepEqual(await lineB.receive(), packet)
        lineB.send(packet, portOf(invite.request.body))
        assert.deepEqual(await lineA.receive(), packet)
      }
      for (const line of [lineA, lineB]) line.close()
      call.invite.cancel()
      await site.ended.next('end')
    }))

  for (const from of ['a', 'b'] as const)
    test(`of leg ${from} in early media waits, where it becomes INFO, for the answer, and keeps its order`, () =>
      onSite({}, async (site) => {
        const warnings: string[] = []
        site.b2bua.events.on('warning', (_call, what) => warnings.push(what))
        const [lineA, lineB] = [await Line.open(), await Line.open()]
        const offered = clearAudio(lineA.port)
        const answer = clearAudio(lineB.port)
        const call = site.a.call(recipient, site.uri, { body: from === 'a' ? offered : withoutEvents(offered) })
        const invite = await site.b.invites.next('INVITE')
        const body = Buffer.from(from === 'b' ? answer : withoutEvents(answer))
        const early = invite.provisional(183, { body, contentType: 'application/sdp' })!
        const { response, session } = await call.ringing.next('183')
        const [line, other] = from === 'a' ? [lineA, lineB] : [lineB, lineA]
        const port = portOf(from === 'a' ? response.body : invite.request.body)
        for (const packet of [...pressed(1, 1, 100), ...pressed(2, 6, 5000)]) line.send(packet, port)
        line.send(rtpPacket({ sequence: 11 }), port)
        assert.ok(!isEvent(await other.receive()), 'the keys have been taken out by now')
        const beforehand = listen(from === 'a' ? early : session).requests
        assert.deepEqual(beforehand.unread, [])
        const b = invite.accept({ body, contentType: 'application/sdp' })
        const far = from === 'a' ? b : session
        const requests = from === 'a' ? listen(b).requests : beforehand
        const { session: a } = await call.answered.next('200')
        a.acknowledge()
        line.send(pressed(3, 12, 9000)[4]!, port)
        for (const signal of '123') {
          const transaction = await requests.next('INFO')
          assert.equal(transaction.request.body.toString(), `Signal=${signal}\r\nDuration=160\r\n`)
          far.reply(transaction, 200)
        }
        assert.deepEqual(warnings, [])
        for (const one of [lineA, lineB]) one.close()
        a.bye()
        await site.ended.next('end')
      }))

  test('in INFO before the answer becomes an event, and is answered', () =>
    onSite({}, async (site) => {
      const [lineA, lineB] = [await Line.open(), await Line.open()]
      const call = site.a.call(recipient, site.uri, { body: withoutEvents(clearAudio(lineA.port)) })
      const invite = await site.b.invites.next('INVITE')
      invite.provisional(183, { body: Buffer.from(clearAudio(lineB.port)), contentType: 'application/sdp' })
      const { session } = await call.ringing.next('183')
      const asked = ask(session, 'INFO', { body: 'Signal=5\r\n', contentType: relayType })
      assert.equal((await asked).status, 200)
      const packet = await lineB.receive()
      assert.equal(packet[12], 5)
      for (const line of [lineA, lineB]) line.close()
      call.invite.cancel()
      await call.failed.next('487')
      await site.ended.next('end')
    }))

  test('of a call without an offer: the caller is offered events that the callee has not', () =>
    onSite({}, async (site) => {
      const [lineA, lineB] = [await Line.open(), await Line.open()]
      const call = site.a.call(recipient, site.uri)
      const invite = await site.b.invites.next('INVITE')
      const b = invite.accept({
        body: Buffer.from(withoutEvents(clearAudio(lineB.port))),
        contentType: 'application/sdp',
      })
      const atB = listen(b)
      const { response, session: a } = await call.answered.next('200')
      assert.match(response.body.toString(), /^a=rtpmap:101 telephone-event\/8000\r$/m)
      a.acknowledge({ body: Buffer.from(clearAudio(lineA.port)), contentType: 'application/sdp' })
      const ack = await atB.acks.next('ACK')
      assert.doesNotMatch(ack.body.toString(), /telephone-event/)
      for (const packet of pressed(10, 1, 100)) lineA.send(packet, portOf(response.body))
      const transaction = await atB.requests.next('INFO')
      assert.equal(transaction.request.body.toString(), 'Signal=*\r\nDuration=160\r\n')
      b.reply(transaction, 200)
      for (const line of [lineA, lineB]) line.close()
      a.bye()
      await site.ended.next('end')
    }))

  test(
    'is translated again after a hold',
    inCall({ a: true, b: false }, async ({ a, b, atB, lineA, lineB, ports, fromServer }) => {
      for (const [version, here, there] of [
        [2, 'sendonly', 'recvonly'],
        [3, 'sendrecv', 'sendrecv'],
      ] as const) {
        const asked = ask(a, 'INVITE', { body: clearAudio(lineA.port, here, version) })
        const transaction = await atB.requests.next('re-INVITE')
        const answer = withoutEvents(clearAudio(lineB.port, there, version))
        b.reply(transaction, 200, { body: Buffer.from(answer), contentType: 'application/sdp' })
        assert.match((await asked).body.toString(), /telephone-event/)
        a.acknowledge()
      }
      for (const packet of pressed(4, 1, 100)) lineA.send(packet, ports.a)
      const transaction = await atB.requests.next('INFO')
      assert.equal(transaction.request.body.toString(), 'Signal=4\r\nDuration=160\r\n')
      b.reply(transaction, 200)
      assert.equal((await ask(b, 'INFO', { body: 'Signal=8', contentType: relayType })).status, 200)
      assert.equal(fromServer(await lineA.receive())[12], 8)
    }),
  )
})

describe('a phone that does not take INFO', () => {
  test('spares the other one telephone events that it has not', () =>
    onSite({}, async (site) => {
      const call = site.a.call(recipient, site.uri, {
        body: withoutEvents(clearAudio(40000)),
        headers: [['Allow', 'INVITE, ACK, BYE, CANCEL']],
      })
      const invite = await site.b.invites.next('INVITE')
      assert.doesNotMatch(invite.request.body.toString(), /telephone-event/)
      call.invite.cancel()
      await call.failed.next('487')
      await site.ended.next('end')
      const second = site.a.call(recipient, site.uri, { body: clearAudio(40000) })
      const answered = await site.b.invites.next('INVITE')
      answered.accept({
        body: Buffer.from(withoutEvents(clearAudio(40010))),
        contentType: 'application/sdp',
        headers: [['Allow', 'INVITE, ACK, BYE, CANCEL']],
      })
      const { response, session } = await second.answered.next('200')
      assert.doesNotMatch(response.body.toString(), /telephone-event/)
      session.acknowledge()
      session.bye()
      await site.ended.next('end')
    }))
})
