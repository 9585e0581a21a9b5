import assert from 'node:assert/strict'
import { after, before, suite, test, type TestContext } from 'node:test'
import { type SipRequest, type SipResponse } from '../../src/sip/message/message.ts'
import { ackText, requestText, responseText, unique, type Fields } from '../support/torture/sip-text.ts'
import { TcpWire, UdpWire, type Wire } from '../support/torture/wire.ts'
import { poll } from './peers/poll.ts'
import { headerValues, sipMessages } from './peers/sip-trace.ts'
import { userAgent } from './server/flexisip-conf.ts'
import { front, FrontSite } from './server/front-site.ts'
import { captured, requestsTo } from './server/talk.ts'

const to = { host: front.host, port: front.port }
const kamailioPort = 5060
const sdp = {
  contentType: 'application/sdp',
  body: `${['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0', 'm=audio 40000 RTP/AVP 0'].join('\r\n')}\r\n`,
}

/** A phone that says nothing by itself, at an address of its own. */
function udpPhone(t: TestContext): Promise<UdpWire> {
  return UdpWire.open(t, to, { host: '127.0.0.7', port: 0 })
}

async function register(wire: Wire, user: string, contact = `<${wire.uri}>`): Promise<void> {
  const address = `<sip:${user}@example.org>`
  wire.send(
    requestText(wire, 'REGISTER', {
      uri: 'sip:example.org',
      fields: { From: `${address};tag=1`, To: address, Contact: contact, Expires: '600' },
    }),
  )
  const { status, headers } = await wire.response('REGISTER')
  assert.equal(status, 200)
  const contacts = headers.values('Contact').join(', ')
  assert.ok(contacts.includes(contact), `${contact} came back as ${contacts}`)
}

/** Sends an INVITE. @returns its Call-ID */
function invite(wire: Wire, uri: string, fields: Fields = {}): string {
  const callId = unique()
  wire.send(requestText(wire, 'INVITE', { uri, fields: { To: `<${uri}>`, 'Call-ID': callId, ...fields }, ...sdp }))
  return callId
}

function answer(wire: Wire, request: SipRequest, status: number): void {
  const fields = { 'Record-Route': request.headers.all('Record-Route') }
  wire.send(responseText(wire, request, status, { fields, ...(status === 200 && request.method === 'INVITE' && sdp) }))
}

/** Where the caller's later requests go (RFC 3261 §12.1.2). */
function routed({ headers }: SipResponse): { readonly uri: string; readonly fields: Fields } {
  const uri = /<([^>]+)>/.exec(headers.get('Contact') ?? '')?.[1] ?? ''
  return { uri, fields: { Route: headers.values('Record-Route').reverse().join(', ') } }
}

function inDialog({ headers }: SipResponse): Fields {
  return { From: headers.get('From'), To: headers.get('To'), 'Call-ID': headers.get('Call-ID') }
}

/** Calls, is declined, and tells whether the call came through the B2BUA, which gives leg B a Call-ID of its own. */
async function isDiverted(caller: Wire, callee: Wire, uri: string, fields: Fields = {}): Promise<boolean> {
  const callId = invite(caller, uri, fields)
  const request = await callee.request('INVITE')
  answer(callee, request, 603)
  await callee.request('ACK')
  const response = await caller.response('INVITE')
  assert.equal(response.status, 603)
  caller.send(ackText(response, { uri }))
  return request.headers.get('Call-ID') !== callId
}

