import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { clearAudio, sdesAudio } from '../support/b2bua/descriptions.ts'
import { onSite } from '../support/b2bua/on-site.ts'

const recipient = 'sip:bob@sip.example.org'
const sdp = 'application/sdp'
const profileOf = (body: Buffer): string => /^m=audio \d+ (\S+)/m.exec(body.toString('latin1'))![1]!

describe('fallback', () => {
  for (const status of [415, 488, 606]) {
    test(`after ${status} the recipient is called again with the next mode, and the caller notices nothing`, () =>
      onSite({ mode: 'sdes', fallback: ['none'] }, async (site) => {
        const call = site.a.call(recipient, site.uri, { body: clearAudio(40000) })
        const first = await site.b.invites.next('INVITE')
        assert.equal(profileOf(first.request.body), 'RTP/SAVP')
        first.reject(status)
        const second = await site.b.invites.next('INVITE')
        assert.equal(profileOf(second.request.body), 'RTP/AVP')
        assert.doesNotMatch(second.request.body.toString('latin1'), /crypto/)
        assert.notEqual(second.request.headers.get('Call-ID'), first.request.headers.get('Call-ID'))
        second.accept({ body: Buffer.from(clearAudio(40010)), contentType: sdp })
        const { session } = await call.answered.next('200')
        session.acknowledge()
        assert.equal(site.b2bua.fallbacks, 1)
        session.bye()
        assert.equal((await site.ended.next('the end')).reason, 'hangup')
      }))
  }

  test('an answer without the encryption that was offered is hung up, and the next mode tried', () =>
    onSite({ mode: 'none', fallback: ['sdes'] }, async (site) => {
      const call = site.a.call(recipient, site.uri, { body: clearAudio(40000) })
      const first = await site.b.invites.next('INVITE')
      const refused = first.accept({
        body: Buffer.from(sdesAudio(40010, 'QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB')),
        contentType: sdp,
      })
      const ended = new Promise((resolve) => (refused.onBye = resolve))
      const second = await site.b.invites.next('INVITE')
      await ended
      assert.equal(profileOf(second.request.body), 'RTP/SAVP')
      second.reject(486)
      assert.equal((await call.failed.next('486')).status, 486)
    }))

  test('never goes to clear unless it is listed: the last refusal is the caller’s answer', () =>
    onSite({ mode: 'sdes', fallback: ['sdes'] }, async (site) => {
      const call = site.a.call(recipient, site.uri, { body: clearAudio(40000) })
      const first = await site.b.invites.next('INVITE')
      first.reject(488)
      assert.equal((await call.failed.next('488')).status, 488)
      assert.equal(site.b2bua.fallbacks, 0)
    }))

  test('is for media only: a recipient who is busy stays busy', () =>
    onSite({ mode: 'sdes', fallback: ['none'] }, async (site) => {
      const call = site.a.call(recipient, site.uri, { body: clearAudio(40000) })
      const first = await site.b.invites.next('INVITE')
      first.reject(486)
      assert.equal((await call.failed.next('486')).status, 486)
    }))

  test('a caller who gives up meanwhile cancels the attempt that is under way', () =>
    onSite({ mode: 'sdes', fallback: ['none'] }, async (site) => {
      const call = site.a.call(recipient, site.uri, { body: clearAudio(40000) })
      const first = await site.b.invites.next('INVITE')
      first.reject(488)
      const second = await site.b.invites.next('INVITE')
      const cancelled = new Promise((resolve) => (second.onCancelled = resolve))
      second.provisional(180)
      call.invite.cancel()
      await cancelled
      await call.failed.next('487')
    }))
})
