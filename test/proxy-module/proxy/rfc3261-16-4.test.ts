/** RFC 3261 §16.4 and §16.5: what a proxy takes for its own, and where requests go. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FrontSite, otherLoopback } from '../../support/proxy/front-site.ts'
import { contactOf, StandaloneSite } from '../../support/proxy/standalone-site.ts'
import { requestText, responseText } from '../../support/torture/sip-text.ts'
import { UdpWire } from '../../support/torture/wire.ts'

const nowhere = { host: '127.0.0.1', port: 9 }

for (const method of ['INVITE', 'MESSAGE', 'REGISTER']) {
  test(`16.4: a Route to this proxy is taken from ${method}, and others stay`, async (t) => {
    const front = await FrontSite.start(t)
    const { udp, tcp } = front.site
    const own = `<sip:${udp.host}:${udp.port};lr>`
    const alsoOwn = `<sip:anybody@${tcp.host}:${tcp.port};transport=tcp;lr>`
    const other = '<sip:other.example.org;lr>'
    for (const phone of [await front.phone(), await front.tcpPhone()]) {
      for (const [Route, left] of [
        [own, []],
        [`${own}, ${alsoOwn}`, []],
        [`"us" ${own}, ${other}`, [other]],
        [
          [own, other, own],
          [other, own],
        ],
      ] as const) {
        const request = await front.pass(phone, method, { fields: { Route } })
        assert.deepEqual(request.headers.values('Route'), left)
        assert.equal(request.uri, 'sip:bob@sip.example.org')
      }
    }
  })
}

test('16.4: a Route that cannot be read is answered 400', async (t) => {
  const front = await FrontSite.start(t)
  const phone = await front.phone()
  for (const method of ['INVITE', 'MESSAGE']) {
    for (const Route of ['<sip:>', '<sip:a b>', 'sip:x@', '<sip:open', ';lr']) {
      phone.send(requestText(phone, method, { fields: { Route } }))
      assert.equal((await phone.response(method)).status, 400, Route)
    }
  }
})

for (const method of ['BYE', 'INVITE']) {
  test(`16.4: a strict router before us has put our Route into the Request-URI of ${method}`, async (t) => {
    const front = await FrontSite.start(t)
    const { next } = front
    const phone = await front.tcpPhone()
    const path = await front.register(phone)
    next.send(requestText(next, 'INVITE', { uri: phone.uri, fields: { Route: path, 'Call-ID': 'strict' } }))
    const invite = await phone.request('INVITE')
    phone.send(responseText(phone, invite, 200))
    await next.response('INVITE', 200)
    const [upper = '', lower = ''] = invite.headers.values('Record-Route')
    next.send(
      requestText(next, method, {
        uri: lower.slice(1, -1),
        fields: { Route: [upper, `<${phone.uri}>`], To: '<sip:bob@sip.example.org>;tag=callee', 'Call-ID': 'strict' },
      }),
    )
    const request = await phone.request(method)
    assert.equal(request.uri, phone.uri)
    assert.equal(request.headers.has('Route'), false)
  })
}

test('16.4: what a strict router cannot have had for a Request-URI does not become one', async (t) => {
  const front = await FrontSite.start(t)
  const phone = await front.phone()
  const uri = `sip:127.0.0.1:${front.site.udp.port};lr`
  for (const method of ['INVITE', 'MESSAGE']) {
    for (const Route of ['<sip:bob@example.org?Route=%3Csip:evil%3E>', '<sip:>']) {
      phone.send(requestText(phone, method, { uri, fields: { Route } }))
      await phone.response(method, 400)
    }
  }
  assert.deepEqual(front.next.received, [])
})

test('16.4: a Request-URI that leads here by maddr goes on without it, its port and its transport', async (t) => {
  const front = await FrontSite.start(t)
  const { udp, tcp } = front.site
  const [byUdp, byTcp] = [await front.phone(), await front.tcpPhone()]
  for (const [phone, uri, expected] of [
    [byUdp, `sip:bob@example.org:${udp.port};maddr=${udp.host}`, 'sip:bob@example.org'],
    [
      byUdp,
      `sip:bob@example.org:${udp.port};user=phone;MADDR=${udp.host};Transport=UDP;x=y`,
      'sip:bob@example.org;user=phone;x=y',
    ],
    [byTcp, `sip:bob@example.org:${tcp.port};transport=tcp;maddr=${tcp.host}`, 'sip:bob@example.org'],
    // it came another way than the URI says
    [byTcp, `sip:bob@example.org:${tcp.port};maddr=${tcp.host}`, undefined],
    [byUdp, `sip:bob@example.org:${tcp.port};transport=tcp;maddr=${tcp.host}`, undefined],
    // somebody else's
    [byUdp, `sip:bob@example.org:${udp.port};maddr=192.0.2.1`, undefined],
    [byUdp, 'sip:bob;maddr=127.0.0.1@example.org', undefined],
  ] as const) {
    for (const method of ['INVITE', 'MESSAGE']) {
      assert.equal((await front.pass(phone, method, { uri })).uri, expected ?? uri)
    }
  }
})

test('16.5: in front mode the next hop gets what phones send, wherever it is for', async (t) => {
  const front = await FrontSite.start(t)
  const phone = await front.phone()
  const elsewhere = await UdpWire.open(t, nowhere)
  const fields = { Route: `<${elsewhere.uri};lr>` }
  for (const method of ['INVITE', 'MESSAGE', 'BYE', 'STRANGE']) {
    await front.pass(phone, method, { uri: elsewhere.uri })
    const request = await front.pass(phone, method, { uri: elsewhere.uri, fields })
    assert.equal(request.headers.get('Route'), fields.Route)
    // who says to be in a dialog has not come through here by that alone
    await front.pass(phone, method, { fields: { ...fields, To: '<sip:bob@sip.example.org>;tag=made-up' } })
  }
  assert.deepEqual(elsewhere.received, [])
})

test('16.5: in front mode the next hop reaches everybody: by Route, by Request-URI', async (t) => {
  const front = await FrontSite.start(t)
  const { next } = front
  const world = await UdpWire.open(t, nowhere, { host: otherLoopback(), port: 0 })
  for (const method of ['INVITE', 'MESSAGE']) {
    next.send(requestText(next, method, { uri: world.uri }))
    assert.equal((await world.request(method)).uri, world.uri)
    next.send(requestText(next, method, { fields: { Route: `<${world.uri};lr>` } }))
    const routed = await world.request(method)
    assert.equal(routed.uri, 'sip:bob@sip.example.org')
    assert.equal(routed.headers.get('Route'), `<${world.uri};lr>`)
  }
})

test('16.5: a number or a service that the next hop sends out leads nowhere from here: 416', async (t) => {
  const [front, alone] = [await FrontSite.start(t), await StandaloneSite.start(t)]
  const phone = await alone.phone()
  for (const sender of [front.next, phone]) {
    for (const uri of ['tel:+33123456789', 'urn:service:sos']) {
      for (const method of ['INVITE', 'MESSAGE']) {
        sender.send(requestText(sender, method, { uri }))
        assert.equal((await sender.response(method)).status, 416, uri)
      }
    }
  }
})

test('16.5: alone it finds the phones of its domain, and 404 where there is none', async (t) => {
  const alone = await StandaloneSite.start(t)
  const [caller, bob] = [await alone.phone(), await alone.tcpPhone()]
  await alone.register('bob', bob)
  for (const method of ['INVITE', 'MESSAGE']) {
    caller.send(requestText(caller, method))
    assert.equal((await bob.request(method)).uri, contactOf(bob, 'bob'))
    caller.send(requestText(caller, method, { uri: 'sip:nobody@SIP.example.org' }))
    await caller.response(method, 404)
  }
})

test('16.5: alone it sends what is for others out into the world, the Request-URI as it was', async (t) => {
  const alone = await StandaloneSite.start(t)
  const caller = await alone.phone()
  const world = await UdpWire.open(t, nowhere, { host: otherLoopback(), port: 0 })
  const uri = `sip:someone@${world.address.host}:${world.address.port}`
  for (const method of ['INVITE', 'MESSAGE']) {
    caller.send(requestText(caller, method, { uri }))
    assert.equal((await world.request(method)).uri, uri)
    caller.send(requestText(caller, method, { fields: { Route: `<${uri};lr>` } }))
    assert.equal((await world.request(method)).uri, 'sip:bob@sip.example.org')
  }
})
