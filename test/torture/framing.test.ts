/** Security case 2: where a message begins and ends, and what it is made of, sent to a live server. */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { clearAudio } from '../support/b2bua/descriptions.ts'
import { requestText } from '../support/torture/sip-text.ts'
import { Victim } from '../support/torture/victim.ts'
import { wireOutcome } from '../support/torture/wire-outcome.ts'
import { type Wire } from '../support/torture/wire.ts'

const body = clearAudio(40000)
const many = (count: number): string[] => Array.from({ length: count }, (_, index) => `X-${index}: value`)
const invite = (wire: Wire, fields: Readonly<Record<string, string | undefined>> = {}, lines: readonly string[] = []) =>
  requestText(wire, 'INVITE', { body, fields, lines })

/** Compact forms of what an INVITE has. */
const compact = (text: string): string =>
  Object.entries({
    Via: 'v',
    From: 'f',
    To: 't',
    'Call-ID': 'i',
    Contact: 'm',
    'Content-Type': 'c',
    'Content-Length': 'l',
  }).reduce((short, [name, letter]) => short.replace(new RegExp(`^${name}:`, 'm'), `${letter}:`), text)

/** What is sent, and what comes back in the words of `wireOutcome`; where UDP and TCP differ, both are stated. */
const cases: readonly (readonly [what: string, outcome: string, make: (wire: Wire) => string])[] = [
  ['compact forms', 'calls', (wire) => compact(invite(wire))],
  [
    'compact forms in upper case',
    'calls',
    (wire) => compact(invite(wire)).replace(/^[vftimcl]:/gm, (one) => one.toUpperCase()),
  ],
  [
    'bare LF for every line end',
    'calls',
    (wire) =>
      invite(wire)
        .replaceAll('\r\n', '\n')
        .replace(/^Content-Length.*/m, `Content-Length: ${body.replaceAll('\r\n', '\n').length}`),
  ],
  ['a bare CR inside a field', '400', (wire) => invite(wire, { Subject: 'a\rb' })],
  ['a field folded over three lines', 'calls', (wire) => invite(wire, { Subject: 'a\r\n b\r\n\tc' })],
  ['white space in front of every colon', 'calls', (wire) => invite(wire).replace(/^([A-Z][\w-]+):/gm, '$1 \t:')],
  ['line ends in front of the request line', 'calls', (wire) => `\r\n\r\n${invite(wire)}`.replace(/^\r\n/, '\n')],
  ['a NUL in a field', '400', (wire) => invite(wire, { Subject: 'a\0b' })],
  ['a NUL in the Request-URI', '400', (wire) => invite(wire).replace('bob@', 'b\0b@')],
  ['a NUL in the Call-ID', '400', (wire) => invite(wire, { 'Call-ID': 'a\0b' })],
  ['a NUL in the description', '400', (wire) => invite(wire).replace('s=-', 's=\0')],
  ['a line without a colon', '400', (wire) => invite(wire, {}, ['nonsense'])],
  ['a field without a name', '400', (wire) => invite(wire, {}, [': value'])],
  [
    'a Content-Length beyond the body',
    '400 | waits',
    (wire) => invite(wire, { 'Content-Length': String(body.length + 1) }),
  ],
  ['no Content-Length', 'calls | 400, closed', (wire) => invite(wire, { 'Content-Length': undefined })],
  ['a Content-Length that is no number', '400 | 400, closed', (wire) => invite(wire, { 'Content-Length': '0x10' })],
  ['a Content-Length of 20 digits', '400 | 400, closed', (wire) => invite(wire, { 'Content-Length': '9'.repeat(20) })],
  ['two equal Content-Length', 'calls', (wire) => invite(wire, {}, [`l: ${body.length}`])],
  ['200 fields of its own', 'calls', (wire) => invite(wire, {}, many(200))],
  ['as many fields as are read: more than the recipient reads', '513', (wire) => invite(wire, {}, many(247))],
  ['more fields than are read', '513 | 513, closed', (wire) => invite(wire, {}, many(248))],
  ['a field of 60 KB', 'calls', (wire) => invite(wire, { 'X-Long': 'x'.repeat(60_000) })],
  ['no To tag in a BYE', '481', (wire) => requestText(wire, 'BYE')],
  ['two To tags', '400', (wire) => invite(wire, { To: '<sip:bob@sip.example.org>;tag=a;tag=b' })],
  ['two To tags in a BYE', '400', (wire) => requestText(wire, 'BYE', { fields: { To: '<sip:b@c>;tag=a;tag=b' } })],
  ['two From tags', '400', (wire) => invite(wire, { From: '<sip:a@b>;tag=a;tag=b' })],
  ['no From tag, as RFC 2543 allowed', 'calls', (wire) => invite(wire, { From: '<sip:mallory@sip.example.org>' })],
  ['an empty To tag', 'calls', (wire) => invite(wire, { To: '<sip:bob@sip.example.org>;tag=' })],
  ['an empty Call-ID', '400', (wire) => invite(wire, { 'Call-ID': '' })],
  ['no CSeq', '400', (wire) => invite(wire, { CSeq: undefined })],
  ['no Via', 'silence', (wire) => invite(wire, { Via: undefined })],
  ['no SIP at all', 'silence | closed', () => 'GET / HTTP/1.1\r\nHost: example.org\r\n\r\n'],
  ['nothing but a blank line', 'silence', () => '\r\n'],
]

