/** RFC 3261 §16.3: what a request must be like to be passed on. Step 4, loops, is in rfc5393.test.ts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FrontSite } from '../../support/proxy/front-site.ts'
import { StandaloneSite } from '../../support/proxy/standalone-site.ts'
import { requestText } from '../../support/torture/sip-text.ts'
import { type Wire } from '../../support/torture/wire.ts'

/** The status that a request is answered with by the proxy. */
async function statusOf(phone: Wire, method: string, options: Parameters<typeof requestText>[2]): Promise<number> {
  phone.send(requestText(phone, method, options))
  return (await phone.response(method)).status
}

for (const uri of [
  'nobodyKnowsThisScheme:totallyopaquecontent',
  'soap.beep://192.0.2.103:3002',
  'http://example.org/',
]) {
  test(`step 2: ${uri} is answered 416`, async (t) => {
    const front = await FrontSite.start(t)
    const alone = await StandaloneSite.start(t)
    for (const phone of [await front.phone(), await front.tcpPhone(), await alone.phone()]) {
      for (const method of ['OPTIONS', 'INVITE']) assert.equal(await statusOf(phone, method, { uri }), 416)
    }
    assert.deepEqual(front.next.received, [])
  })
}

for (const uri of ['tel:+33123456789;phone-context=example.org', 'urn:service:sos.fire', 'SIPS:bob@sip.example.org']) {
  test(`step 2: what ${uri} means is for the next hop to say`, async (t) => {
    const front = await FrontSite.start(t)
    const phone = await front.phone()
    for (const method of ['INVITE', 'OPTIONS']) assert.equal((await front.pass(phone, method, { uri })).uri, uri)
  })
}

test('an INVITE in small letters is refused: it would go past the B2BUA, and others read it as an INVITE', async (t) => {
  const [front, alone] = [await FrontSite.start(t), await StandaloneSite.start(t)]
  const bob = await alone.phone()
  await alone.register('bob', bob)
  for (const phone of [await front.phone(), await front.tcpPhone(), await alone.phone()]) {
    for (const method of ['invite', 'Invite', 'INVITe']) assert.equal(await statusOf(phone, method, {}), 400)
  }
  assert.deepEqual([...front.next.received, ...bob.received], [])
})

test('step 3: Max-Forwards is counted down, and added where there is none', async (t) => {
  const front = await FrontSite.start(t)
  const phone = await front.phone()
  for (const method of ['INVITE', 'MESSAGE']) {
    for (const [came, left] of [
      ['70', '69'],
      ['1', '0'],
      ['255', '254'],
      ['007', '6'],
      [undefined, '70'],
    ] as const) {
      const { headers } = await front.pass(phone, method, { fields: { 'Max-Forwards': came } })
      assert.deepEqual(headers.all('Max-Forwards'), [left])
    }
  }
})

test('step 3: without hops left a request is answered 483, but for OPTIONS, which ends here', async (t) => {
  const front = await FrontSite.start(t)
  const alone = await StandaloneSite.start(t)
  const fields = { 'Max-Forwards': '0' }
  for (const phone of [await front.phone(), await alone.phone()]) {
    for (const method of ['INVITE', 'MESSAGE', 'REGISTER', 'BYE', 'STRANGE']) {
      assert.equal(await statusOf(phone, method, { fields }), 483)
    }
    phone.send(requestText(phone, 'OPTIONS', { fields }))
    const response = await phone.response('OPTIONS', 200)
    assert.match(response.headers.get('Allow')!, /INVITE/, '§11.2: says what it can do')
    assert.ok(response.headers.has('Accept'))
  }
  assert.deepEqual(front.next.received, [])
})

for (const value of ['seventy', '256', '-1', '', '7 0', '0x10', '99999999999999999999']) {
  test(`Max-Forwards "${value}" is answered 400`, async (t) => {
    const front = await FrontSite.start(t)
    const phone = await front.phone()
    for (const method of ['INVITE', 'OPTIONS']) {
      assert.equal(await statusOf(phone, method, { fields: { 'Max-Forwards': value } }), 400)
    }
  })
}

test('step 5: an extension that the proxy must know is answered 420, with all that it does not know', async (t) => {
  const front = await FrontSite.start(t)
  const alone = await StandaloneSite.start(t)
  for (const phone of [await front.phone(), await alone.phone()]) {
    for (const method of ['INVITE', 'MESSAGE', 'REGISTER']) {
      phone.send(requestText(phone, method, { fields: { 'Proxy-Require': ['foo, bar', 'baz'] } }))
      const response = await phone.response(method, 420)
      assert.deepEqual(response.headers.values('Unsupported'), ['foo', 'bar', 'baz'])
    }
  }
  assert.deepEqual(front.next.received, [])
})

test('step 5: what the recipient must know is not for the proxy to judge', async (t) => {
  const front = await FrontSite.start(t)
  const request = await front.pass(await front.phone(), 'INVITE', { fields: { Require: 'nothingSupportsThis' } })
  assert.equal(request.headers.get('Require'), 'nothingSupportsThis')
})

test('step 6: alone with passwords it asks who is calling; credentials for others pass in front mode', async (t) => {
  const alone = await StandaloneSite.start(t, { passwords: 'version:1\nmallory@sip.example.org clrtxt:secret ;\n' })
  const phone = await alone.phone()
  for (const method of ['INVITE', 'MESSAGE']) {
    phone.send(requestText(phone, method))
    const response = await phone.response(method, 407)
    assert.match(response.headers.get('Proxy-Authenticate')!, /^Digest realm="sip\.example\.org"/)
  }
  phone.send(requestText(phone, 'REGISTER', { fields: { To: '<sip:mallory@sip.example.org>' } }))
  await phone.response('REGISTER', 401)
  const front = await FrontSite.start(t)
  const fields = { 'Proxy-Authorization': ['Digest realm="x", nonce="y"', 'Other scheme'] }
  const { headers } = await front.pass(await front.phone(), 'INVITE', { fields })
  assert.deepEqual(headers.all('Proxy-Authorization'), fields['Proxy-Authorization'])
})
