import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  defaultRegistrarSettings,
  register,
  type RegisterOutcome,
  type RegistrarSettings,
} from '../../../proxy-module/registrar/register.ts'
import { type StoredBinding } from '../../../proxy-module/registrar/stored-binding.ts'
import { type SipRequest } from '../../../src/sip/message/message.ts'
import { type Flow } from '../../../src/sip/transport/flow.ts'
import { request } from '../../support/sip/messages.ts'
import { flowFrom } from './transaction.ts'

/** One address-of-record whose owner registers again and again. */
class Phone {
  bindings: readonly StoredBinding[] = []
  now = 1_000_000
  readonly settings: RegistrarSettings
  readonly flow: Flow
  #cseq = 0

  constructor(settings: Partial<RegistrarSettings> = {}, flow: Flow = flowFrom('192.0.2.2')) {
    this.settings = { ...defaultRegistrarSettings, ...settings }
    this.flow = flow
  }

  send(
    fields: Readonly<Record<string, string>> = {},
    change: (request: SipRequest) => void = () => undefined,
  ): RegisterOutcome {
    const made = request('REGISTER', { uri: 'sip:example.org', CSeq: `${++this.#cseq} REGISTER`, ...fields })
    change(made)
    const context = { aor: 'sip:bob@example.org', settings: this.settings, flow: this.flow }
    const outcome = register(made, this.bindings, this.now, context)
    this.bindings = outcome.bindings ?? this.bindings
    return outcome
  }

  get contacts(): string[] {
    return this.bindings.map(({ contact }) => contact)
  }
}

function listed(outcome: RegisterOutcome, name = 'Contact'): string[] {
  return outcome.headers.filter(([one]) => one === name).map(([, value]) => value)
}

test('§10.2.1: a contact is added, and the answer lists it with what is left of it', () => {
  const phone = new Phone()
  const outcome = phone.send({ Contact: '"Bob" <sip:bob@192.0.2.2;transport=tcp>;q=0.7;foo="a,b"', Expires: '300' })
  assert.equal(outcome.status, 200)
  assert.deepEqual(listed(outcome), ['<sip:bob@192.0.2.2;transport=tcp>;q=0.7;foo="a,b";expires=300'])
  const [binding] = phone.bindings
  assert.equal(binding?.q, 0.7)
  assert.equal(binding.flow, phone.flow)
  assert.deepEqual(binding.path, [])
  phone.now += 100_500
  assert.deepEqual(listed(phone.send()), ['<sip:bob@192.0.2.2;transport=tcp>;q=0.7;foo="a,b";expires=200'])
})

test('§10.2.3: without Contact nothing changes', () => {
  const phone = new Phone()
  phone.send({ Contact: '<sip:bob@192.0.2.2>' })
  const outcome = phone.send({ Expires: '0' })
  assert.equal(outcome.bindings, undefined)
  assert.equal(listed(outcome).length, 1)
})

for (const [title, contact, expires, granted] of [
  ['the parameter comes before the header', ';expires=120', '240', 120],
  ['the header holds without a parameter', '', '240', 240],
  ['the default holds without both', '', undefined, 600],
  ['a longer time is cut', ';expires=4000000000', undefined, 86_400],
  ['a malformed parameter is an hour', ';expires="soon"', undefined, 3600],
  ['a malformed header is an hour', '', 'Mon, 23 Nov', 3600],
  ['a number beyond 32 bits is malformed', ';expires=99999999999', undefined, 3600],
  ['the shortest time is granted', ';expires=60', undefined, 60],
] as const) {
  test(`§10.3 step 7: ${title}`, () => {
    const phone = new Phone()
    const outcome = phone.send({
      Contact: `<sip:bob@192.0.2.2>${contact}`,
      ...(expires !== undefined && { Expires: expires }),
    })
    assert.deepEqual(listed(outcome), [`<sip:bob@192.0.2.2>;expires=${granted}`])
  })
}

test('§10.3 step 7: too short a time is answered 423 with what would do', () => {
  const phone = new Phone({ minExpires: 90 })
  const outcome = phone.send({ Contact: '<sip:bob@192.0.2.2>;expires=89' })
  assert.equal(outcome.status, 423)
  assert.deepEqual(outcome.headers, [['Min-Expires', '90']])
  assert.equal(outcome.bindings, undefined)
})