suite('what phones send to --server proxy before Kamailio', { timeout: 120_000 }, () => {
  let site: FrontSite

  before(async () => {
    site = await FrontSite.open('front-requests')
  })
  after(async () => {
    assert.deepEqual(await site.close(), [0, 0], 'both servers stop with status 0')
  })

  test('registrations, and calls to phones that are there, elsewhere, twice or gone', async (t) => {
    const caller = await udpPhone(t)
    await site.save({ enabled: false })
    const silent = await udpPhone(t)
    const patient = await udpPhone(t)
    await register(silent, 'silent')
    invite(patient, 'sip:silent@example.org')

    await t.test('a registration reaches Kamailio with a Path and the Contact of the phone', async (t) => {
      const file = await captured(site.folder, async () => {
        await register(await udpPhone(t), 'path-udp', '<sip:path@192.168.7.7:5099>')
        await register(await TcpWire.open(t, to), 'path-tcp', '<sip:path@192.168.7.7:5099;transport=tcp>')
      })
      const requests = requestsTo(sipMessages(file), kamailioPort, 'REGISTER').filter(
        ({ destination }) => !destination.startsWith(front.host),
      )
      assert.deepEqual(
        requests.map((one) => headerValues(one, 'Contact')[0]),
        ['<sip:path@192.168.7.7:5099>', '<sip:path@192.168.7.7:5099;transport=tcp>'],
      )
      for (const one of requests) assert.match(headerValues(one, 'Path')[0] ?? '', /^<sip:[\w-]+@127\.0\.0\.2:5060;lr/)
    })

    for (const enabled of [true, false])
      await t.test(`a phone behind a NAT is called at the port it sends from, diversion ${enabled}`, async (t) => {
        await site.save({ enabled })
        const phone = await udpPhone(t)
        await register(phone, `nat-${enabled}`, '<sip:nat@192.168.7.8:5077>')
        assert.equal(await isDiverted(caller, phone, `sip:nat-${enabled}@example.org`), enabled)
      })

    for (const enabled of [true, false])
      await t.test(`a phone whose connection has closed is unavailable, diversion ${enabled}`, async (t) => {
        await site.save({ enabled })
        const phone = await TcpWire.open(t, to)
        const user = `gone-${enabled}`
        await register(phone, user)
        phone.socket.destroy()
        await phone.end()
        const uri = `sip:${user}@example.org`
        invite(caller, uri)
        const response = await caller.response('INVITE')
        caller.send(ackText(response, { uri }))
        assert.ok([408, 480].includes(response.status), `${response.status}`)
      })

    for (const enabled of [true, false])
      await t.test(`of two phones of a user one answers, the other is cancelled, diversion ${enabled}`, async (t) => {
        await site.save({ enabled })
        const phones = [await udpPhone(t), await TcpWire.open(t, to)] as const
        const uri = `sip:fork-${enabled}@example.org`
        for (const phone of phones) await register(phone, `fork-${enabled}`)
        const caller = await udpPhone(t)
        invite(caller, uri)
        const [first, second] = [await phones[0].request('INVITE'), await phones[1].request('INVITE')]
        answer(phones[0], first, 180)
        answer(phones[1], second, 180)
        answer(phones[0], first, 200)
        const response = await caller.response('INVITE')
        assert.equal(response.status, 200)
        const dialog = routed(response)
        caller.send(ackText(response, dialog))
        await phones[0].request('ACK')
        const cancel = await phones[1].request('CANCEL')
        phones[1].send(responseText(phones[1], cancel, 200))
        answer(phones[1], second, 487)
        await phones[1].request('ACK')
        const bye = requestText(caller, 'BYE', {
          uri: dialog.uri,
          fields: { ...dialog.fields, ...inDialog(response), CSeq: '2 BYE' },
        })
        caller.send(bye)
        answer(phones[0], await phones[0].request('BYE'), 200)
        assert.equal((await caller.response('BYE')).status, 200)
      })

    const callee = await udpPhone(t)
    await register(callee, 'bob')
    for (const [filter, uri, fields, other] of [
      ["request.uri.domain == 'b2bua.example'", 'sip:bob@b2bua.example', {}, 'sip:bob@example.org'],
      ["request.uri.params contains 'user=phone'", 'sip:bob@example.org;user=phone', {}, 'sip:bob@example.org'],
      ["user-agent contains 'Desk'", 'sip:bob@example.org', { 'User-Agent': 'Desk/1' }, 'sip:bob@example.org'],
    ] as const)
      await t.test(`who matches ${filter} is diverted, who does not goes past`, async () => {
        await site.save({ enabled: true, filter })
        assert.equal(await isDiverted(caller, callee, uri, fields), true)
        assert.equal(await isDiverted(caller, callee, other, { 'User-Agent': 'Soft/1' }), false)
      })

    await t.test("a phone that forges the B2BUA's User-Agent and headers is diverted all the same", async () => {
      await site.save({ enabled: true })
      const forged = {
        'User-Agent': userAgent,
        'flexisip-b2bua': 'ignore',
        'X-Flexisip-B2BUA': 'ignore',
        'X-Flexisip-B2BUA-Token': `1;${'0'.repeat(64)}`,
      }
      assert.equal(await isDiverted(caller, callee, 'sip:bob@example.org', forged), true)
    })

    await t.test('a phone that is silent is given up with 408', async () => {
      const final = await poll(
        () => patient.received.find((one) => one.kind === 'response' && one.status >= 200),
        40_000,
      )
      assert.equal(final?.kind === 'response' && final.status, 408)
    })
  })
})
