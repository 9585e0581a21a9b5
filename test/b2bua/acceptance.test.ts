/** Flexisip's cases of calls by their numbers, with the media that they speak of. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { clearAudio } from '../support/b2bua/descriptions.ts'
import { onSite } from '../support/b2bua/on-site.ts'
import { ask, listen } from '../support/b2bua/sip-phone.ts'
import { HandClock } from '../support/hand-clock.ts'
import { rtpPacket } from '../support/media/packets.ts'
import { Line } from '../support/media/phone.ts'

const recipient = 'sip:bob@sip.example.org'
const described = (text: string) => ({ body: Buffer.from(text), contentType: 'application/sdp' }) as const
const text = ({ body }: { readonly body: Buffer }): string => body.toString('latin1')
const portsIn = (message: { readonly body: Buffer }): number[] =>
  [...text(message).matchAll(/^m=\S+ (\d+) /gm)].map(([, port]) => Number(port))

/** Audio goes both ways between two lines. */
async function assertAudio(a: Line, portA: number, b: Line, portB: number, sequence: number): Promise<void> {
  for (const [from, port, to] of [
    [a, portA, b],
    [b, portB, a],
  ] as const) {
    const packet = rtpPacket({ sequence, payload: Buffer.from(`packet ${sequence}`) })
    from.send(packet, port)
    assert.deepEqual(await to.receive(), packet)
  }
}

/** Runs a test with two lines, which are closed behind it. */
async function withLines(run: (a: Line, b: Line) => Promise<void>): Promise<void> {
  const [a, b] = await Promise.all([Line.open(), Line.open()])
  try {
    await run(a, b)
  } finally {
    a.close()
    b.close()
  }
}

const events = [101, 'telephone-event/8000'] as const

/** An audio stream of several codecs. */
function codecs(port: number, ...list: readonly (readonly [payloadType: number, codec: string])[]): string {
  const formats = list.map(([payloadType]) => payloadType).join(' ')
  const lines = list.map(([payloadType, codec]) => `a=rtpmap:${payloadType} ${codec}`)
  const head = clearAudio(port).split('\r\nm=')[0]!
  return [head, `m=audio ${port} RTP/AVP ${formats}`, ...lines, ''].join('\r\n')
}