test('§10.2.2: expires=0 removes the contact and no other', () => {
  const phone = new Phone()
  phone.send({ Contact: '<sip:bob@192.0.2.2>, <sip:bob@192.0.2.3>' })
  const outcome = phone.send({ Contact: '<sip:bob@192.0.2.2>;expires=0' })
  assert.deepEqual(phone.contacts, ['sip:bob@192.0.2.3'])
  assert.equal(listed(outcome).length, 1)
  assert.equal(phone.send({ Contact: '<sip:bob@192.0.2.9>', Expires: '0' }).status, 200)
  assert.equal(phone.send({ Contact: 'sip:bob@192.0.2.3;expires=0' }).status, 200)
  assert.deepEqual(phone.contacts, [])
})

for (const [fields, status] of [
  [{ Contact: '*', Expires: '0' }, 200],
  [{ Contact: '*' }, 400],
  [{ Contact: '*', Expires: '60' }, 400],
  [{ Contact: '*, <sip:bob@192.0.2.2>', Expires: '0' }, 400],
] as readonly (readonly [Record<string, string>, number])[]) {
  test(`§10.3 step 6: ${JSON.stringify(fields)} is answered ${status}`, () => {
    const phone = new Phone()
    phone.send({ Contact: '<sip:bob@192.0.2.2>, <sip:bob@192.0.2.3>' })
    const outcome = phone.send(fields)
    assert.equal(outcome.status, status)
    assert.equal(phone.bindings.length, status === 200 ? 0 : 2)
    assert.deepEqual(listed(outcome), [])
  })
}

for (const [a, b, same] of [
  ['sip:%62ob@192.0.2.2', 'sip:bob@192.0.2.2', true],
  ['sip:bob@HOST.example', 'sip:bob@host.example', true],
  ['sip:bob@192.0.2.2', 'sip:bob@192.0.2.2:5060', false],
  ['sip:bob@192.0.2.2', 'sip:bob@192.0.2.2;transport=udp', false],
  ['sip:bob@192.0.2.2', 'sip:Bob@192.0.2.2', false],
  ['sip:bob@192.0.2.2', 'sips:bob@192.0.2.2', false],
  ['sip:bob@192.0.2.2;x=1', 'sip:bob@192.0.2.2', true],
] as const) {
  test(`§19.1.4: ${a} and ${b} are ${same ? 'one contact' : 'two contacts'}`, () => {
    const phone = new Phone()
    phone.send({ Contact: `<${a}>` })
    phone.send({ Contact: `<${b}>` })
    assert.deepEqual(phone.contacts, same ? [b] : [a, b])
  })
}

for (const fields of [{ Contact: '<sip:bob@192.0.2.2>' }, { Contact: '*', Expires: '0' }] as readonly Record<
  string,
  string
>[]) {
  test(`§10.3: a late request of the same Call-ID changes nothing (${fields['Contact']})`, () => {
    const phone = new Phone()
    phone.send({ Contact: '<sip:bob@192.0.2.2>, <sip:bob@192.0.2.3>', CSeq: '7 REGISTER' })
    for (const cseq of [7, 6]) {
      const outcome = phone.send({ ...fields, CSeq: `${cseq} REGISTER` })
      assert.equal(outcome.status, 500)
      assert.equal(outcome.bindings, undefined)
    }
    assert.equal(phone.send({ ...fields, CSeq: '1 REGISTER', 'Call-ID': 'restarted' }).status, 200)
    assert.equal(phone.send({ ...fields, CSeq: '8 REGISTER' }).status, 200)
  })
}

test('§10.3: all changes of a request are made, or none', () => {
  const phone = new Phone()
  phone.send({ Contact: '<sip:bob@192.0.2.2>' })
  assert.equal(phone.send({ Contact: '<sip:bob@192.0.2.3>, <sip:bob@192.0.2.4>;expires=1' }).status, 423)
  assert.equal(phone.send({ Contact: '<sip:bob@192.0.2.3>, <tel:1>' }).status, 400)
  assert.deepEqual(phone.contacts, ['sip:bob@192.0.2.2'])
})

test('a contact that comes twice in a request is one, the later holds', () => {
  const phone = new Phone()
  phone.send({ Contact: '<sip:bob@192.0.2.2>;q=0.1, <sip:bob@192.0.2.2>;q=0.2' })
  assert.deepEqual(
    phone.bindings.map(({ q }) => q),
    [0.2],
  )
})

