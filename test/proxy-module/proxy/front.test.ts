import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProxySite } from '../../support/proxy/proxy-site.ts'
import { ackText, cancelText, requestText, responseText } from '../../support/torture/sip-text.ts'
import { TcpWire, UdpWire } from '../../support/torture/wire.ts'

const nowhere = { host: '127.0.0.1', port: 9 }

test('a REGISTER crosses to the next hop with a Path, and its answer comes back', async (t) => {
  const next = await UdpWire.open(t, nowhere)
  const site = await ProxySite.start(t, { nextHop: `sip:127.0.0.1:${next.address.port}` })
  for (const phone of [await UdpWire.open(t, site.udp), await TcpWire.open(t, site.tcp)]) {
    phone.send(requestText(phone, 'REGISTER', { uri: 'sip:sip.example.org', fields: { Contact: `<${phone.uri}>` } }))
    const request = await next.request('REGISTER')
    assert.equal(request.headers.values('Via').length, 2)
    assert.equal(request.headers.get('Max-Forwards'), '69')
    const path = request.headers.get('Path')!
    // the side of the next hop, which may not speak the phone's transport
    assert.match(path, new RegExp(`^<sip:[\\w-]+@127\\.0\\.0\\.1:${site.udp.port};lr;ob>$`))
    const back = await UdpWire.open(t, site.udp)
    back.send(responseText(next, request, 200))
    const response = await phone.response('REGISTER')
    assert.equal(response.headers.values('Via').length, 1)
    // a call of the next hop to the phone, over its flow
    back.send(requestText(back, 'INVITE', { uri: 'sip:alice@10.9.9.9', fields: { Route: path } }))
    const invite = await phone.request('INVITE')
    assert.equal(invite.uri, 'sip:alice@10.9.9.9')
    assert.equal(invite.headers.has('Route'), false)
    assert.equal(invite.headers.values('Record-Route').length, 2)
    phone.send(responseText(phone, invite, 200))
    const ok = await back.response('INVITE', 200)
    assert.equal(ok.headers.values('Via').length, 1)
  }
})

test('an INVITE goes to the next hop, or is diverted; ACK and CANCEL follow', async (t) => {
  const next = await UdpWire.open(t, nowhere)
  const b2bua = await UdpWire.open(t, nowhere)
  const site = await ProxySite.start(t, {
    nextHop: `sip:127.0.0.1:${next.address.port}`,
    servers: [`sip:127.0.0.1:${b2bua.address.port}`],
    filter: "from.uri.user == 'alice'",
  })
  const phone = await UdpWire.open(t, site.udp)
  const invite = requestText(phone, 'INVITE', { fields: { From: '<sip:alice@sip.example.org>;tag=1' } })
  phone.send(invite)
  const diverted = await b2bua.request('INVITE')
  assert.equal(diverted.uri, 'sip:bob@sip.example.org')
  assert.deepEqual(diverted.headers.values('Route'), [`<sip:127.0.0.1:${b2bua.address.port}>`])
  site.settings = { ...site.settings, enabled: false }
  phone.send(cancelText(invite))
  const back = await UdpWire.open(t, site.udp)
  back.send(responseText(b2bua, diverted, 180))
  await phone.response('INVITE', 180)
  const cancel = await b2bua.request('CANCEL')
  assert.equal(cancel.headers.get('Route'), diverted.headers.get('Route'))
  back.send(responseText(b2bua, cancel, 200))
  back.send(responseText(b2bua, diverted, 487))
  await b2bua.request('ACK')
  const gone = await phone.response('INVITE', 487)
  phone.send(ackText(gone))
  phone.send(requestText(phone, 'INVITE', { fields: { From: '<sip:alice@sip.example.org>;tag=1' } }))
  await next.request('INVITE')
})

test('an INVITE that a B2BUA has not answered goes to the next one, when it cannot be reached or has died', async (t) => {
  const [next, silent, alive] = [
    await UdpWire.open(t, nowhere),
    await UdpWire.open(t, nowhere),
    await UdpWire.open(t, nowhere),
  ]
  const site = await ProxySite.start(t, {
    nextHop: `sip:127.0.0.1:${next.address.port}`,
    servers: [
      'sip:127.0.0.1:9;transport=tcp',
      `sip:127.0.0.1:${silent.address.port}`,
      `sip:127.0.0.1:${alive.address.port}`,
    ],
  })
  const phone = await UdpWire.open(t, site.udp)
  phone.send(requestText(phone, 'INVITE'))
  const first = await silent.request('INVITE')
  assert.deepEqual(site.failed, ['sip:127.0.0.1:9;transport=tcp'])
  site.proxy.serverDied(site.settings.servers[1]!)
  const second = await alive.request('INVITE')
  assert.deepEqual(second.headers.values('Route'), [`<sip:127.0.0.1:${alive.address.port}>`])
  // it was not that dead: whom it calls is not the caller's business any more
  const back = await UdpWire.open(t, site.udp)
  back.send(responseText(silent, first, 180, { toTag: 'silent' }))
  back.send(responseText(alive, second, 486))
  assert.equal((await phone.response('INVITE')).status, 486)
  assert.equal(phone.summary().includes('180'), false)
  await silent.request('CANCEL')
})