for (const protocol of ['udp', 'tcp'] as const) {
  test(`security case 2: over ${protocol}: framing and header fields`, async (t) => {
    const victim = await Victim.start(t)
    for (const [what, stated, make] of cases) {
      const [overUdp = '', overTcp = overUdp] = stated.split(' | ')
      const expected = protocol === 'udp' ? overUdp : overTcp
      await t.test(`${what}: ${expected}`, async () => {
        const wire = await victim.wire(t, protocol)
        assert.equal(await wireOutcome(t, victim, wire, make(wire), expected), expected)
      })
    }
    assert.equal(victim.site.b.invites.unread.length, 0, 'nothing else rang')
    await victim.survived()
  })
}

/** An INVITE that is refused at once. */
const refused = (wire: Wire): string => requestText(wire, 'INVITE', { body, fields: { Require: 'x' } })

test('security case 2: over UDP a Content-Length that is too small cuts the description short', async (t) => {
  const victim = await Victim.start(t)
  const wire = await victim.wire(t, 'udp')
  const text = invite(wire, { 'Content-Length': String(body.length - 'a=sendrecv\r\n'.length) })
  assert.equal(await wireOutcome(t, victim, wire, text, 'calls'), 'calls')
  await victim.survived()
})

test('security case 2: over TCP what stands behind a Content-Length that is too small ends the connection, and the call ends', async (t) => {
  const victim = await Victim.start(t)
  const wire = await victim.wire(t, 'tcp')
  const text = invite(wire, { 'Content-Length': String(body.length - 'a=sendrecv\r\n'.length) })
  wire.send(`${text}\r\n\r\n`)
  await wire.end()
  const ringing = await victim.site.b.invites.next('INVITE')
  ringing.accept({ body: Buffer.from(clearAudio(40010)), contentType: 'application/sdp' })
  await victim.forgets()
  assert.equal((await victim.site.ended.next('end')).reason, 'no-ack')
  await victim.survived()
})

test('security case 2: an INVITE over TCP cut in two at every byte is read each time', async (t) => {
  const victim = await Victim.start(t)
  const wire = await victim.wire(t, 'tcp')
  const { length } = refused(wire)
  for (let at = 1; at < length; at++) {
    const text = refused(wire)
    wire.send(text.slice(0, at))
    await turn()
    wire.send(text.slice(at))
    assert.equal((await wire.response('INVITE')).status, 420, `cut at ${at}`)
  }
  await victim.survived()
})

test('security case 2: an INVITE over TCP that comes byte by byte becomes a call', async (t) => {
  const victim = await Victim.start(t)
  const wire = await victim.wire(t, 'tcp')
  const text = requestText(wire, 'INVITE', { body })
  for (const byte of text.slice(0, -1)) {
    wire.send(byte)
    await turn()
  }
  assert.equal(await wireOutcome(t, victim, wire, text.slice(-1), 'calls'), 'calls')
  await victim.survived()
})

test('security case 2: a hundred INVITEs in one segment are each answered', async (t) => {
  const victim = await Victim.start(t)
  const wire = await victim.wire(t, 'tcp')
  wire.send(Array.from({ length: 100 }, () => refused(wire)).join('\r\n\r\n'))
  for (let answered = 0; answered < 100; answered++) assert.equal((await wire.response('INVITE')).status, 420)
  await victim.survived()
})

const tooLong: readonly (readonly [what: string, outcome: string, make: (wire: Wire) => string])[] = [
  ['header fields over 64 KiB', 'closed', (wire) => invite(wire, { 'X-Long': 'x'.repeat(65_536) })],
  [
    'header fields over 64 KiB without an end',
    'closed',
    (wire) => invite(wire).split('\r\n\r\n')[0]! + `\r\nX: ${'x'.repeat(70_000)}`,
  ],
  ['a body over 64 KiB', '413, closed', (wire) => requestText(wire, 'INVITE', { body: 'a'.repeat(70_000) })],
  ['the promise of a body of 2 GiB', '413, closed', (wire) => invite(wire, { 'Content-Length': '2147483647' })],
]
test('security case 2: over TCP what is too long ends the connection and nothing else', async (t) => {
  const victim = await Victim.start(t)
  const other = await victim.wire(t, 'tcp')
  for (const [what, expected, make] of tooLong) {
    await t.test(`${what}: ${expected}`, async () => {
      const wire = await victim.wire(t, 'tcp')
      assert.equal(await wireOutcome(t, victim, wire, make(wire), expected), expected)
    })
  }
  await pings(t, other)
  await victim.survived()
})

async function pings(t: TestContext, wire: Wire): Promise<void> {
  wire.send(requestText(wire, 'OPTIONS'))
  assert.equal((await wire.response('OPTIONS')).status, 200, t.name)
}

/** Lets what was written leave before more is written. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
