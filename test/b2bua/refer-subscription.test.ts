import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type InviteSession } from '../../src/sip/usage/invite-session.ts'
import { HandClock } from '../support/hand-clock.ts'
import { clearAudio } from '../support/b2bua/descriptions.ts'
import { onSite } from '../support/b2bua/on-site.ts'
import { ask, listen, tell } from '../support/b2bua/sip-phone.ts'
import { type Site } from '../support/b2bua/site.ts'
import { requestText, responseText } from '../support/torture/sip-text.ts'
import { TcpWire } from '../support/torture/wire.ts'

const target = ['Refer-To', '<sip:carol@sip.example.org>'] as const
const unknownFor = 'active;expires=60'

async function talk(site: Site) {
  const call = site.a.call('sip:bob@sip.example.org', site.uri, { body: clearAudio(40000) })
  const invite = await site.b.invites.next('INVITE')
  const b = invite.accept({ body: Buffer.from(clearAudio(40010)), contentType: 'application/sdp' })
  const { session: a } = await call.answered.next('200')
  a.acknowledge()
  return { a, b, atA: listen(a), atB: listen(b) }
}

type Talk = Awaited<ReturnType<typeof talk>>

/** A refers B, who agrees. */
async function refer({ a, b, atB }: Talk, headers: readonly (readonly [string, string])[] = []) {
  const asked = ask(a, 'REFER', { headers: [target, ...headers] })
  const transaction = await atB.requests.next('REFER')
  b.reply(transaction, 202, { headers: headers.filter(([name]) => name === 'Refer-Sub') })
  const response = await asked
  assert.equal(response.status, 202)
  return { request: transaction.request, response }
}

/** B tells A, who hears it. */
async function outcome({ a, b, atA }: Talk, statusLine: string, state?: string): Promise<void> {
  const told = tell(b, statusLine, state)
  const notify = await atA.requests.next('NOTIFY')
  assert.equal(notify.request.body.toString(), `${statusLine}\r\n`)
  a.reply(notify, 200)
  assert.equal((await told).status, 200)
}

/** The phones keep their dialogs for the subscription, as this server does. */
function keep(...sessions: InviteSession[]): void {
  for (const session of sessions) session.hold()
}

