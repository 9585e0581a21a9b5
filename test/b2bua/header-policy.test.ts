import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { everythingCrosses, type HeaderPolicy } from '../../src/base/header-policy.ts'
import { headerPolicy } from '../../src/config/header-policy-type.ts'
import { type SipMessage } from '../../src/sip/message/message.ts'
import { clearAudio } from '../support/b2bua/descriptions.ts'
import { onSite } from '../support/b2bua/on-site.ts'
import { ask, listen } from '../support/b2bua/sip-phone.ts'
import { type Site } from '../support/b2bua/site.ts'

const recipient = 'sip:bob@sip.example.org'

const said = [
  ['Subject', 'lunch'],
  ['Privacy', 'id'],
  ['P-Asserted-Identity', '<sip:alice@sip.example.org>'],
  ['Diversion', '<sip:carol@sip.example.org>;reason=unconditional'],
  ['History-Info', '<sip:carol@sip.example.org>;index=1'],
  ['Alert-Info', '<urn:alert:source:external>'],
  ['Call-Info', '<http://example.org/alice.png>;purpose=icon'],
  ['Geolocation', '<cid:there@example.org>'],
  ['Reason', 'Q.850;cause=16'],
  ['X-Tenant', '42'],
  ['X-Other', '43'],
] as const
const names = said.map(([name]) => name)

/** Of what was said, what has come. */
const heard = ({ headers }: SipMessage): string[] =>
  said.filter(([name, value]) => headers.get(name) === value).map(([name]) => name)

const body = (sdp: string) => ({ body: Buffer.from(sdp), contentType: 'application/sdp' }) as const

/** A whole call in which everybody always says everything: what is heard of it, by the message in which it came. */
async function hearing(site: Site, during: () => void = () => {}): Promise<Record<string, string[]>> {
  const call = site.a.call(recipient, site.uri, { headers: said, body: clearAudio(40000) })
  const invite = await site.b.invites.next('INVITE')
  during()
  invite.provisional(181, { headers: said })
  const forwarded = await call.provisional.next('181')
  const b = invite.accept({ ...body(clearAudio(40010)), headers: said })
  const { response, session: a } = await call.answered.next('200')
  a.acknowledge()
  const [atA, atB] = [listen(a), listen(b)]
  const info = ask(a, 'INFO', { headers: said })
  const infoAtB = await atB.requests.next('INFO')
  b.reply(infoAtB, 480, { headers: said })
  const again = ask(b, 'INVITE', { headers: said, body: clearAudio(40010, 'sendonly', 2) })
  const reinvite = await atA.requests.next('re-INVITE')
  a.reply(reinvite, 200, { ...body(clearAudio(40000, 'recvonly', 2)), headers: said })
  const changed = await again
  b.acknowledge()
  await atA.acks.next('ACK')
  const infoAnswer = await info
  a.bye(said)
  const bye = await atB.bye.next('BYE')
  await site.ended.next('end')
  const messages = { INVITE: invite.request, 181: forwarded, 200: response, INFO: infoAtB.request, 480: infoAnswer }
  const heardIn = { ...messages, 're-INVITE': reinvite.request, 'its 200': changed, BYE: bye }
  return Object.fromEntries(Object.entries(heardIn).map(([what, message]) => [what, heard(message)]))
}

const all = (names: readonly string[]): Record<string, readonly string[]> =>
  Object.fromEntries(
    ['INVITE', '181', '200', 'INFO', '480', 're-INVITE', 'its 200', 'BYE'].map((what) => [what, names]),
  )

describe('headers that are end to end', () => {
  test('cross in both directions, in requests and responses, BYE included', () =>
    onSite({}, async (site) => assert.deepEqual(await hearing(site), all(names))))

  test('stay behind in all of them where header-policy says so', () =>
    onSite({ settings: { headerPolicy: headerPolicy.parse('-P-Asserted-Identity -X-* +X-Tenant') } }, async (site) =>
      assert.deepEqual(
        await hearing(site),
        all(names.filter((name) => name !== 'P-Asserted-Identity' && name !== 'X-Other')),
      ),
    ))

  test('stay behind but for those that are named after -*, and Privacy', () =>
    onSite({ settings: { headerPolicy: headerPolicy.parse('-* +Subject') } }, async (site) =>
      assert.deepEqual(await hearing(site), all(['Subject', 'Privacy'])),
    ))

  test('cross as they did when the call began, whatever a reload has changed', () => {
    let policy: HeaderPolicy = everythingCrosses
    const settings = {
      get headerPolicy() {
        return policy
      },
    }
    return onSite({ settings }, async (site) => {
      const reload = (): void => {
        policy = headerPolicy.parse('-*')
      }
      assert.deepEqual(await hearing(site, reload), all(names))
      assert.deepEqual(await hearing(site), all(['Privacy']))
    })
  })

  test('a refusal and a CANCEL say no more than header-policy lets them', () =>
    onSite({ settings: { headerPolicy: headerPolicy.parse('-* +Warning') } }, async (site) => {
      const refused = site.a.call(recipient, site.uri, { body: clearAudio(40000) })
      const warning = ['Warning', '399 b "no"'] as const
      ;(await site.b.invites.next('INVITE')).reject(486, { headers: [...said, warning] })
      const { response } = await refused.failed.next('486')
      assert.deepEqual(heard(response!), ['Privacy'])
      assert.equal(response!.headers.get('Warning'), '399 b "no"')
      await site.ended.next('end')
      const given = site.a.call(recipient, site.uri, { body: clearAudio(40000) })
      const invite = await site.b.invites.next('INVITE')
      const cancelled = new Promise<SipMessage>((resolve) => (invite.onCancelled = resolve))
      invite.provisional(180)
      await given.provisional.next('180')
      given.invite.cancel([['Reason', 'Q.850;cause=16']])
      assert.deepEqual(heard(await cancelled), [])
      await site.ended.next('end')
    }))
})

test('Join and Target-Dialog name the dialog of the phone behind the other leg, as Replaces does', () =>
  onSite({}, async (site) => {
    const call = site.a.call(recipient, site.uri, { body: clearAudio(40000) })
    const b = (await site.b.invites.next('INVITE')).accept(body(clearAudio(40010)))
    const { session: a } = await call.answered.next('200')
    a.acknowledge()
    const own = `${a.dialog.callId};to-tag=${a.dialog.remoteTag};from-tag=${a.dialog.localTag}`
    const target = `${a.dialog.callId};local-tag=${a.dialog.remoteTag};remote-tag=${a.dialog.localTag}`
    const other = site.a.call(recipient, site.uri, {
      body: clearAudio(40000),
      headers: [
        ['Require', 'join, tdialog'],
        ['Join', own],
        ['Target-Dialog', target],
      ],
    })
    const invite = await site.b.invites.next('INVITE')
    const { callId, localTag, remoteTag } = b.dialog
    assert.equal(invite.request.headers.get('Join'), `${callId};to-tag=${localTag};from-tag=${remoteTag}`)
    assert.equal(invite.request.headers.get('Target-Dialog'), `${callId};local-tag=${localTag};remote-tag=${remoteTag}`)
    invite.reject(486)
    await other.failed.next('486')
    await site.ended.next('end')
    a.bye()
    await site.ended.next('end')
  }))
