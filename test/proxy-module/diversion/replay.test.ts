import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tokenHeader, TokenSigner, TokenVerifier } from '../../../src/sip/auth/b2bua-token.ts'
import { type SipRequest } from '../../../src/sip/message/message.ts'
import { parseMessage, serialize } from '../../../src/sip/message/parse.ts'
import { formatAddress } from '../../../src/sip/transport/flow.ts'
import { serverKey } from '../../../src/sip/transaction/transaction-key.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { FrontSite } from '../../support/proxy/front-site.ts'
import { ackText, requestText } from '../../support/torture/sip-text.ts'
import { UdpWire } from '../../support/torture/wire.ts'

test('a token is good for the B2BUA once: whoever has read it and sends it again is diverted', async (t) => {
  const key = Buffer.alloc(32, 'shared')
  const verifier = new TokenVerifier(key, Date.now)
  const b2bua = await UdpWire.open(t, { host: '127.0.0.1', port: 9 })
  const clock = new FakeClock()
  const front = await FrontSite.start(t, {
    clock,
    servers: [`sip:127.0.0.1:${b2bua.address.port}`],
    verify: (request, { remote }) =>
      verifier.verify(request, `${serverKey(request, request.method)} ${formatAddress(remote)}`),
  })
  const [legB, thief] = [await front.phone(), await front.phone()]
  const invite = parseMessage(Buffer.from(requestText(legB, 'INVITE'), 'latin1')) as SipRequest
  invite.headers.set(tokenHeader, new TokenSigner(key, Date.now).sign(invite))
  legB.send(serialize(invite))
  const passed = await front.next.request('INVITE')
  assert.equal(passed.headers.get('Call-ID'), invite.headers.get('Call-ID'))
  assert.equal(passed.headers.has(tokenHeader), false)

  // with the very Via of the B2BUA too, once its transaction is over
  front.answer(passed, 486)
  const refused = await legB.response('INVITE', 486)
  legB.send(ackText(refused))
  await front.next.request('ACK')
  await clock.advance(6_000)
  thief.send(serialize(invite))
  await b2bua.request('INVITE')

  invite.headers.set('Via', `${thief.via};rport;branch=z9hG4bKreplay`)
  thief.send(serialize(invite))
  await b2bua.request('INVITE')
  // for another call, or another request of the same one, it was never good
  for (const [name, value] of [
    ['Call-ID', 'another'],
    ['CSeq', '2 INVITE'],
  ] as const) {
    const other = { ...invite, headers: invite.headers.clone() }
    other.headers.set(name, value)
    other.headers.set('Via', `${thief.via};rport;branch=z9hG4bK${value.replace(' ', '')}`)
    thief.send(serialize(other))
    await b2bua.request('INVITE')
  }
})