for (const contact of [
  '<sip:bob@192.0.2.2',
  '<sip:bob@192.0.2.2?Route=%3Csip:x%3E>',
  '<sip:bob@192.0.2.2;method=BYE>',
  '<mailto:bob@example.org>',
  '<sip:bob@192.0.2.2>;x="',
  `<sip:${'b'.repeat(2100)}@192.0.2.2>`,
]) {
  test(`a contact that nothing could be sent to is answered 400: ${contact.slice(0, 40)}`, () => {
    assert.equal(new Phone().send({ Contact: contact }).status, 400)
  })
}

test('§8.2.2.3: an extension that is not known is answered 420', () => {
  const outcome = new Phone().send({ Require: 'path, foo, bar', Contact: '<sip:bob@192.0.2.2>' })
  assert.equal(outcome.status, 420)
  assert.deepEqual(outcome.headers, [['Unsupported', 'foo, bar']])
  assert.equal(new Phone().send({ Require: 'Path, outbound' }).status, 200)
})

test('more contacts than allowed in one request are refused, more of one user replace the oldest', () => {
  const phone = new Phone({ maxContactsPerRegistration: 2, maxContactsByAor: 3 })
  const three = '<sip:bob@192.0.2.2>, <sip:bob@192.0.2.3>, <sip:bob@192.0.2.4>'
  assert.equal(phone.send({ Contact: three }).status, 403)
  for (const host of ['h1', 'h2', 'h3', 'h1', 'h4']) phone.send({ Contact: `<sip:bob@${host}>` })
  assert.deepEqual(phone.contacts, ['sip:bob@h3', 'sip:bob@h1', 'sip:bob@h4'])
})

test('what has expired is neither listed nor kept', () => {
  const phone = new Phone()
  phone.send({ Contact: '<sip:bob@192.0.2.2>;expires=60' })
  phone.now += 60_000
  assert.deepEqual(listed(phone.send()), [])
  phone.send({ Contact: '<sip:bob@192.0.2.3>' })
  assert.deepEqual(phone.contacts, ['sip:bob@192.0.2.3'])
})

test('RFC 3327: Path is kept with the binding and repeated in the answer; there is then no flow to the phone', () => {
  const phone = new Phone()
  const path = '<sip:p1.example.org;lr>,<sip:p2.example.org;lr>'
  const outcome = phone.send({ Contact: '<sip:bob@192.0.2.2>', Path: path, Supported: 'path' })
  assert.deepEqual(listed(outcome, 'Path'), ['<sip:p1.example.org;lr>, <sip:p2.example.org;lr>'])
  assert.deepEqual(phone.bindings[0]?.path, ['<sip:p1.example.org;lr>', '<sip:p2.example.org;lr>'])
  assert.equal(phone.bindings[0].flow, undefined)
  assert.equal(phone.send({ Contact: '<sip:bob@192.0.2.2>', Path: `<sip:${'p'.repeat(2100)};lr>` }).status, 400)
})

test('a request that came through a proxy leaves no flow', () => {
  const phone = new Phone()
  phone.send({ Contact: '<sip:bob@192.0.2.2>' }, ({ headers }) =>
    headers.prepend('Via', 'SIP/2.0/UDP proxy;branch=z9hG4bK1'),
  )
  assert.equal(phone.bindings[0]?.flow, undefined)
})

const instance = '+sip.instance="<urn:uuid:00000000-0000-1000-8000-aabbccddeeff>"'

test('RFC 5626 §6: instance and reg-id name a binding, which its flow keeps', () => {
  const phone = new Phone({}, flowFrom('192.0.2.2', 'tcp'))
  const send = (host: string, regId: number): RegisterOutcome =>
    phone.send({ Contact: `<sip:bob@${host}>;${instance};reg-id=${regId}`, Supported: 'path, outbound' })
  const outcome = send('192.0.2.2', 1)
  assert.deepEqual(listed(outcome, 'Require'), ['outbound'])
  assert.equal(phone.bindings[0]?.flowBound, true)
  send('192.0.2.2', 2)
  send('192.0.2.9', 1)
  assert.deepEqual(
    phone.bindings.map(({ contact, regId }) => [contact, regId]),
    [
      ['sip:bob@192.0.2.2', 2],
      ['sip:bob@192.0.2.9', 1],
    ],
  )
})

