import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { clearAudio, sdesAudio } from '../support/b2bua/descriptions.ts'
import { onSite } from '../support/b2bua/on-site.ts'
import { Site } from '../support/b2bua/site.ts'
import { ask, listen } from '../support/b2bua/sip-phone.ts'

const recipient = 'sip:bob@sip.example.org;gr=urn:uuid:7'
const keyOfAlice = 'QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB'

/** Sets a call up from A to B, both in the given mode of A, and returns both ends. */
async function talk(site: Site, offer = clearAudio(40000), answer = clearAudio(40010)) {
  const call = site.a.call(recipient, site.uri, { body: offer })
  const invite = await site.b.invites.next('INVITE')
  invite.provisional(180)
  const b = invite.accept({ body: Buffer.from(answer), contentType: 'application/sdp' })
  const { response, session: a } = await call.answered.next('200')
  a.acknowledge()
  return { a, b, atA: listen(a), atB: listen(b), invite, response }
}

const text = (message: { body: Buffer }): string => message.body.toString('latin1')

describe('a call', () => {
  test('reaches the recipient of To with From kept, one Route, our User-Agent, both loop headers and a hop less', () =>
    onSite({}, async (site) => {
      const call = site.a.call(recipient, site.uri, {
        body: clearAudio(40000),
        headers: [['X-Custom', 'kept as it came']],
      })
      const { request } = await site.b.invites.next('INVITE')
      const { headers } = request
      assert.equal(request.uri, recipient)
      assert.equal(headers.get('To'), `<${recipient}>`)
      assert.match(headers.get('From')!, /^"alice" <sip:alice@sip\.example\.org>;tag=/)
      assert.notEqual(headers.get('From'), call.invite.localTag)
      assert.deepEqual(headers.values('Route'), [`<${site.b.uri};lr>`])
      assert.equal(headers.get('User-Agent'), 'Flexisip-B2BUA/1.0')
      assert.equal(headers.get('X-Flexisip-B2BUA'), 'ignore')
      assert.equal(headers.get('flexisip-b2bua'), 'ignore')
      assert.equal(headers.get('Max-Forwards'), '69')
      assert.equal(headers.get('X-Custom'), 'kept as it came')
      assert.notEqual(headers.get('Call-ID'), call.invite.callId)
      call.invite.cancel()
      await call.failed.next('487')
    }))

  test('is challenged by the outbound proxy end to end: the caller’s credentials reach it', () =>
    onSite({}, async (site) => {
      const challenge = 'Digest realm="sip.example.org", nonce="n1", algorithm=MD5'
      const first = site.a.call(recipient, site.uri, { body: clearAudio(40000) })
      const refused = await site.b.invites.next('INVITE')
      refused.reject(407, { headers: [['Proxy-Authenticate', challenge]] })
      assert.equal((await first.failed.next('407')).response?.headers.get('Proxy-Authenticate'), challenge)
      const credentials = 'Digest username="alice", realm="sip.example.org", nonce="n1", response="0"'
      const second = site.a.call(recipient, site.uri, {
        body: clearAudio(40000),
        headers: [['Proxy-Authorization', credentials]],
      })
      const { request } = await site.b.invites.next('INVITE')
      assert.deepEqual(request.headers.all('Proxy-Authorization'), [credentials])
      second.invite.cancel()
      await second.failed.next('487')
    }))

  test('rings, is answered, and ends when the caller hangs up, with the reason that she gave', () =>
    onSite({}, async (site) => {
      const { a, atB } = await talk(site)
      a.bye([['Reason', 'Q.850;cause=16;text="bye"']])
      const bye = await atB.bye.next('BYE')
      assert.equal(bye.headers.get('Reason'), 'Q.850;cause=16;text="bye"')
      assert.equal(bye.headers.get('X-Flexisip-B2BUA'), 'ignore')
      assert.equal((await site.ended.next('end')).reason, 'hangup')
    }))

  test('ends when the callee hangs up', () =>
    onSite({}, async (site) => {
      const { b, atA } = await talk(site)
      b.bye()
      await atA.bye.next('BYE')
      assert.equal((await site.ended.next('end')).by, 'b')
    }))

  test('shows each phone only addresses of this server, and the codecs of the other phone', () =>
    onSite({}, async (site) => {
      const { a, invite, response } = await talk(site)
      for (const body of [text(invite.request), text(response)]) {
        assert.doesNotMatch(body, /m=audio 400[01]0/)
        assert.match(body, /m=audio \d+ RTP\/AVP 0 101\r\n/)
        assert.match(body, /a=fmtp:101 0-15\r\n/)
      }
      a.bye()
      await site.ended.next('end')
    }))

  test('is encrypted on leg B alone when the rule says so, and no key of one leg is seen on the other', () =>
    onSite({ mode: 'sdes' }, async (site) => {
      const call = site.a.call(recipient, site.uri, { body: clearAudio(40000) })
      const invite = await site.b.invites.next('INVITE')
      const offer = text(invite.request)
      assert.match(offer, /m=audio \d+ RTP\/SAVP 0 101/)
      assert.match(offer, /a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:/)
      invite.accept({ body: Buffer.from(sdesAudio(40010, keyOfAlice)), contentType: 'application/sdp' })
      const { response, session } = await call.answered.next('200')
      session.acknowledge()
      assert.match(text(response), /RTP\/AVP 0 101/)
      assert.doesNotMatch(text(response), /crypto|inline/)
      session.bye()
      await site.ended.next('end')
    }))

  test('in SDES on leg A is answered with a key of this server, not that of leg B', () =>
    onSite({ mode: 'none' }, async (site) => {
      const { a, invite, response } = await talk(site, sdesAudio(40000, keyOfAlice))
      assert.doesNotMatch(text(invite.request), /crypto/)
      assert.match(text(response), /a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:/)
      assert.ok(!text(response).includes(keyOfAlice))
      a.bye()
      await site.ended.next('end')
    }))

  test('carries early media: 183 with the description rewritten', () =>
    onSite({}, async (site) => {
      const call = site.a.call(recipient, site.uri, { body: clearAudio(40000) })
      const invite = await site.b.invites.next('INVITE')
      invite.provisional(183, { body: Buffer.from(clearAudio(40010)), contentType: 'application/sdp' })
      const early = await call.provisional.next('183')
      assert.equal(early.status, 183)
      assert.match(text(early), /m=audio \d+ RTP\/AVP 0 101/)
      assert.doesNotMatch(text(early), /m=audio 40010/)
      invite.accept({ body: Buffer.from(clearAudio(40010)), contentType: 'application/sdp' })
      const { response, session } = await call.answered.next('200')
      assert.equal(text(response), text(early), 'the answer stays the same (RFC 3261 §13.2.1)')
      session.acknowledge()
      session.bye()
      await site.ended.next('end')
    }))

  test('that the caller cancels while it rings is cancelled at the callee with her Reason', () =>
    onSite({}, async (site) => {
      const call = site.a.call(recipient, site.uri, { body: clearAudio(40000) })
      const invite = await site.b.invites.next('INVITE')
      invite.provisional(180)
      await call.provisional.next('180')
      const cancelled = new Promise<string | undefined>((resolve) => {
        invite.onCancelled = (cancel) => resolve(cancel.headers.get('Reason'))
      })
      call.invite.cancel([['Reason', 'SIP;cause=200;text="Call completed elsewhere"']])
      assert.equal(await cancelled, 'SIP;cause=200;text="Call completed elsewhere"')
      assert.equal((await call.failed.next('487')).status, 487)
      assert.equal((await site.ended.next('end')).reason, 'answered-elsewhere')
    }))

  for (const [status, reason] of [
    [486, 'busy'],
    [603, 'declined'],
    [404, 'not-found'],
    [480, 'unavailable'],
    [500, 'rejected'],
  ] as const) {
    test(`that the callee refuses with ${status} is refused with ${status}, its Reason and Retry-After`, () =>
      onSite({}, async (site) => {
        const call = site.a.call(recipient, site.uri, { body: clearAudio(40000) })
        const invite = await site.b.invites.next('INVITE')
        invite.reject(status, {
          headers: [
            ['Reason', 'Q.850;cause=17'],
            ['Retry-After', '7'],
          ],
        })
        const { response } = await call.failed.next('failure')
        assert.equal(response?.status, status)
        assert.equal(response.headers.get('Reason'), 'Q.850;cause=17')
        assert.equal(response.headers.get('Retry-After'), '7')
        assert.equal((await site.ended.next('end')).reason, reason)
      }))
  }

  test('pain 14: without an offer takes the answerer’s offer to the caller and her answer back in the ACK', () =>
    onSite({}, async (site) => {
      const call = site.a.call(recipient, site.uri)
      const invite = await site.b.invites.next('INVITE')
      assert.equal(invite.request.body.length, 0)
      const b = invite.accept({ body: Buffer.from(clearAudio(40010)), contentType: 'application/sdp' })
      const { acks } = listen(b)
      const { response, session } = await call.answered.next('200')
      assert.match(text(response), /m=audio \d+ RTP\/AVP 0 101/)
      assert.equal(acks.unread.length, 0, 'leg B waits for the answer')
      session.acknowledge({ body: Buffer.from(clearAudio(40000)), contentType: 'application/sdp' })
      assert.match(text(await acks.next('ACK')), /m=audio \d+ RTP\/AVP 0 101/)
      session.bye()
      await site.ended.next('end')
    }))

  test('whose offer needs ZRTP or DTLS-SRTP is refused with 488 and a Warning that says so', () =>
    onSite({}, async (site) => {
      const offer = clearAudio(40000).replace('a=sendrecv', 'a=zrtp-hash:1.10 aabb\r\na=sendrecv')
      const { response } = await site.a.call(recipient, site.uri, { body: offer }).failed.next('488')
      assert.equal(response?.status, 488)
      assert.match(response.headers.get('Warning')!, /zrtp is not available/)
    }))

  test('with a malformed description is refused with 400 and the line that is wrong', () =>
    onSite({}, async (site) => {
      const { response } = await site.a.call(recipient, site.uri, { body: 'v=0\r\nnonsense\r\n' }).failed.next('400')
      assert.equal(response?.status, 400)
      assert.match(response.headers.get('Warning')!, /2/)
    }))

  test('whose callee answers in another mode than the rule’s is ended on both sides', () =>
    onSite({ mode: 'sdes' }, async (site) => {
      const call = site.a.call(recipient, site.uri, { body: clearAudio(40000) })
      const invite = await site.b.invites.next('INVITE')
      const { bye } = listen(invite.accept({ body: Buffer.from(clearAudio(40010)), contentType: 'application/sdp' }))
      await bye.next('BYE')
      assert.equal((await call.failed.next('488')).status, 488)
    }))

  test('ends when nobody answers within the limit: 486 to the caller', () =>
    onSite({ settings: { unansweredTimeout: 300 } }, async (site) => {
      const call = site.a.call(recipient, site.uri, { body: clearAudio(40000) })
      assert.equal((await call.failed.next('486')).status, 486)
      assert.equal((await site.ended.next('end')).reason, 'no-answer')
    }))

  test('ends by itself at max-call-duration, with BYE on both legs', () =>
    onSite({ settings: { maxDuration: 100 } }, async (site) => {
      const { atA, atB } = await talk(site)
      const [atCaller] = await Promise.all([atA.bye.next('BYE'), atB.bye.next('BYE')])
      assert.match(atCaller.headers.get('Reason')!, /Maximum call duration/)
    }))

  test('beyond max-calls is refused with 486', () =>
    onSite({ settings: { maxCalls: 1 } }, async (site) => {
      const { a } = await talk(site)
      assert.equal((await site.a.call(recipient, site.uri, { body: clearAudio(40002) }).failed.next('486')).status, 486)
      a.bye()
      await site.ended.next('end')
    }))

  test('through an outbound proxy that refuses connections fails at once with 503', () =>
    onSite({ route: 'sip:127.0.0.1:9;transport=tcp' }, async (site) => {
      const { response } = await site.a.call(recipient, site.uri, { body: clearAudio(40000) }).failed.next('503')
      assert.equal(response?.status, 503)
      assert.equal((await site.ended.next('end')).reason, 'unreachable')
    }))

  test('that comes with our own User-Agent and loop headers is a call like any other, and leg B has each once', () =>
    onSite({}, async (site) => {
      const headers = [
        ['X-Flexisip-B2BUA', 'ignore'],
        ['flexisip-b2bua', 'ignore'],
      ] as const
      const call = site.a.call(recipient, site.uri, { body: clearAudio(40000), headers })
      const { request } = await site.b.invites.next('INVITE')
      for (const [name] of headers) assert.deepEqual(request.headers.all(name), ['ignore'])
      assert.deepEqual(request.headers.all('User-Agent'), ['Flexisip-B2BUA/1.0'])
      call.invite.cancel()
      await call.failed.next('487')
    }))

  test('that the outbound proxy sends straight back dies of Max-Forwards: 483 to the caller', () =>
    onSite({ settings: { maxCalls: 100 } }, async (site) => {
      site.route = site.uri
      const { response } = await site.a.call(recipient, site.uri, { body: clearAudio(40000) }).failed.next('483')
      assert.equal(response?.status, 483)
      assert.equal((await site.ended.next('end')).reason, 'too-many-hops')
    }))

  test('works over UDP', () =>
    onSite({ protocol: 'udp' }, async (site) => {
      const { a, atB } = await talk(site)
      a.bye()
      await atB.bye.next('BYE')
      await site.ended.next('end')
    }).then(() => undefined))
})