describe('the subscription of a REFER', () => {
  test('ends with the NOTIFY that says so, and BYE after it leaves nothing', () =>
    onSite({}, async (site) => {
      const call = await talk(site)
      await refer(call)
      await outcome(call, 'SIP/2.0 100 Trying', unknownFor)
      await outcome(call, 'SIP/2.0 200 OK')
      call.a.bye()
      await call.atB.bye.next('BYE')
      await site.ended.next('end')
    }))

  test('a NOTIFY that comes before the answer to its REFER, or with it, goes on 100 ms after it', async () => {
    const clock = new HandClock()
    await onSite({ clock }, async (site) => {
      const call = await talk(site)
      const { a, b, atA, atB } = call
      const asked = ask(a, 'REFER', { headers: [target] })
      const transaction = await atB.requests.next('REFER')
      const told = tell(b, 'SIP/2.0 100 Trying', unknownFor)
      // A hears in order: each MESSAGE comes first
      for (const answered of [false, true]) {
        if (answered) {
          b.reply(transaction, 202)
          assert.equal((await asked).status, 202)
          clock.advance(99)
        }
        const passed = ask(b, 'MESSAGE', {})
        const message = await atA.requests.next('a request')
        assert.equal(message.request.method, 'MESSAGE')
        a.reply(message, 200)
        assert.equal((await passed).status, 200)
      }
      clock.advance(1)
      a.reply(await atA.requests.next('NOTIFY'), 200)
      assert.equal((await told).status, 200)
      await outcome(call, 'SIP/2.0 200 OK')
      a.bye()
      await atB.bye.next('BYE')
      await site.ended.next('end')
    })
  })

  test('of NOTIFYs that come before the answer to their REFER 16 wait, and more are told to come again', () =>
    onSite({}, async (site) => {
      const { a, b, atA, atB } = await talk(site)
      const asked = ask(a, 'REFER', { headers: [target] })
      const transaction = await atB.requests.next('REFER')
      const waiting = Array.from({ length: 16 }, () => tell(b, 'SIP/2.0 100 Trying', unknownFor))
      const response = await tell(b, 'SIP/2.0 100 Trying', unknownFor)
      assert.deepEqual([response.status, response.headers.get('Retry-After')], [500, '1'])
      b.reply(transaction, 603)
      assert.equal((await asked).status, 603)
      for (const told of waiting) {
        a.reply(await atA.requests.next('NOTIFY'), 481)
        assert.equal((await told).status, 481)
      }
    }))

  test('a NOTIFY that comes before its REFER is refused is told so by who has referred', () =>
    onSite({}, async (site) => {
      const { a, b, atA, atB } = await talk(site)
      const asked = ask(a, 'REFER', { headers: [target] })
      const transaction = await atB.requests.next('REFER')
      const told = tell(b, 'SIP/2.0 100 Trying', unknownFor)
      b.reply(transaction, 603)
      assert.equal((await asked).status, 603)
      a.reply(await atA.requests.next('NOTIFY'), 481)
      assert.equal((await told).status, 481)
    }))

  for (const who of ['a', 'b'] as const)
    test(`outlives the call that ${who} ends: its NOTIFYs, and what unsubscribes, still cross`, () =>
      onSite({}, async (site) => {
        const call = await talk(site)
        await refer(call)
        await outcome(call, 'SIP/2.0 100 Trying', unknownFor)
        keep(call.a, call.b)
        call[who].bye()
        await (who === 'a' ? call.atB : call.atA).bye.next('BYE')
        await site.ended.next('end')
        assert.equal(site.b2bua.calls.size, 0)
        await outcome(call, 'SIP/2.0 180 Ringing', unknownFor)
        const unsubscribed = ask(call.a, 'SUBSCRIBE', {
          headers: [
            ['Event', 'refer'],
            ['Expires', '0'],
          ],
        })
        call.b.reply(await call.atB.requests.next('SUBSCRIBE'), 202)
        assert.equal((await unsubscribed).status, 202)
        await outcome(call, 'SIP/2.0 486 Busy Here')
        assert.equal((await tell(call.b, 'SIP/2.0 200 OK')).status, 481, 'it is over')
      }))

  test('that nobody hears any more is over when the subscriber says so', () =>
    onSite({}, async (site) => {
      const call = await talk(site)
      await refer(call)
      keep(call.b)
      call.a.bye()
      await site.ended.next('end')
      assert.equal((await tell(call.b, 'SIP/2.0 200 OK', unknownFor)).status, 481)
    }))

  test('that says nothing is forgotten 32 s after its call, and 240 s after the last word', async () => {
    const clock = new HandClock()
    await onSite({ clock }, async (site) => {
      for (const speaks of [false, true]) {
        const call = await talk(site)
        await refer(call)
        // the first NOTIFY keeps this distance
        clock.advance(100)
        keep(call.a, call.b)
        call.a.bye()
        await call.atB.bye.next('BYE')
        await site.ended.next('end')
        if (speaks) await outcome(call, 'SIP/2.0 100 Trying', unknownFor)
        clock.advance(speaks ? 239_000 : 31_000)
        assert.equal(site.counts()['dialogs'], 2)
        clock.advance(1_000)
        assert.equal(site.counts()['dialogs'], 0)
      }
    })
  })

  test('is none where norefersub was asked for and granted (RFC 4488): nothing waits for it', () =>
    onSite({}, async (site) => {
      const call = await talk(site)
      const { request, response } = await refer(call, [
        ['Refer-Sub', 'false'],
        ['Supported', 'norefersub'],
        ['Require', 'norefersub'],
      ])
      for (const { headers } of [request, response]) assert.equal(headers.get('Refer-Sub'), 'false')
      assert.deepEqual(request.headers.values('Require'), ['norefersub'])
      call.a.bye()
      await site.ended.next('end')
    }))

  test('is none of a REFER that is refused', () =>
    onSite({}, async (site) => {
      const call = await talk(site)
      const asked = ask(call.a, 'REFER', { headers: [target] })
      call.b.reply(await call.atB.requests.next('REFER'), 603)
      assert.equal((await asked).status, 603)
      call.a.bye()
      await site.ended.next('end')
    }))

  test('of each of two REFERs is told apart by its id', () =>
    onSite({}, async (site) => {
      const call = await talk(site)
      assert.equal((await ask(call.a, 'REFER')).status, 400, 'so that the legs count differently')
      const ids = []
      for (let count = 0; count < 2; count++) {
        const { request } = await refer(call)
        ids.push([request.headers.get('CSeq')!.split(' ')[0]!, String(call.a.dialog.localSeq)] as const)
      }
      for (const [theirs, own] of ids.reverse()) {
        const told = tell(call.b, 'SIP/2.0 200 OK', undefined, `refer;id=${theirs}`)
        const notify = await call.atA.requests.next('NOTIFY')
        assert.equal(notify.request.headers.get('Event'), `refer;id=${own}`)
        call.a.reply(notify, 200)
        await told
      }
      call.a.bye()
      await site.ended.next('end')
    }))
})

