/** Flexisip's cases 9 to 13 and 18 of holding a call; directions cross as they are, where Flexisip makes up its own. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { onSite } from '../support/b2bua/on-site.ts'
import { type Site } from '../support/b2bua/site.ts'
import { description, offer, quiet, talk, type Party } from '../support/b2bua/party.ts'
import { ask, tell } from '../support/b2bua/sip-phone.ts'

async function hangUp(site: Site, by: Party, other: Party): Promise<void> {
  by.session.bye()
  await other.heard.bye.next('BYE')
  await site.ended.next('end')
}

describe('a call on hold', () => {
  for (const [number, direction, answer] of [
    ['4', 'sendonly', 'recvonly'],
    ['9', 'inactive', 'inactive'],
    ['10', 'sendonly', 'inactive'],
  ] as const)
    test(`case ${number}: ${direction}, answered ${answer}: each is told what the other said, and is asked for nothing more`, () =>
      onSite({}, async (site) => {
        const { a, b } = await talk(site)
        assert.deepEqual(await offer(a, b, direction, answer), [direction, answer])
        quiet(a, b)
        assert.deepEqual(await offer(a, b, 'sendrecv', 'sendrecv'), ['sendrecv', 'sendrecv'])
        quiet(a, b)
        await hangUp(site, a, b)
      }))

  for (const who of ['a', 'b'] as const)
    test(`case 11: on hold from both sides it ends on both legs when ${who} hangs up`, () =>
      onSite({}, async (site) => {
        const parties = await talk(site)
        const { a, b } = parties
        await offer(a, b, 'sendonly', 'recvonly')
        assert.deepEqual(await offer(b, a, 'inactive', 'inactive'), ['inactive', 'inactive'])
        await hangUp(site, parties[who], parties[who === 'a' ? 'b' : 'a'])
      }))

  for (const first of ['a', 'b'] as const)
    for (const insists of [false, true])
      test(`case 12: on hold from both sides ${first} resumes first, the other ${insists ? 'insists on inactive' : 'sends only'}; then the other`, () =>
        onSite({}, async (site) => {
          const parties = await talk(site)
          const [one, two] = first === 'a' ? [parties.a, parties.b] : [parties.b, parties.a]
          await offer(parties.a, parties.b, 'sendonly', 'recvonly')
          await offer(parties.b, parties.a, 'sendonly', 'inactive')
          const held = insists ? 'inactive' : 'sendonly'
          assert.deepEqual(await offer(one, two, 'sendrecv', held), ['sendrecv', held])
          quiet(one, two)
          assert.deepEqual(await offer(two, one, 'sendrecv', 'sendrecv'), ['sendrecv', 'sendrecv'])
          quiet(one, two)
          await hangUp(site, one, two)
        }))

  test('case 13: an attribute that nobody knows is an end-to-end one and crosses; those of a leg do not', () =>
    onSite({}, async (site) => {
      const { a, b } = await talk(site)
      const outcome = ask(b.session, 'INVITE', {
        body: `${description(b, 'sendrecv')}a=x-unknown:7\r\na=rtcp:4711\r\n`,
      })
      const reinvite = await a.heard.requests.next('re-INVITE')
      assert.match(reinvite.request.body.toString(), /a=x-unknown:7\r\n/)
      assert.doesNotMatch(reinvite.request.body.toString(), /a=rtcp:4711/)
      a.session.reply(reinvite, 200, {
        ...{ body: Buffer.from(description(a, 'sendrecv')), contentType: 'application/sdp' },
      })
      const response = await outcome
      assert.doesNotMatch(response.body.toString(), /x-unknown/)
      b.session.acknowledge()
      await hangUp(site, a, b)
    }))

  test('case 18: while it is on hold on both sides, a call that is not transferred after all is resumed one side after the other', () =>
    onSite({}, async (site) => {
      const { a, b } = await talk(site)
      await offer(a, b, 'sendonly', 'recvonly')
      const refer = ask(a.session, 'REFER', { headers: [['Refer-To', '<sip:carol@sip.example.org>']] })
      const transaction = await b.heard.requests.next('REFER')
      b.session.reply(transaction, 202)
      assert.equal((await refer).status, 202)
      const told = tell(b.session, 'SIP/2.0 486 Busy Here')
      a.session.reply(await a.heard.requests.next('NOTIFY'), 200)
      await told
      await offer(b, a, 'inactive', 'inactive')
      assert.deepEqual(await offer(b, a, 'sendrecv', 'sendonly'), ['sendrecv', 'sendonly'])
      assert.deepEqual(await offer(a, b, 'sendrecv', 'sendrecv'), ['sendrecv', 'sendrecv'])
      await hangUp(site, a, b)
    }))
})