test('RFC 5626 §6: a first hop that cannot do outbound is answered 439, one that can is fine', () => {
  const fields = { Contact: `<sip:bob@192.0.2.2>;${instance};reg-id=1`, Supported: 'path, outbound' }
  const through = ({ headers }: SipRequest): void => headers.prepend('Via', 'SIP/2.0/UDP proxy;branch=z9hG4bK1')
  assert.equal(new Phone().send(fields, through).status, 439)
  assert.equal(new Phone().send({ ...fields, Path: '<sip:token@edge.example.org;lr;ob>' }, through).status, 200)
  assert.equal(new Phone().send({ ...fields, Supported: 'path' }, through).status, 200)
})

test('a phone that comes back with another address replaces what its instance had', () => {
  const phone = new Phone()
  phone.send({ Contact: `<sip:bob@192.0.2.2:40000>;${instance}` })
  phone.send({ Contact: `<sip:bob@192.0.2.2:50000>;${instance}`, 'Call-ID': 'restarted', CSeq: '1 REGISTER' })
  assert.deepEqual(phone.contacts, ['sip:bob@192.0.2.2:50000'])
  phone.send({ Contact: `<sip:a@h>;${instance}, <sip:b@h>;${instance}` })
  assert.deepEqual(phone.contacts, ['sip:a@h', 'sip:b@h'])
})

test('RFC 5627 §5.1: who knows GRUUs gets the public one of its instance, where the proxy can route them', () => {
  const fields = { Contact: `<sip:bob@192.0.2.2>;${instance}`, Supported: 'gruu' }
  const outcome = new Phone({ gruu: true }).send(fields)
  assert.match(listed(outcome)[0]!, /;pub-gruu="sip:bob@example.org;gr=urn:uuid:00000000-0000-1000-8000-aabbccddeeff";/)
  assert.deepEqual(listed(outcome, 'Supported'), ['path, outbound, gruu'])
  assert.doesNotMatch(listed(new Phone({ gruu: true }).send({ Contact: fields.Contact }))[0]!, /gruu/)
  assert.doesNotMatch(listed(new Phone().send(fields))[0]!, /gruu/)
  assert.equal(new Phone().send({ ...fields, Require: 'gruu' }).status, 420)
})

for (const [protocol, from, contact, bound] of [
  ['tcp', '192.0.2.2', 'sip:bob@192.0.2.2:5070;transport=tcp', false],
  ['tcp', '198.51.100.7', 'sip:bob@192.0.2.2:5070;transport=tcp', true],
  ['tcp', '2001:db8::1', 'sip:bob@[2001:DB8::1];transport=tcp', false],
  ['udp', '198.51.100.7', 'sip:bob@192.0.2.2', false],
] as const) {
  test(`a contact ${contact} that came over ${protocol} from ${from} ${bound ? 'ends' : 'does not end'} with it`, () => {
    const phone = new Phone({}, flowFrom(from, protocol))
    phone.send({ Contact: `<${contact}>` })
    assert.equal(phone.bindings[0]?.flowBound, bound)
  })
}

test('any Contact and Expires is answered, and changes nothing unless it is 200', () => {
  const piece = fc.constantFrom(
    '<sip:a@b>',
    ';expires=',
    '0',
    '99',
    ',',
    '"',
    '*',
    ';q=0.5',
    `;${instance}`,
    ';reg-id=1',
    '<',
    'sip:c@d',
    ' ',
  )
  const text = fc.oneof(
    fc.array(piece).map((all) => all.join('')),
    fc.string({ unit: 'grapheme-ascii' }),
  )
  fc.assert(
    fc.property(fc.array(text, { maxLength: 5 }), fc.option(text, { nil: undefined }), (contacts, expires) => {
      const phone = new Phone()
      phone.send({ Contact: '<sip:a@b>' })
      const outcome = phone.send(expires === undefined ? {} : { Expires: expires }, ({ headers }) => {
        for (const one of contacts) headers.add('Contact', one)
      })
      assert.ok([200, 400, 403, 423].includes(outcome.status), String(outcome.status))
      if (outcome.status !== 200) assert.equal(outcome.bindings, undefined)
      assert.ok(phone.bindings.length <= 12)
    }),
    { numRuns: 500 },
  )
})