describe('a REFER outside of a dialog', () => {
  const at = (site: Site) => ({ host: '127.0.0.1', port: Number(/:(\d+);/.exec(site.uri)![1]) })

  /** A names the dialog that she has with the server, as RFC 4538 §3 wants it: from the point of view of who reads it. */
  const dialogOf = ({ dialog }: InviteSession): string =>
    `${dialog.callId};local-tag=${dialog.remoteTag};remote-tag=${dialog.localTag}`

  for (const outlives of [false, true])
    test(`that names a call of this server is relayed inside its other leg, and its NOTIFYs come back${outlives ? ', after the call too' : ''}`, (t) =>
      onSite({}, async (site) => {
        const { a, b, atB } = await talk(site)
        const wire = await TcpWire.open(t, at(site))
        const text = requestText(wire, 'REFER', {
          fields: {
            Contact: `<${wire.uri}>`,
            'Refer-To': target[1],
            'Target-Dialog': dialogOf(a),
            Require: 'tdialog, norefersub',
          },
        })
        wire.send(text)
        const transaction = await atB.requests.next('REFER')
        const { headers } = transaction.request
        assert.equal(headers.get('Call-ID'), b.dialog.callId)
        assert.equal(headers.get('Refer-To'), target[1])
        assert.equal(headers.get('Target-Dialog'), undefined)
        assert.deepEqual(headers.values('Require'), ['norefersub'])
        b.reply(transaction, 202)
        const accepted = await wire.response('REFER')
        assert.equal(accepted.status, 202)
        assert.match(accepted.headers.get('Contact')!, /^<sip:127\.0\.0\.1:/)
        if (outlives) {
          keep(b)
          a.bye()
          await atB.bye.next('BYE')
          await site.ended.next('end')
        }
        const id = headers.get('CSeq')!.split(' ')[0]!
        for (const [line, state, event, theirs] of [
          ['SIP/2.0 100 Trying', unknownFor, 'refer', 'refer'],
          ['SIP/2.0 200 OK', 'terminated;reason=noresource', `refer;id=${id}`, 'refer;id=1'],
        ] as const) {
          const told = tell(b, line, state, event)
          const notify = await wire.request('NOTIFY')
          assert.equal(notify.headers.get('Call-ID'), accepted.headers.get('Call-ID'))
          assert.equal(notify.headers.get('From'), accepted.headers.get('To'))
          assert.equal(notify.headers.get('Event'), theirs)
          assert.equal(notify.headers.get('Subscription-State'), state)
          assert.equal(notify.body.toString(), `${line}\r\n`)
          wire.send(responseText(wire, notify, 200))
          assert.equal((await told).status, 200)
        }
        if (!outlives) {
          a.bye()
          await site.ended.next('end')
        }
      }))

  test('is answered with the refusal of who is referred, and leaves no dialog', (t) =>
    onSite({}, async (site) => {
      const { a, b, atA } = await talk(site)
      const wire = await TcpWire.open(t, at(site))
      const fields = { Contact: `<${wire.uri}>`, 'Target-Dialog': dialogOf(b) }
      wire.send(requestText(wire, 'REFER', { fields: { ...fields, 'Refer-To': target[1] } }))
      a.reply(await atA.requests.next('REFER'), 603)
      assert.equal((await wire.response('REFER')).status, 603)
      wire.send(requestText(wire, 'REFER', { fields }))
      assert.equal((await wire.response('REFER')).status, 400, 'without Refer-To')
      assert.equal(site.counts()['dialogs'], 2)
      a.bye()
      await site.ended.next('end')
    }))

  for (const [what, fields, status] of [
    ['names no call', {}, 403],
    ['names a call that is none of this server', { 'Target-Dialog': 'x;local-tag=1;remote-tag=2' }, 481],
  ] as const)
    test(`that ${what} is refused, and why is said`, (t) =>
      onSite({}, async (site) => {
        const wire = await TcpWire.open(t, at(site))
        wire.send(requestText(wire, 'REFER', { fields: { ...fields, 'Refer-To': target[1] } }))
        const response = await wire.response('REFER')
        assert.equal(response.status, status)
        assert.match(response.headers.get('Warning')!, /Target-Dialog/)
      }))
})
