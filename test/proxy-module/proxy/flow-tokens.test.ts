/** RFC 5626 §5.3: flow tokens lead to the phone that they were made for, for those who may use them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FlowTokens } from '../../../proxy-module/proxy/flow-token.ts'
import { FrontSite } from '../../support/proxy/front-site.ts'
import { StandaloneSite } from '../../support/proxy/standalone-site.ts'
import { requestText, responseText } from '../../support/torture/sip-text.ts'
import { TcpWire, UdpWire } from '../../support/torture/wire.ts'
import { until } from '../../support/until.ts'

const methods = ['INVITE', 'MESSAGE', 'SUBSCRIBE', 'BYE']

/** A Route with another user part. */
function withUser(route: string, user: string): string {
  return route.replace(/sip:[^@]*@/, `sip:${user}@`)
}

for (const protocol of ['udp', 'tcp'] as const) {
  test(`over ${protocol} the next hop reaches a phone by its Path`, async (t) => {
    const front = await FrontSite.start(t)
    const phone = protocol === 'udp' ? await front.phone() : await front.tcpPhone()
    const Route = await front.register(phone)
    for (const method of methods) {
      front.next.send(requestText(front.next, method, { uri: 'sip:x@192.0.2.1', fields: { Route } }))
      const request = await phone.request(method)
      assert.equal(request.uri, 'sip:x@192.0.2.1')
      phone.send(responseText(phone, request, 200))
      await front.next.response(method, 200)
    }
  })

  test(`over ${protocol} a token that was not made here is answered 403`, async (t) => {
    const front = await FrontSite.start(t)
    const phone = protocol === 'udp' ? await front.phone() : await front.tcpPhone()
    const path = await front.register(phone)
    const token = /sip:([^@]*)@/.exec(path)![1]!
    const flows = ['A', 'a'].map((letter) => letter + token.slice(1)).filter((one) => one !== token)
    const other = token.endsWith('A') ? `${token.slice(0, -2)}BA` : `${token.slice(0, -2)}AA`
    const stranger = new FlowTokens(Buffer.alloc(32, 'another'))
    const forged = [...flows, other, token.slice(0, -1), `${token}A`, token.toUpperCase()]
    const ends = new FlowTokens(Buffer.alloc(32, 'test')).read(token)
    assert.equal(ends?.protocol, protocol)
    assert.equal(stranger.read(token), undefined)
    for (const sender of [front.next, await front.phone()]) {
      for (const user of forged) {
        for (const method of ['INVITE', 'MESSAGE']) {
          sender.send(requestText(sender, method, { fields: { Route: withUser(path, user) } }))
          assert.equal((await sender.response(method)).status, 403, user)
        }
      }
    }
    assert.deepEqual(phone.received, [])
  })

  test(`over ${protocol} a token that somebody else found out is of no use to them`, async (t) => {
    const front = await FrontSite.start(t)
    const phone = protocol === 'udp' ? await front.phone() : await front.tcpPhone()
    const Route = await front.register(phone)
    for (const thief of [await front.phone(), await front.tcpPhone()]) {
      for (const method of methods) {
        for (const To of ['<sip:bob@sip.example.org>', '<sip:bob@sip.example.org>;tag=invented']) {
          thief.send(requestText(thief, method, { fields: { Route, To } }))
          await thief.response(method, 403)
        }
      }
    }
    assert.deepEqual([...phone.received, ...front.next.received], [])
  })
}

test('a phone that sends its own token back to the proxy is not misled', async (t) => {
  const front = await FrontSite.start(t)
  const phone = await front.phone()
  const Route = await front.register(phone)
  const request = await front.pass(phone, 'INVITE', { fields: { Route } })
  assert.equal(request.headers.has('Route'), false)
})