describe('inside a call', () => {
  test('a re-INVITE crosses with its direction, and so does the answer', () =>
    onSite({}, async (site) => {
      const { a, atB, b } = await talk(site)
      const asked = ask(a, 'INVITE', { body: clearAudio(40000, 'sendonly', 2) })
      const transaction = await atB.requests.next('re-INVITE')
      assert.match(text(transaction.request), /a=sendonly/)
      b.reply(transaction, 200, { body: Buffer.from(clearAudio(40010, 'recvonly', 2)), contentType: 'application/sdp' })
      const response = await asked
      assert.equal(response.status, 200)
      assert.match(text(response), /a=recvonly/)
      a.acknowledge()
      await atB.acks.next('ACK')
      a.bye()
      await site.ended.next('end')
    }))

  test('a re-INVITE that the far side refuses is refused with the same status and the call goes on', () =>
    onSite({}, async (site) => {
      const { a, atB, b } = await talk(site)
      const asked = ask(a, 'INVITE', { body: clearAudio(40000, 'sendonly', 2) })
      b.reply(await atB.requests.next('re-INVITE'), 491)
      assert.equal((await asked).status, 491)
      const again = ask(a, 'INVITE', { body: clearAudio(40000, 'sendonly', 3) })
      const transaction = await atB.requests.next('second re-INVITE')
      b.reply(transaction, 200, { body: Buffer.from(clearAudio(40010, 'recvonly', 2)), contentType: 'application/sdp' })
      assert.equal((await again).status, 200)
      a.acknowledge()
      a.bye()
      await site.ended.next('end')
    }))

  test('pain 15: two re-INVITEs that cross get 491', () =>
    onSite({}, async (site) => {
      const { a, b, atB } = await talk(site)
      const fromA = ask(a, 'INVITE', { body: clearAudio(40000, 'sendonly', 2) })
      const transaction = await atB.requests.next('re-INVITE')
      const fromB = await ask(b, 'INVITE', { body: clearAudio(40010, 'sendonly', 2) }).catch((error: unknown) => error)
      assert.equal((fromB as { status: number }).status, 491)
      b.reply(transaction, 200, { body: Buffer.from(clearAudio(40010, 'recvonly', 2)), contentType: 'application/sdp' })
      assert.equal((await fromA).status, 200)
      a.acknowledge()
      a.bye()
      await site.ended.next('end')
    }))

  test('pain 14: an offerless re-INVITE gets the far side’s offer, and the ACK’s answer goes on', () =>
    onSite({}, async (site) => {
      const { a, b, atB } = await talk(site)
      const asked = ask(a, 'INVITE')
      const transaction = await atB.requests.next('re-INVITE')
      assert.equal(transaction.request.body.length, 0)
      b.reply(transaction, 200, { body: Buffer.from(clearAudio(40010, 'sendrecv', 2)), contentType: 'application/sdp' })
      assert.match(text(await asked), /m=audio \d+/)
      a.acknowledge({ body: Buffer.from(clearAudio(40000, 'sendrecv', 2)), contentType: 'application/sdp' })
      const acks = [await atB.acks.next('ACK')]
      if (acks[0]!.body.length === 0) acks.push(await atB.acks.next('ACK of the re-INVITE'))
      assert.match(text(acks.at(-1)!), /m=audio \d+/)
      a.bye()
      await site.ended.next('end')
    }))

  for (const method of ['INFO', 'MESSAGE', 'OPTIONS'] as const) {
    test(`${method} crosses with its body, and so does the response`, () =>
      onSite({}, async (site) => {
        const { a, b, atB } = await talk(site)
        const asked = ask(a, method, { body: 'Signal=5\r\n', contentType: 'application/dtmf-relay' })
        const transaction = await atB.requests.next(method)
        assert.equal(text(transaction.request), 'Signal=5\r\n')
        assert.equal(transaction.request.headers.get('Content-Type'), 'application/dtmf-relay')
        b.reply(transaction, 202, { headers: [['X-Answer', 'yes']] })
        const response = await asked
        assert.equal(response.status, 202)
        assert.equal(response.headers.get('X-Answer'), 'yes')
        a.bye()
        await site.ended.next('end')
      }))
  }

  test('UPDATE with an offer crosses like a re-INVITE', () =>
    onSite({}, async (site) => {
      const { a, b, atA } = await talk(site)
      const asked = ask(b, 'UPDATE', { body: clearAudio(40010, 'sendonly', 2) })
      const transaction = await atA.requests.next('UPDATE')
      assert.match(text(transaction.request), /a=sendonly/)
      a.reply(transaction, 200, { body: Buffer.from(clearAudio(40000, 'recvonly', 2)), contentType: 'application/sdp' })
      assert.match(text(await asked), /a=recvonly/)
      b.bye()
      await site.ended.next('end')
    }))
})

describe('a server that stops', () => {
  let site: Site
  before(async () => {
    site = await Site.start()
  })
  after(() => site.stop())

  test('ends calls in progress with BYE after the grace and turns new ones away with 503', async () => {
    const { atA, atB } = await talk(site)
    const stopped = site.b2bua.stop(200)
    const { response } = await site.a.call(recipient, site.uri, { body: clearAudio(40002) }).failed.next('503')
    assert.equal(response?.status, 503)
    assert.ok(response.headers.get('Retry-After'))
    await Promise.all([atA.bye.next('BYE'), atB.bye.next('BYE'), stopped])
    assert.equal((await site.ended.next('end')).reason, 'shutdown')
  })
})
