import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { clearAudio } from '../support/b2bua/descriptions.ts'
import { onSite } from '../support/b2bua/on-site.ts'
import { type Site } from '../support/b2bua/site.ts'
import { ask, listen, tell } from '../support/b2bua/sip-phone.ts'
import { type InviteSession } from '../../src/sip/usage/invite-session.ts'

const sdp = { contentType: 'application/sdp' } as const

/** A call from phone A to phone B, who has all numbers. */
async function talk(site: Site, to = 'sip:bob@sip.example.org', headers: readonly (readonly [string, string])[] = []) {
  const call = site.a.call(to, site.uri, { body: clearAudio(40000), headers })
  const invite = await site.b.invites.next('INVITE')
  const b = invite.accept({ body: Buffer.from(clearAudio(40010)), ...sdp })
  const { session: a } = await call.answered.next('200')
  a.acknowledge()
  return { a, b, atA: listen(a), atB: listen(b), invite }
}

/** Names a dialog as a phone that has it would, for who is to call the other end of it. */
function replaces({ dialog }: InviteSession): string {
  return `${dialog.callId};to-tag=${dialog.remoteTag};from-tag=${dialog.localTag}`
}

describe('a transfer', () => {
  test('a blind REFER crosses, and so does the true outcome that its NOTIFYs tell', () =>
    onSite({}, async (site) => {
      const { a, b, atA, atB } = await talk(site)
      const refer = ask(a, 'REFER', {
        headers: [
          ['Refer-To', '<sip:carol@sip.example.org?X-Ticket=7>'],
          ['Referred-By', '<sip:alice@sip.example.org>'],
        ],
      })
      const transaction = await atB.requests.next('REFER')
      const { headers } = transaction.request
      assert.equal(headers.get('Refer-To'), '<sip:carol@sip.example.org?X-Ticket=7>')
      assert.equal(headers.get('Referred-By'), '<sip:alice@sip.example.org>')
      b.reply(transaction, 202)
      assert.equal((await refer).status, 202)
      for (const [fragment, state] of [
        ['SIP/2.0 100 Trying', 'active;expires=60'],
        ['SIP/2.0 603 Decline', 'terminated;reason=noresource'],
      ] as const) {
        const told = tell(b, fragment, state, `refer;id=${headers.get('CSeq')!.split(' ')[0]!}`)
        const notify = await atA.requests.next('NOTIFY')
        assert.equal(notify.request.body.toString(), `${fragment}\r\n`)
        assert.equal(notify.request.headers.get('Subscription-State'), state)
        assert.equal(notify.request.headers.get('Event'), `refer;id=${a.dialog.localSeq}`, 'the id is of this leg')
        a.reply(notify, 200)
        assert.equal((await told).status, 200)
      }
      a.bye()
      await site.ended.next('end')
    }))

  for (const who of ['caller', 'callee'] as const)
    test(`an attended transfer by who is the ${who} of the second call names the dialog of the phone behind it`, () =>
      onSite({}, async (site) => {
        const first = await talk(site)
        const second = await talk(site, 'sip:carol@sip.example.org')
        // the phone that transfers has one end of the second call; the target is at the other
        const [own, target] = who === 'caller' ? [second.a, second.b] : [second.b, second.a]
        const referee = first.atB
        const refer = ask(first.a, 'REFER', {
          headers: [['Refer-To', `"C" <sip:10.0.0.1;transport=tcp?Replaces=${encodeURIComponent(replaces(own))}>`]],
        })
        const transaction = await referee.requests.next('REFER')
        const theirs = encodeURIComponent(
          `${target.dialog.callId};to-tag=${target.dialog.localTag};from-tag=${target.dialog.remoteTag}`,
        )
        const party = who === 'caller' ? 'sip:carol@sip.example.org' : 'sip:alice@sip.example.org'
        assert.equal(transaction.request.headers.get('Refer-To'), `"C" <${party}?Replaces=${theirs}>`)
        first.b.reply(transaction, 202)
        await refer
        const told = tell(first.b, 'SIP/2.0 200 OK')
        first.a.reply(await first.atA.requests.next('NOTIFY'), 200)
        await told
        first.a.bye()
        second.a.bye()
        await site.ended.next('end')
        await site.ended.next('end')
      }))

  test('an INVITE that replaces a dialog of this server names, to the phone behind it, the one which that phone has', () =>
    onSite({}, async (site) => {
      const { a, b } = await talk(site)
      const theirs = `${b.dialog.callId};to-tag=${b.dialog.localTag};from-tag=${b.dialog.remoteTag};early-only`
      const second = await talk(site, 'sip:bob@sip.example.org', [['Replaces', `${replaces(a)};early-only`]])
      assert.equal(second.invite.request.headers.get('Replaces'), theirs)
      const third = await talk(site, 'sip:bob@sip.example.org', [['Replaces', 'elsewhere;to-tag=1;from-tag=2']])
      assert.equal(third.invite.request.headers.get('Replaces'), 'elsewhere;to-tag=1;from-tag=2')
      for (const session of [a, second.a, third.a]) {
        session.bye()
        await site.ended.next('end')
      }
    }))

  test('that needs the option of the other phone says so on both legs', () =>
    onSite({}, async (site) => {
      const { a, invite } = await talk(site, 'sip:bob@sip.example.org', [
        ['Require', 'replaces'],
        ['Supported', 'replaces, outbound'],
        ['Replaces', 'elsewhere;to-tag=1;from-tag=2'],
      ])
      assert.deepEqual(invite.request.headers.values('Require'), ['replaces'])
      assert.ok(invite.request.headers.values('Supported').includes('replaces'))
      assert.ok(!invite.request.headers.values('Supported').includes('outbound'), 'an option of its own leg')
      a.bye()
      await site.ended.next('end')
      const plain = await talk(site)
      assert.deepEqual(
        plain.invite.request.headers.values('Supported'),
        ['timer'],
        'what the caller does not say is not said',
      )
      plain.a.bye()
      await site.ended.next('end')
    }))

  for (const [what, headers] of [
    ['without Refer-To', []],
    [
      'with two Refer-To',
      [
        ['Refer-To', '<sip:a@example.org>'],
        ['Refer-To', '<sip:b@example.org>'],
      ],
    ],
    ['with a malformed Replaces', [['Refer-To', '<sip:a@example.org?Replaces=%zz>']]],
  ] as const)
    test(`a REFER ${what} is refused, and the call goes on`, () =>
      onSite({}, async (site) => {
        const { a, atB } = await talk(site)
        assert.equal((await ask(a, 'REFER', { headers })).status, 400)
        assert.deepEqual(atB.requests.unread, [])
        a.bye()
        await site.ended.next('end')
      }))
})
