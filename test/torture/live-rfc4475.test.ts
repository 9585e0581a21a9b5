/** Security case 1: every torture message of RFC 4475 and RFC 5118 sent to a live server, over UDP and over TCP. */
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { Victim } from '../support/torture/victim.ts'
import { TcpWire, UdpWire } from '../support/torture/wire.ts'
import { wireOutcome } from '../support/torture/wire-outcome.ts'
import { readTorture } from './outcome.ts'

/**
 * What comes back, in the words of `wireOutcome`. Where UDP and TCP differ, both are stated.
 */
const outcomes: Readonly<Record<string, readonly [outcome: string, why: string]>> = {
  'rfc4475/wsinv': ['481', 'well formed for all its white space; its To tag names no dialog here'],
  'rfc4475/intmeth': ['501', 'a well-formed method that nobody knows'],
  'rfc4475/esc01': ['calls', '% escapes are kept, not decoded'],
  'rfc4475/escnull': ['405', 'this server is no registrar; %00 is no NUL'],
  'rfc4475/esc02': ['501', 'RE%47IST%45R is another method than REGISTER'],
  'rfc4475/lwsdisp': ['200', 'OPTIONS; no space before <'],
  'rfc4475/longreq': ['calls', 'long values of everything'],
  'rfc4475/dblreq': [
    '405 | 405, calls',
    'a datagram ends with its Content-Length; on a stream the INVITE behind it is the next',
  ],
  'rfc4475/semiuri': ['200', 'OPTIONS; semicolons belong to the user'],
  'rfc4475/transports': ['200', 'OPTIONS; unknown transports in Via are no concern of ours'],
  'rfc4475/mpart01': ['405', 'MESSAGE outside of a dialog; its multipart body is only bytes'],
  'rfc4475/unreason': ['silence', 'a response to nothing; UTF-8 in its reason phrase'],
  'rfc4475/noreason': ['silence', 'a response to nothing; an empty reason phrase'],
  'rfc4475/badinv01': ['400', 'empty parameters in Via; its host says where the answer goes'],
  'rfc4475/clerr': ['400 | waits', 'the body is shorter than its Content-Length; on a stream the rest may come yet'],
  'rfc4475/ncl': ['400 | 400, closed', 'a negative Content-Length; on a stream the next message could be anywhere'],
  'rfc4475/scalar02': ['400', 'CSeq beyond 2³¹'],
  'rfc4475/scalarlg': ['silence', 'a response with a CSeq beyond 2³¹'],
  'rfc4475/quotbal': ['400', 'an open quote in To'],
  'rfc4475/ltgtruri': ['400', '<> around the Request-URI'],
  'rfc4475/lwsruri': ['400', 'white space in the Request-URI'],
  'rfc4475/lwsstart': ['400', 'two spaces in the request line'],
  'rfc4475/trws': ['400', 'spaces behind the request line'],
  'rfc4475/escruri': ['400', 'headers in the Request-URI'],
  'rfc4475/baddate': ['calls', 'Date is not looked at, and does not cross'],
  'rfc4475/regbadct': ['405', 'this server is no registrar'],
  'rfc4475/badaspec': ['400', 'white space in the URI of To'],
  'rfc4475/baddn': ['200', 'OPTIONS; a comma in an unquoted display name hurts nobody'],
  'rfc4475/badvers': ['505', 'SIP/7.0'],
  'rfc4475/mismatch01': ['400', 'OPTIONS with a CSeq of INVITE'],
  'rfc4475/mismatch02': ['400', 'an unknown method with a CSeq of INVITE'],
  'rfc4475/bigcode': ['silence', 'a response with a status of ten digits'],
  'rfc4475/badbranch': ['200', 'OPTIONS; a branch that is the cookie alone is matched as RFC 2543 did'],
  'rfc4475/insuf': ['400', 'no From, To, Call-ID'],
  'rfc4475/unkscm': ['416', 'an unknown scheme'],
  'rfc4475/novelsc': ['416', 'a known scheme that is not of SIP'],
  'rfc4475/unksm2': ['405', 'this server is no registrar; other schemes in To and From'],
  'rfc4475/bext01': ['420', 'Require of something unknown'],
  'rfc4475/invut': ['415', 'an unknown Content-Type'],
  'rfc4475/regaut01': ['405', 'this server is no registrar; an unknown authorization scheme'],
  'rfc4475/multi01': ['400', 'two From, To, Call-ID, CSeq'],
  'rfc4475/mcl01': ['400 | 400, closed', 'two Content-Length that differ'],
  'rfc4475/bcast': ['silence', 'a response to nothing, whose second Via is broadcast: it is not forwarded'],
  'rfc4475/zeromf': ['200', 'OPTIONS may end here, Max-Forwards 0'],
  'rfc4475/cparam01': ['405', 'this server is no registrar'],
  'rfc4475/cparam02': ['405', 'this server is no registrar'],
  'rfc4475/regescrt': ['405', 'this server is no registrar'],
  'rfc4475/sdp01': ['calls', 'Accept crosses: whether it can be met is for the recipient to say'],
  'rfc4475/inv2543': ['400 | 400, closed', 'an INVITE without Contact; on a stream one without Content-Length'],
  'rfc5118/ipv6-good': ['405', 'this server is no registrar'],
  'rfc5118/ipv6-bad': ['400', 'an IPv6 address without brackets'],
  'rfc5118/port-ambiguous': ['405', 'this server is no registrar'],
  'rfc5118/port-unambiguous': ['405', 'this server is no registrar'],
  'rfc5118/via-received-param-with-delim': [
    '481',
    'a BYE of no dialog; what the sender writes into received is replaced',
  ],
  'rfc5118/via-received-param-no-delim': ['481', 'likewise'],
  'rfc5118/ipv6-in-sdp': ['calls', 'a phone on IPv6'],
  'rfc5118/mult-ip-in-sdp': ['calls', 'a phone on both'],
  'rfc5118/mult-ip-in-header': ['calls', 'both families in Via'],
  'rfc5118/ipv4-mapped-ipv6': ['calls', 'an IPv4-mapped address in Via and SDP'],
  'rfc5118/ipv6-bug-abnf-3-colons': ['200', 'OPTIONS; three colons, which the old grammar asked for'],
}

