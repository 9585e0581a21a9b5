import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { type SipRequest } from '../../src/sip/message/message.ts'
import { parseNameAddr, tagOf } from '../../src/sip/message/name-addr.ts'
import { parseMessage, serialize } from '../../src/sip/message/parse.ts'
import { parseUri, uriParam } from '../../src/sip/message/uri.ts'
import { parseVia } from '../../src/sip/message/via.ts'
import { outcomeOf, readTorture } from './outcome.ts'

/**
 * Every message that RFC 4475 describes, under the RFC's names: [section, file, outcome, what decides it]. The outcome is
 * that of reading: `accepted`, `400 CODE` / `505 CODE` answered, or `dropped CODE`. What an accepted one gets from whoever
 * receives it stands behind the dash. The files were written after the RFC's descriptions.
 */
const messages: readonly (readonly [section: string, file: string, outcome: string, why: string])[] = [
  ['3.1.1.1', 'wsinv', 'accepted', 'folding and white space everywhere'],
  ['3.1.1.2', 'intmeth', 'accepted', 'every character that is legal – 405'],
  ['3.1.1.3', 'esc01', 'accepted', '% escapes are kept, not decoded'],
  ['3.1.1.4', 'escnull', 'accepted', '%00 is no NUL – 405'],
  ['3.1.1.5', 'esc02', 'accepted', 'RE%47IST%45R is no REGISTER – 405'],
  ['3.1.1.6', 'lwsdisp', 'accepted', 'no space before <'],
  ['3.1.1.7', 'longreq', 'accepted', 'long values of everything'],
  ['3.1.1.8', 'dblreq', 'accepted', 'what follows Content-Length in a datagram is cut off – 405'],
  ['3.1.1.9', 'semiuri', 'accepted', 'semicolons belong to the user'],
  ['3.1.1.10', 'transports', 'accepted', 'unknown transports in Via'],
  ['3.1.1.11', 'mpart01', 'accepted', 'the body is bytes'],
  ['3.1.1.12', 'unreason', 'accepted', 'UTF-8 in the reason phrase'],
  ['3.1.1.13', 'noreason', 'accepted', 'an empty reason phrase'],
  ['3.1.2.1', 'badinv01', '400 SIP_HEADER', 'empty parameters in the top Via'],
  ['3.1.2.2', 'clerr', '400 SIP_BODY_SHORT', 'Content-Length beyond the datagram'],
  ['3.1.2.3', 'ncl', '400 SIP_CONTENT_LENGTH', 'negative'],
  ['3.1.2.4', 'scalar02', '400 SIP_HEADER', 'CSeq beyond 2³¹'],
  ['3.1.2.5', 'scalarlg', 'dropped SIP_HEADER', 'a response with a CSeq beyond 2³¹'],
  ['3.1.2.6', 'quotbal', '400 SIP_HEADER', 'an open quote in To'],
  ['3.1.2.7', 'ltgtruri', '400 SIP_START_LINE', '<> around the Request-URI'],
  ['3.1.2.8', 'lwsruri', '400 SIP_START_LINE', 'white space in the Request-URI'],
  ['3.1.2.9', 'lwsstart', '400 SIP_START_LINE', 'two spaces in the request line'],
  ['3.1.2.10', 'trws', '400 SIP_START_LINE', 'spaces behind the request line'],
  ['3.1.2.11', 'escruri', '400 SIP_START_LINE', 'headers in the Request-URI'],
  ['3.1.2.12', 'baddate', 'accepted', 'a Date is only relayed'],
  ['3.1.2.13', 'regbadct', 'accepted', 'a Contact without <> is found by who reads it – 405'],
  ['3.1.2.14', 'badaspec', '400 SIP_HEADER', 'white space in the URI of To'],
  ['3.1.2.15', 'baddn', 'accepted', 'a comma in an unquoted display name hurts nobody here'],
  ['3.1.2.16', 'badvers', '505 SIP_VERSION', 'SIP/7.0'],
  ['3.1.2.17', 'mismatch01', '400 SIP_CSEQ_METHOD', 'OPTIONS with a CSeq of INVITE'],
  ['3.1.2.18', 'mismatch02', '400 SIP_CSEQ_METHOD', 'an unknown method with a CSeq of INVITE'],
  ['3.1.2.19', 'bigcode', 'dropped SIP_START_LINE', 'a status of ten digits'],
  ['3.2.1', 'badbranch', 'accepted', 'a branch that is the cookie alone is matched as RFC 2543 did'],
  ['3.3.1', 'insuf', '400 SIP_HEADER_MISSING', 'no From, To, Call-ID'],
  ['3.3.2', 'unkscm', 'accepted', 'an unknown scheme – 416'],
  ['3.3.3', 'novelsc', 'accepted', 'a known scheme that is not of SIP – 416'],
  ['3.3.4', 'unksm2', 'accepted', 'other schemes in To and From – 405'],
  ['3.3.5', 'bext01', 'accepted', 'Require of something unknown – 420'],
  ['3.3.6', 'invut', 'accepted', 'an unknown Content-Type – 415'],
  ['3.3.7', 'regaut01', 'accepted', 'an unknown authorization scheme – 405'],
  ['3.3.8', 'multi01', '400 SIP_HEADER_DOUBLED', 'two From, To, Call-ID, CSeq'],
  ['3.3.9', 'mcl01', '400 SIP_CONTENT_LENGTH', 'two that differ'],
  ['3.3.10', 'bcast', 'accepted', 'a response with a broadcast Via – matches no transaction, ignored'],
  ['3.3.11', 'zeromf', 'accepted', 'Max-Forwards 0 – answered here if OPTIONS, else 483'],
  ['3.3.12', 'cparam01', 'accepted', 'the parameter is the header field’s – 405'],
  ['3.3.13', 'cparam02', 'accepted', 'the parameter is the URI’s – 405'],
  ['3.3.14', 'regescrt', 'accepted', 'a Contact whose URI has headers – 405'],
  ['3.3.15', 'sdp01', 'accepted', 'Accept without SDP – 406'],
  ['3.4.1', 'inv2543', 'accepted', 'no tag, no branch, no Content-Length'],
]

