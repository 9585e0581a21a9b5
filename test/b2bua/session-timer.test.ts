import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { clearAudio } from '../support/b2bua/descriptions.ts'
import { onSite } from '../support/b2bua/on-site.ts'
import { ask, listen } from '../support/b2bua/sip-phone.ts'
import { HandClock } from '../support/hand-clock.ts'

const recipient = 'sip:bob@sip.example.org'
const sdp = { contentType: 'application/sdp' } as const

describe('pain 16: the session timer of a leg', () => {
  test('is its own: it is refreshed by a re-INVITE that changes nothing, of which the other leg hears nothing', () => {
    const clock = new HandClock()
    return onSite({ clock }, async (site) => {
      const call = site.a.call(recipient, site.uri, {
        body: clearAudio(40000),
        headers: [
          ['Session-Expires', '90'],
          ['Allow', 'INVITE, ACK, BYE'],
        ],
      })
      const invite = await site.b.invites.next('INVITE')
      assert.equal(invite.request.headers.get('Session-Expires'), undefined)
      const b = invite.accept({ body: Buffer.from(clearAudio(40010)), ...sdp })
      const { response, session: a } = await call.answered.next('200')
      assert.equal(response.headers.get('Session-Expires'), '90;refresher=uas')
      a.acknowledge()
      const [atA, atB] = [listen(a), listen(b)]
      /** Whatever was sent before has arrived. */
      const settled = async (): Promise<void> => {
        const info = ask(a, 'INFO')
        b.reply(await atB.requests.next('INFO'), 200)
        await info
      }
      await settled()
      clock.advance(45_000)
      const refresh = await atA.requests.next('re-INVITE')
      assert.equal(refresh.request.method, 'INVITE')
      assert.equal(refresh.request.headers.get('Session-Expires'), '90;refresher=uac')
      assert.equal(refresh.request.body.toString(), response.body.toString(), 'nothing has changed')
      a.reply(refresh, 200, {
        ...{ body: Buffer.from(clearAudio(40000)), ...sdp },
        headers: [
          ['Session-Expires', '90;refresher=uac'],
          ['Allow', 'INVITE, ACK, BYE'],
        ],
      })
      await atA.acks.next('ACK')
      await settled()
      assert.deepEqual(atB.requests.unread, [])
      clock.advance(45_000)
      assert.equal((await atA.requests.next('re-INVITE')).request.method, 'INVITE')
      clock.advance(20_000)
      assert.equal((await site.ended.next('end')).reason, 'session-expired')
      await atB.bye.next('BYE')
    })
  })
})