test('alone, a token outside of its dialog is nobody’s to use, and one whose flow has gone is 480', async (t) => {
  const alone = await StandaloneSite.start(t)
  const [caller, bob, thief] = [await alone.phone(), await alone.tcpPhone(), await alone.phone()]
  await alone.register('bob', bob)
  const { invites } = await alone.call(caller, [bob])
  const [upper = '', lower = ''] = invites[0]!.headers.values('Record-Route')
  const fields = { 'Record-Route': invites[0]!.headers.all('Record-Route') }
  bob.send(responseText(bob, invites[0]!, 200, { fields }))
  const ok = await caller.response('INVITE', 200)
  thief.send(requestText(thief, 'INVITE', { fields: { Route: upper } }))
  const other = await bob.request('INVITE')
  assert.notEqual(other.headers.get('Call-ID'), ok.headers.get('Call-ID'), 'it went the way of every call to bob')
  for (const user of ['A'.repeat(31), 'A'.repeat(55)]) {
    thief.send(requestText(thief, 'MESSAGE', { fields: { Route: withUser(upper, user) } }))
    assert.equal((await thief.response('MESSAGE')).status, 403)
  }
  const inDialog = { To: ok.headers.get('To'), 'Call-ID': ok.headers.get('Call-ID'), Route: [lower, upper] }
  caller.send(requestText(caller, 'BYE', { uri: bob.uri, fields: inDialog }))
  await bob.request('BYE')
  bob.socket.destroy()
  await new Promise((resolve) => alone.site.transport.events.on('flowClosed', resolve))
  for (const method of ['BYE', 'INVITE', 'INFO']) {
    caller.send(requestText(caller, method, { uri: bob.uri, fields: inDialog }))
    await caller.response(method, 480)
  }
})

test('the Record-Routes of one dialog vouch for no other: with an invented To tag a call is diverted all the same', async (t) => {
  const b2bua = await UdpWire.open(t, { host: '127.0.0.1', port: 9 })
  const front = await FrontSite.start(t, { servers: [`sip:127.0.0.1:${b2bua.address.port}`] })
  const phone = await front.phone()
  phone.send(requestText(phone, 'INVITE'))
  const first = await b2bua.request('INVITE')
  const Route = first.headers.values('Record-Route').toReversed()
  const fields = { Route, To: '<sip:bob@sip.example.org>;tag=invented' }
  const uri = front.next.uri
  phone.send(requestText(phone, 'INVITE', { uri, fields }))
  assert.equal((await b2bua.request('INVITE')).uri, uri)
  phone.send(requestText(phone, 'INVITE', { uri, fields: { ...fields, 'Call-ID': first.headers.get('Call-ID') } }))
  await front.next.request('INVITE')
})

test('a dialog of one’s own does not open the flow of another: neither with its mark, nor with its Call-ID', async (t) => {
  const front = await FrontSite.start(t)
  const [phone, thief] = [await front.phone(), await front.phone()]
  const Route = await front.register(phone)
  const token = /sip:([^@]*)@/.exec(Route)![1]!
  const { headers } = await front.pass(thief, 'INVITE')
  const [upper = '', lower = ''] = headers.values('Record-Route')
  for (const route of [withUser(lower, token), Route.replace(';lr', `;lr;${/did=[^>]*/.exec(upper)![0]}`)]) {
    for (const method of methods) {
      const fields = { Route: route, To: '<sip:bob@sip.example.org>;tag=any', 'Call-ID': headers.get('Call-ID') }
      thief.send(requestText(thief, method, { fields }))
      await thief.response(method, 403)
    }
  }
  assert.deepEqual(phone.received, [])
})

test('whoever connects from the port of a phone that has gone does not get its calls', async (t) => {
  const front = await FrontSite.start(t)
  const phone = await front.tcpPhone()
  const Route = await front.register(phone)
  const { port } = phone.address
  phone.socket.resetAndDestroy()
  await until(() => front.site.transport.counts().connections === 0)
  const other = await TcpWire.open(t, front.site.tcp, port)
  await front.register(other)
  for (const method of ['INVITE', 'MESSAGE']) {
    front.next.send(requestText(front.next, method, { uri: 'sip:x@192.0.2.1', fields: { Route } }))
    await front.next.response(method, 480)
  }
  assert.deepEqual(other.received, [])
})

test('alone, a request in a dialog goes to the Contact of the B2BUA, though its host is a domain of the registrar', async (t) => {
  const b2bua = await UdpWire.open(t, { host: '127.0.0.1', port: 9 })
  const alone = await StandaloneSite.start(t, { servers: [`sip:127.0.0.1:${b2bua.address.port}`] })
  const caller = await alone.phone()
  caller.send(requestText(caller, 'INVITE'))
  const invite = await b2bua.request('INVITE')
  const fields = {
    To: '<sip:bob@sip.example.org>;tag=b2bua',
    'Call-ID': invite.headers.get('Call-ID'),
    Route: invite.headers.values('Record-Route').toReversed(),
  }
  const uri = `sip:anybody@127.0.0.1:${b2bua.address.port}`
  caller.send(requestText(caller, 'BYE', { uri, fields }))
  assert.equal((await b2bua.request('BYE')).uri, uri)
})