describe('a call', () => {
  test('case 2: in early media audio flows both ways before the answer, and after it', () =>
    withLines((lineA, lineB) =>
      onSite({}, async (site) => {
        const call = site.a.call(recipient, site.uri, { body: clearAudio(lineA.port) })
        const invite = await site.b.invites.next('INVITE')
        invite.provisional(183, described(clearAudio(lineB.port)))
        const early = await call.provisional.next('183')
        const [portA, portB] = [portsIn(early)[0]!, portsIn(invite.request)[0]!]
        await assertAudio(lineA, portA, lineB, portB, 1)
        invite.accept(described(clearAudio(lineB.port)))
        const { session, response } = await call.answered.next('200')
        session.acknowledge()
        assert.deepEqual(portsIn(response), [portA])
        await assertAudio(lineA, portA, lineB, portB, 2)
        session.bye()
        await site.ended.next('end')
      }),
    ))

  test('case 3: that the callee declines is over on both legs', () =>
    onSite({}, async (site) => {
      const call = site.a.call(recipient, site.uri, { body: clearAudio(40000) })
      const invite = await site.b.invites.next('INVITE')
      invite.provisional(180)
      await call.provisional.next('180')
      invite.reject(603)
      assert.equal((await call.failed.next('603')).status, 603)
      assert.equal((await site.ended.next('end')).reason, 'declined')
    }))

  for (const kinds of [['audio', 'video'], ['video']] as const)
    test(`case 4: of ${kinds.join(' and ')} is held and resumed`, () =>
      onSite({}, async (site) => {
        let version = 0
        const streams = (port: number, direction: string): string => {
          const head = clearAudio(port, 'sendrecv', ++version).split('m=')[0]!
          return head + kinds.map((kind, at) => `m=${kind} ${port + 2 * at} RTP/AVP 96\r\na=${direction}\r\n`).join('')
        }
        const directions = (message: { readonly body: Buffer }): string[] =>
          [...text(message).matchAll(/^a=(send\w+|recvonly|inactive)\r$/gm)].map(([, one]) => one!)
        const call = site.a.call(recipient, site.uri, { body: streams(40000, 'sendrecv') })
        const invite = await site.b.invites.next('INVITE')
        const b = invite.accept(described(streams(40010, 'sendrecv')))
        const { session: a } = await call.answered.next('200')
        a.acknowledge()
        const [atA, atB] = [listen(a), listen(b)]
        for (const [offer, answer] of [
          ['sendonly', 'recvonly'],
          ['sendrecv', 'sendrecv'],
        ] as const) {
          const outcome = ask(a, 'INVITE', { body: streams(40000, offer) })
          const reinvite = await atB.requests.next('re-INVITE')
          b.reply(reinvite, 200, described(streams(40010, answer)))
          const all = (direction: string): string[] => kinds.map(() => direction)
          assert.deepEqual(directions(reinvite.request), all(offer))
          assert.deepEqual(directions(await outcome), all(answer))
          a.acknowledge()
        }
        assert.deepEqual(atA.requests.unread, [])
        a.bye()
        await site.ended.next('end')
      }))

  test('case 5: goes to the user of To, whatever the Request-URI says', () =>
    onSite({}, async (site) => {
      const call = site.a.call(recipient, site.uri, {
        body: clearAudio(40000),
        uri: 'sip:somebody-else@sip.example.org',
      })
      const { request } = await site.b.invites.next('INVITE')
      assert.equal(request.uri, recipient)
      assert.equal(request.headers.get('To'), `<${recipient}>`)
      assert.deepEqual(site.b.invites.unread, [])
      call.invite.cancel()
      await call.failed.next('487')
    }))

  test('case 8: whose callee refuses the video is one of audio on both ends', () =>
    withLines((lineA, lineB) =>
      onSite({}, async (site) => {
        const video = (port: number): string => `m=video ${port} RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n`
        const call = site.a.call(recipient, site.uri, { body: clearAudio(lineA.port) + video(40002) })
        const invite = await site.b.invites.next('INVITE')
        const [portB, videoB] = portsIn(invite.request)
        assert.notEqual(videoB, 0)
        const b = invite.accept(described(clearAudio(lineB.port) + video(0)))
        const { session, response } = await call.answered.next('200')
        session.acknowledge()
        const [portA, videoA] = portsIn(response)
        assert.equal(videoA, 0)
        await assertAudio(lineA, portA!, lineB, portB!, 1)
        const { bye } = listen(session)
        b.bye()
        await bye.next('BYE')
        await site.ended.next('end')
      }),
    ))

  for (const [audio, kept] of [
    ['speex/8000', 97],
    ['G729/8000', 18],
  ] as const)
    test(`case 14: with audio-codec=${audio} phones of several codecs use that one on both legs`, () =>
      onSite({ settings: { codecs: { audio } } }, async (site) => {
        const all = [[0, 'PCMU/8000'], [18, 'G729/8000'], [96, 'speex/16000'], [97, 'speex/8000'], events] as const
        const formatsOf = (message: { readonly body: Buffer }): string =>
          /^m=audio \d+ \S+ (.*)\r$/m.exec(text(message))![1]!
        const call = site.a.call(recipient, site.uri, { body: codecs(40000, ...all) })
        const invite = await site.b.invites.next('INVITE')
        assert.equal(formatsOf(invite.request), `${kept} 101`)
        invite.accept(described(codecs(40010, [kept, audio], events)))
        const { session, response } = await call.answered.next('200')
        session.acknowledge()
        assert.equal(formatsOf(response), `${kept} 101`)
        session.bye()
        await site.ended.next('end')
        // what the callee offers is restricted as well
        const offerless = site.a.call(recipient, site.uri)
        const second = await site.b.invites.next('INVITE')
        const b = second.accept(described(codecs(40010, ...all)))
        const { acks } = listen(b)
        const { session: a, response: offer } = await offerless.answered.next('200')
        assert.equal(formatsOf(offer), `${kept} 101`)
        a.acknowledge(described(codecs(40000, [kept, audio], events)))
        assert.equal(formatsOf(await acks.next('ACK')), `${kept} 101`)
        a.bye()
        await site.ended.next('end')
      }))

  test('case 43: is ended by this server when max-call-duration is over', () => {
    const clock = new HandClock()
    return onSite({ clock, settings: { maxDuration: 1000 } }, async (site) => {
      const call = site.a.call(recipient, site.uri, { body: clearAudio(40000) })
      const invite = await site.b.invites.next('INVITE')
      const b = invite.accept(described(clearAudio(40010)))
      const { session: a } = await call.answered.next('200')
      a.acknowledge()
      const [atA, atB] = [listen(a), listen(b)]
      const info = ask(a, 'INFO') // the ACK is there before it
      b.reply(await atB.requests.next('INFO'), 200)
      await info
      clock.advance(1000)
      await Promise.all([atA.bye.next('BYE'), atB.bye.next('BYE')])
      const { reason, by } = await site.ended.next('end')
      assert.deepEqual([reason, by], ['max-duration', 'server'])
    })
  })
})
