/** Flexisip's cases 15 to 18: whole transfers between three phones, all of whose calls cross this server. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { clearAudio } from '../support/b2bua/descriptions.ts'
import { onSite } from '../support/b2bua/on-site.ts'
import { offer, talk, type Party } from '../support/b2bua/party.ts'
import { type Site } from '../support/b2bua/site.ts'
import { ask, SipPhone } from '../support/b2bua/sip-phone.ts'

const [alice, carol] = ['sip:alice@sip.example.org', 'sip:carol@sip.example.org']

/** Runs a test with a third phone, the target. */
function withTarget(run: (site: Site, target: SipPhone) => Promise<void>): Promise<void> {
  return onSite({}, async (site) => {
    const target = await SipPhone.start('carol')
    try {
      await run(site, target)
    } finally {
      await target.stop()
    }
  })
}

/** The transferor asks for the transfer; the transferee takes it on. */
async function refer(transferor: Party, transferee: Party, referTo: string): Promise<string> {
  const headers = [
    ['Refer-To', referTo],
    ['Referred-By', `<${alice}>`],
  ] as const
  const asked = ask(transferor.session, 'REFER', { headers })
  const request = await transferee.heard.requests.next('REFER')
  transferee.session.reply(request, 202)
  assert.equal((await asked).status, 202)
  assert.equal(request.request.headers.get('Referred-By'), `<${alice}>`)
  return request.request.headers.get('Refer-To')!
}

/** The transferee tells how far it is. */
async function tell(transferee: Party, transferor: Party, status: string, state: string): Promise<void> {
  const headers = [
    ['Event', 'refer'],
    ['Subscription-State', state],
  ] as const
  const told = ask(transferee.session, 'NOTIFY', {
    ...{ headers, body: `SIP/2.0 ${status}\r\n`, contentType: 'message/sipfrag;version=2.0' },
  })
  const notify = await transferor.heard.requests.next('NOTIFY')
  assert.equal(notify.request.body.toString(), `SIP/2.0 ${status}\r\n`)
  transferor.session.reply(notify, 200)
  assert.equal((await told).status, 200)
}

/** A party hangs up. */
async function hangUp(site: Site, by: Party, other: Party): Promise<void> {
  by.session.bye()
  await other.heard.bye.next('BYE')
  await site.ended.next('end')
}

/** The two can talk: what one says about the call reaches the other. */
async function runs(one: Party, other: Party): Promise<void> {
  assert.deepEqual(await offer(one, other, 'sendrecv', 'sendrecv'), ['sendrecv', 'sendrecv'])
}

/** The Replaces inside a Refer-To. */
const replacesIn = (referTo: string): string => decodeURIComponent(/[?&]Replaces=([^&>]*)/.exec(referTo)![1]!)

/** How a phone that is in the dialog names it to who is to call the other end. */
const nameOf = ({ session: { dialog } }: Party): string =>
  `${dialog.callId};to-tag=${dialog.remoteTag};from-tag=${dialog.localTag}`

describe('a transfer', () => {
  test('case 15: blind, accepted: the first call is paused meanwhile and released, transferee and target talk', () =>
    withTarget(async (site, target) => {
      const { a: transferor, b: transferee } = await talk(site)
      assert.deepEqual(await offer(transferor, transferee, 'sendonly', 'recvonly'), ['sendonly', 'recvonly'])
      assert.equal(await refer(transferor, transferee, `<${carol}>`), `<${carol}>`)
      await tell(transferee, transferor, '100 Trying', 'active;expires=60')
      const second = await talk(site, {
        ...{ caller: site.b, callee: target, to: carol, headers: [['Referred-By', `<${alice}>`]] },
      })
      assert.equal(second.invite.headers.get('Referred-By'), `<${alice}>`)
      await tell(transferee, transferor, '200 OK', 'terminated;reason=noresource')
      await hangUp(site, transferor, transferee)
      await runs(second.a, second.b)
      await hangUp(site, second.b, second.a)
    }))

  test('case 16: blind, declined: who transfers learns the true status, and resumes the first call', () =>
    withTarget(async (site, target) => {
      const { a: transferor, b: transferee } = await talk(site)
      await offer(transferor, transferee, 'sendonly', 'recvonly')
      await refer(transferor, transferee, `<${carol}>`)
      await tell(transferee, transferor, '100 Trying', 'active;expires=60')
      site.route = target.uri
      const second = site.b.call(carol, site.uri, { body: clearAudio(40030) })
      const invite = await target.invites.next('INVITE')
      invite.reject(603)
      assert.equal((await second.failed.next('603')).status, 603)
      await site.ended.next('end')
      await tell(transferee, transferor, '603 Decline', 'terminated;reason=noresource')
      await runs(transferor, transferee)
      await hangUp(site, transferor, transferee)
    }))

  test('case 17: attended, accepted: the target’s INVITE replaces the consultation call; both first calls are released', () =>
    withTarget(async (site, target) => {
      const { a: transferor, b: transferee } = await talk(site)
      await offer(transferor, transferee, 'sendonly', 'recvonly')
      const consultation = await talk(site, { callee: target, to: carol })
      const referTo = await refer(
        transferor,
        transferee,
        `<${carol}?Replaces=${encodeURIComponent(nameOf(consultation.a))}>`,
      )
      await tell(transferee, transferor, '100 Trying', 'active;expires=60')
      const third = await talk(site, {
        ...{ caller: site.b, callee: target, to: carol, headers: [['Replaces', replacesIn(referTo)]] },
      })
      const { dialog } = consultation.b.session
      const ofTarget = `${dialog.callId};to-tag=${dialog.localTag};from-tag=${dialog.remoteTag}`
      assert.equal(third.invite.headers.get('Replaces'), ofTarget)
      await tell(transferee, transferor, '200 OK', 'terminated;reason=noresource')
      await hangUp(site, consultation.b, consultation.a)
      await hangUp(site, transferor, transferee)
      await runs(third.b, third.a)
      await hangUp(site, third.a, third.b)
    }))

  test('case 18: attended, declined: the consultation call goes on, the first one is resumed from either side', () =>
    withTarget(async (site, target) => {
      const { a: transferor, b: transferee } = await talk(site)
      await offer(transferor, transferee, 'sendonly', 'recvonly')
      const consultation = await talk(site, { callee: target, to: carol })
      const referTo = await refer(
        transferor,
        transferee,
        `<${carol}?Replaces=${encodeURIComponent(nameOf(consultation.a))}>`,
      )
      // the transferee holds the call too before it calls the target
      assert.deepEqual(await offer(transferee, transferor, 'inactive', 'inactive'), ['inactive', 'inactive'])
      const third = site.b.call(carol, site.uri, {
        ...{ body: clearAudio(40030), headers: [['Replaces', replacesIn(referTo)]] as const },
      })
      const invite = await target.invites.next('INVITE')
      invite.reject(603)
      assert.equal((await third.failed.next('603')).status, 603)
      await site.ended.next('end')
      await tell(transferee, transferor, '603 Decline', 'terminated;reason=noresource')
      await runs(consultation.a, consultation.b)
      assert.deepEqual(await offer(transferee, transferor, 'sendrecv', 'sendonly'), ['sendrecv', 'sendonly'])
      await runs(transferor, transferee)
      await hangUp(site, transferor, transferee)
      await hangUp(site, consultation.a, consultation.b)
    }))
})