/** The ports in the Vias of the messages: where answers over UDP go. */
const viaPorts = [5050, 5070, 6050, 19823]

for (const protocol of ['udp', 'tcp'] as const) {
  test(`security case 1: over ${protocol} each torture message gets its outcome, and nothing is left`, async (t) => {
    const victim = await Victim.start(t)
    const host = `127.${randomInt(64, 255)}.${randomInt(255)}.${randomInt(1, 255)}`
    // over UDP answers go to the port of the Via, 5060 where there is none
    const datagrams = await UdpWire.open(t, victim.udp, { host, port: 5060 }, viaPorts)
    for (const [name, [stated, why]] of Object.entries(outcomes)) {
      const [overUdp = '', overTcp = overUdp] = stated.split(' | ')
      const expected = protocol === 'udp' ? overUdp : overTcp
      await t.test(`${name} over ${protocol}: ${expected} (${why})`, async () => {
        const wire = protocol === 'udp' ? datagrams : await victim.wire(t, 'tcp')
        assert.equal(await wireOutcome(t, victim, wire, readTorture(`${name}.dat`), expected), expected)
      })
    }
    assert.equal(victim.site.b.invites.unread.length, 0, 'nothing else rang')
    await victim.survived()
  })
}

test('security case 1: those of RFC 5118 have the same outcome where they come by IPv6', async (t) => {
  const victim = await Victim.start(t)
  const at = await victim.site.transport.listen({ protocol: 'tcp', host: '::1', port: 0 })
  for (const [name, [expected, why]] of Object.entries(outcomes)) {
    if (!name.startsWith('rfc5118/')) continue
    await t.test(`${name}: ${expected} (${why})`, async () => {
      const wire = await TcpWire.open(t, at)
      assert.equal(await wireOutcome(t, victim, wire, readTorture(`${name}.dat`), expected), expected)
    })
  }
  await victim.survived()
})

test('security case 1: no torture message is skipped', () => {
  const files = ['rfc4475', 'rfc5118'].flatMap((rfc) =>
    readdirSync(new URL(`${rfc}/`, import.meta.url)).map((name) => `${rfc}/${name.replace('.dat', '')}`),
  )
  assert.deepEqual([files.length, Object.keys(outcomes).sort()], [49 + 11, files.sort()])
})