for (const [section, file, expected, why] of messages) {
  test(`RFC 4475 ${section} ${file}: ${expected} (${why})`, () => {
    const outcome = outcomeOf(readTorture(`rfc4475/${file}.dat`))
    const found =
      outcome.kind === 'accepted'
        ? 'accepted'
        : `${outcome.kind === 'dropped' ? 'dropped' : outcome.status} ${outcome.code}`
    assert.equal(found, expected)
    if (outcome.kind !== 'accepted') return
    const again = parseMessage(serialize(outcome.message))
    assert.deepEqual(serialize(again), serialize(outcome.message), 'what was read is written stably')
    assert.deepEqual(again.body, outcome.message.body)
  })
}

test('all 49 messages of RFC 4475 are there, none is skipped', () => {
  const files = readdirSync(new URL('rfc4475/', import.meta.url)).map((name) => name.replace('.dat', ''))
  assert.deepEqual(files.sort(), messages.map(([, file]) => file).sort())
  assert.equal(files.length, 49)
})

function accepted(file: string): SipRequest {
  return parseMessage(readTorture(`rfc4475/${file}.dat`)) as SipRequest
}

test('wsinv: folded and spaced fields mean the same as plain ones', () => {
  const { headers, body } = accepted('wsinv')
  assert.equal(tagOf(headers.get('To')!), '77120093b')
  assert.equal(tagOf(headers.get('From')!), '5n2x8q')
  assert.deepEqual(
    headers.values('Via').map((value) => [parseVia(value).protocol, parseVia(value).branch]),
    [
      ['UDP', '177skdjuw'],
      ['TCP', 'z9hG4bK8am2'],
      ['UDP', 'z9hG4bK40771'],
    ],
  )
  assert.equal(headers.get('UnknownHeaderWithUnusualValue'), ';;,,;;,;')
  assert.equal(headers.get('NewFangledHeader'), 'newfangled value continued on a second line')
  assert.equal(headers.get('Subject'), '')
  const contact = parseNameAddr(headers.get('Contact')!)
  assert.equal(contact.display, '"Quoted string \\"\\""')
  assert.equal(contact.param('newparam'), 'newvalue')
  assert.equal(contact.param('SecondParam'), true)
  assert.equal(body.length, Number(headers.get('Content-Length')))
})

test('intmeth: an escaped NUL, UTF-8 and all token characters survive byte for byte', () => {
  const bytes = readTorture('rfc4475/intmeth.dat')
  const request = accepted('intmeth')
  assert.equal(parseNameAddr(request.headers.get('To')!).display, '"BEL:\\\x07 NUL:\\\0 DEL:\\\x7f"')
  assert.equal(Buffer.from(request.headers.get('From')!, 'latin1').toString('utf8').includes('работа'), true)
  assert.equal(parseUri(request.uri).password, "&it+has=1,strange!*pas$wo~d.(hasn't-it)")
  // the extension field has no space behind its colon: that one is the only thing that writing adds
  const spaced = bytes.toString('latin1').replace("`'~:", "`'~: ")
  assert.equal(serialize(request).toString('latin1'), spaced)
})

test('dblreq: the second request in the datagram is not read', () => {
  const request = accepted('dblreq')
  assert.equal(request.method, 'REGISTER')
  assert.equal(request.body.length, 0)
})

test('semiuri: parameters in the user part are no URI parameters', () => {
  const uri = parseUri(accepted('semiuri').uri)
  assert.equal(uri.user, 'ada;par=u%40example.net')
  assert.deepEqual(uri.params, [])
})

test('regbadct: a Contact whose URI needs <> is refused when it is read', () => {
  assert.throws(() => parseNameAddr(accepted('regbadct').headers.get('Contact')!), {
    code: 'SIP_NAME_ADDR',
    status: 400,
  })
})

test('cparam01 and cparam02: <> decides whose parameter it is', () => {
  const without = parseNameAddr(accepted('cparam01').headers.get('Contact')!)
  const within = parseNameAddr(accepted('cparam02').headers.get('Contact')!)
  assert.deepEqual([without.param('unknownparam'), within.param('unknownparam')], [true, undefined])
  assert.deepEqual(
    [uriParam(parseUri(without.uri), 'unknownparam'), uriParam(parseUri(within.uri), 'unknownparam')],
    [undefined, true],
  )
})
