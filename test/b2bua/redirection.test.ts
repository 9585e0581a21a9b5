import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Headers } from '../../src/sip/message/headers.ts'
import { type SipResponse } from '../../src/sip/message/message.ts'
import { redirectTarget } from '../../src/b2bua/redirect-target.ts'
import { clearAudio } from '../support/b2bua/descriptions.ts'
import { onSite } from '../support/b2bua/on-site.ts'

const recipient = 'sip:bob@sip.example.org'
const answer = { body: Buffer.from(clearAudio(40010)), contentType: 'application/sdp' } as const
const contact = (value: string) => ({ headers: [['Contact', value]] as const })

describe('a redirection', () => {
  test('goes to the caller as it is', () =>
    onSite({}, async (site) => {
      const call = site.a.call(recipient, site.uri, { body: clearAudio(40000) })
      const invite = await site.b.invites.next('INVITE')
      invite.reject(302, contact('<sip:carol@sip.example.org>'))
      const { response } = await call.failed.next('302')
      assert.equal(response?.status, 302)
      assert.deepEqual(response.headers.values('Contact'), ['<sip:carol@sip.example.org>'])
      assert.equal((await site.ended.next('end')).reason, 'redirected')
    }))

  for (const mode of ['none', 'sdes'] as const)
    test(`is followed where that is asked for, on a leg of ${mode}, once`, () =>
      onSite({ mode, settings: { followRedirects: true } }, async (site) => {
        const call = site.a.call(recipient, site.uri, { body: clearAudio(40000) })
        const first = await site.b.invites.next('INVITE')
        first.reject(302, contact('<sip:mail@sip.example.org>;q=0.1, <sip:carol@sip.example.org>;q=0.9'))
        assert.equal((await call.provisional.next('181')).status, 181)
        const second = await site.b.invites.next('INVITE')
        assert.equal(second.request.uri, 'sip:carol@sip.example.org')
        assert.equal(second.request.headers.get('To'), `<${recipient}>`)
        assert.deepEqual(second.request.headers.values('Route'), [`<${site.b.uri};lr>`])
        assert.notEqual(second.request.headers.get('Call-ID'), first.request.headers.get('Call-ID'))
        second.reject(301, contact('<sip:dave@sip.example.org>'))
        assert.equal((await call.failed.next('301')).status, 301)
        await site.ended.next('end')
      }))

  test('that is followed ends in a call', () =>
    onSite({ settings: { followRedirects: true } }, async (site) => {
      const call = site.a.call(recipient, site.uri, { body: clearAudio(40000) })
      const first = await site.b.invites.next('INVITE')
      first.reject(300, contact('<sip:carol@sip.example.org>'))
      const second = await site.b.invites.next('INVITE')
      second.accept(answer)
      const { session } = await call.answered.next('200')
      session.acknowledge()
      session.bye()
      assert.equal((await site.ended.next('end')).reason, 'hangup')
    }))

  for (const [status, contacts, target] of [
    [302, ['<sip:a@x>;q=0.5', '<sip:b@x>;q=0.5'], 'sip:a@x'],
    [302, ['<sip:a@x>;q=0.5', '<sip:b@x>'], 'sip:b@x'],
    [302, ['<tel:+49>', '<mailto:a@x>', '<<>', '<sip:c@x;transport=tcp>'], 'sip:c@x;transport=tcp'],
    [302, ['<sip:a@x?Replaces=1>'], undefined],
    [302, ['<sip:a@x>;q=7'], undefined],
    [302, [], undefined],
    [380, ['<sip:a@x>'], undefined],
    [486, ['<sip:a@x>'], undefined],
  ] as const)
    test(`${status} with ${contacts.join(', ') || 'no contact'} names ${target ?? 'nobody'}`, () => {
      const headers = new Headers(contacts.map((value) => ['Contact', value]))
      assert.equal(redirectTarget({ status, headers } as unknown as SipResponse), target)
    })
})
