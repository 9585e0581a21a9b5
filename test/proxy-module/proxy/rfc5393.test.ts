/** RFC 5393: loops told from spirals (§4.2), and the breadth of forking (§5). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type SipRequest } from '../../../src/sip/message/message.ts'
import { FrontSite } from '../../support/proxy/front-site.ts'
import { StandaloneSite } from '../../support/proxy/standalone-site.ts'
import { requestText, responseText, unique } from '../../support/torture/sip-text.ts'
import { type Wire } from '../../support/torture/wire.ts'

/** A request as somebody sends it back to the proxy. */
function returned(wire: Wire, request: SipRequest, uri = request.uri, fields: Record<string, string> = {}): string {
  const { headers, method } = request
  const kept = Object.fromEntries(['From', 'To', 'Call-ID', 'CSeq'].map((name) => [name, headers.get(name)]))
  const Via = [`${wire.via};rport;branch=z9hG4bK${unique()}`, ...headers.all('Via')]
  return requestText(wire, method, { uri, fields: { ...kept, Via, ...fields } })
}

for (const method of ['INVITE', 'MESSAGE']) {
  test(`${method}: what would take the way again that it has taken is a loop, answered 482`, async (t) => {
    const front = await FrontSite.start(t)
    const [phone, other] = [await front.phone(), await front.phone()]
    const went = await front.pass(phone, method)
    other.send(returned(other, went))
    await other.response(method, 482)
    other.send(returned(other, went, 'sip:carol@sip.example.org'))
    assert.equal((await front.next.request(method)).uri, 'sip:carol@sip.example.org', 'another Request-URI: a spiral')
  })

  test(`${method}: what the next hop sends back for somebody else is a spiral, and a loop the second time`, async (t) => {
    const front = await FrontSite.start(t)
    const { next } = front
    const went = await front.pass(await front.phone(), method, { uri: `sip:bob@${next.address.host}` })
    const uri = `sip:bob@${next.address.host}:${next.address.port}`
    next.send(returned(next, went, uri))
    const again = await next.request(method)
    assert.equal(again.uri, uri)
    next.send(returned(next, again, uri))
    await next.response(method, 482)
  })

  test(`${method}: the next hop may send the very same request out into the world`, async (t) => {
    const front = await FrontSite.start(t)
    const { next } = front
    const uri = `sip:bob@${next.address.host}:${next.address.port}`
    const went = await front.pass(await front.phone(), method, { uri })
    next.send(returned(next, went))
    assert.equal((await next.request(method)).headers.values('Via').length, 4)
  })
}

for (const method of ['INVITE', 'MESSAGE']) {
  test(`${method}: users who registered for each other do not multiply requests (§3)`, async (t) => {
    const alone = await StandaloneSite.start(t)
    const caller = await alone.phone()
    const { port } = alone.site.udp
    const contacts = ['a', 'b'].map((user) => `<sip:${user}@127.0.0.1:${port}>`)
    for (const user of ['a', 'b']) {
      const address = `<sip:${user}@127.0.0.1>`
      // behind another proxy, as it seems: so the Contact counts, and not the way it came
      const Via = [`${caller.via};rport;branch=z9hG4bK${unique()}`, 'SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKbehind']
      const fields = { Via, From: `${address};tag=1`, To: address, Contact: contacts }
      caller.send(requestText(caller, 'REGISTER', { uri: 'sip:127.0.0.1', fields }))
      await caller.response('REGISTER', 200)
    }
    let answered = 0
    alone.site.proxy.events.on('answered', () => answered++)
    caller.send(requestText(caller, method, { uri: 'sip:a@127.0.0.1' }))
    await caller.response(method, 482)
    assert.ok(answered < 10, `${answered} of its requests had come back`)
    assert.equal(alone.site.proxy.counts()['requests'], 0)
  })
}

for (const method of ['INVITE', 'MESSAGE']) {
  test(`${method}: Max-Breadth passes on to the one branch, and is 60 where there was none`, async (t) => {
    const front = await FrontSite.start(t)
    const phone = await front.phone()
    for (const [came, left] of [
      [undefined, '60'],
      ['7', '7'],
      ['1', '1'],
    ] as const) {
      const { headers } = await front.pass(phone, method, { fields: { 'Max-Breadth': came } })
      assert.deepEqual(headers.all('Max-Breadth'), [left])
    }
  })

  test(`${method}: Max-Breadth is shared among branches; with too little for all of them it is 440`, async (t) => {
    const alone = await StandaloneSite.start(t)
    const caller = await alone.phone()
    const phones = [await alone.phone(), await alone.phone(), await alone.phone()]
    await alone.register('bob', ...phones)
    for (const [came, each] of [
      [undefined, 20],
      ['10', 3],
      ['3', 1],
    ] as const) {
      caller.send(requestText(caller, method, { fields: { 'Max-Breadth': came } }))
      for (const phone of phones) {
        const request = await phone.request(method)
        assert.deepEqual(request.headers.all('Max-Breadth'), [String(each)])
        phone.send(responseText(phone, request, 600))
      }
      await caller.response(method, 600)
    }
    for (const came of ['2', '1', '0']) {
      caller.send(requestText(caller, method, { fields: { 'Max-Breadth': came } }))
      await caller.response(method, 440)
    }
  })

  test(`${method}: Max-Breadth 0 leaves no branch, and one that is no number is answered 400`, async (t) => {
    const front = await FrontSite.start(t)
    const phone = await front.phone()
    for (const [value, status] of [
      ['0', 440],
      ['many', 400],
      ['-1', 400],
      ['', 400],
    ] as const) {
      phone.send(requestText(phone, method, { fields: { 'Max-Breadth': value } }))
      await phone.response(method, status)
    }
    assert.deepEqual(front.next.received, [])
  })
}
