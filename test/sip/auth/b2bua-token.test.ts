import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { TokenSigner, TokenVerifier, tokenHeader } from '../../../src/sip/auth/b2bua-token.ts'
import { type SipRequest } from '../../../src/sip/message/message.ts'
import { request } from '../../support/sip/messages.ts'

const key = Buffer.alloc(32, 7)

/** The two servers, each with a wall clock that the test sets, in milliseconds since the epoch. */
function servers(signingKey = key) {
  const time = { signer: 1_800_000_000_000, verifier: 1_800_000_000_000 }
  const signer = new TokenSigner(signingKey, () => time.signer)
  const verifier = new TokenVerifier(key, () => time.verifier)
  const signed = (method = 'INVITE', fields: Readonly<Record<string, string>> = {}): SipRequest => {
    const one = request(method, fields)
    one.headers.add(tokenHeader, signer.sign(one))
    return one
  }
  return { time, signer, verifier, signed }
}

/** A request with the token of another one. */
function carrying(token: string, method = 'INVITE', fields: Readonly<Record<string, string>> = {}): SipRequest {
  return request(method, { ...fields, [tokenHeader]: token })
}

describe('whose token it is', () => {
  test("the B2BUA's own requests are genuine, each method with its own token", () => {
    const { verifier, signed } = servers()
    for (const method of ['INVITE', 'CANCEL', 'ACK', 'BYE']) {
      assert.equal(verifier.verify(signed(method), `branch ${method}`), 'genuine')
    }
  })

  test('a token is the time in base 36 and 128 bits in base64url', () => {
    const { signer } = servers()
    const token = signer.sign(request('INVITE'))
    assert.match(token, /^[0-9a-z]{6}-[A-Za-z0-9_-]{22}$/)
    assert.equal(Number.parseInt(token.slice(0, 6), 36), 1_800_000_000)
  })

  test('without the header it is missing', () => {
    assert.equal(servers().verifier.verify(request('INVITE'), 'branch'), 'missing')
  })

  test('another Call-ID, CSeq number or method, or another key: forged', () => {
    const { signer, verifier } = servers()
    const token = signer.sign(request('INVITE'))
    assert.equal(verifier.verify(carrying(token, 'INVITE', { 'Call-ID': 'call-2@192.0.2.2' }), 'b'), 'forged')
    assert.equal(verifier.verify(carrying(token, 'INVITE', { CSeq: '2 INVITE' }), 'b'), 'forged')
    assert.equal(verifier.verify(carrying(token, 'BYE'), 'b'), 'forged')
    assert.equal(verifier.verify(servers(randomBytes(32)).signed(), 'b'), 'forged')
    assert.equal(verifier.size, 0)
    assert.equal(verifier.verify(carrying(token), 'b'), 'genuine')
  })

  test('a request whose CSeq names another method is forged, and never signed', () => {
    const { signer, verifier, signed } = servers()
    const token = signed('OPTIONS').headers.get(tokenHeader)!
    assert.equal(verifier.verify(carrying(token, 'INVITE', { CSeq: '1 OPTIONS' }), 'b'), 'forged')
    assert.throws(() => signer.sign(request('INVITE', { CSeq: '1 OPTIONS' })), { code: 'SIP_CSEQ' })
  })

  test('two headers are forged, even when one or both are right', () => {
    const { verifier, signed } = servers()
    const twice = signed()
    twice.headers.add(tokenHeader.toLowerCase(), twice.headers.get(tokenHeader)!)
    assert.equal(verifier.verify(twice, 'b'), 'forged')
    const listed = signed()
    listed.headers.set(tokenHeader, `${listed.headers.get(tokenHeader)!}, x`)
    assert.equal(verifier.verify(listed, 'b'), 'forged')
  })

  test('a request that cannot be signed for is forged', () => {
    const { verifier, signed } = servers()
    for (const name of ['CSeq', 'Call-ID']) {
      const without = signed()
      without.headers.delete(name)
      assert.equal(verifier.verify(without, 'b'), 'forged', name)
    }
  })

  test('no other spelling of a token is genuine', () => {
    const { signer, verifier } = servers()
    const token = signer.sign(request('INVITE'))
    const others = [`0${token}`, token.toUpperCase(), ` ${token} `, `${token}=`, token.slice(0, -1), `+${token}`]
    const huge = [token + 'A'.repeat(60_000), '9'.repeat(60_000), `zzzzzzzz-${'A'.repeat(22)}`, `${'z'.repeat(99)}-`]
    for (const other of [...others, ...huge, '', '-', ',', '\xe9-\xff']) {
      assert.equal(verifier.verify(carrying(other), 'b'), 'forged', JSON.stringify(other.slice(0, 40)))
    }
    assert.equal(verifier.size, 0)
  })

  test('fuzz: whatever stands there, nothing is thrown, and only the token itself is genuine', () => {
    const { signer, verifier } = servers()
    const token = signer.sign(request('INVITE'))
    const anything = fc.string({ unit: fc.integer({ min: 0x20, max: 0xff }).map((c) => String.fromCharCode(c)) })
    const edited = fc
      .tuple(fc.nat(token.length), fc.nat(3), anything)
      .map(([at, cut, text]) => token.slice(0, at) + text + token.slice(at + cut))
    const shaped = fc.stringMatching(/^[0-9a-z]{1,9}-[A-Za-z0-9_-]{21,23}$/)
    fc.assert(
      fc.property(fc.oneof(anything, edited, shaped), (value) => {
        const verdict = verifier.verify(carrying(value), 'branch')
        assert.equal(verdict, value === token ? 'genuine' : 'forged')
      }),
      { numRuns: 500 },
    )
    assert.ok(verifier.size <= 1)
  })
})

describe('how long and how often', () => {
  test('a token is good for a minute, and for a clock that is a minute behind', () => {
    for (const [offset, verdict] of [
      [60_000, 'genuine'],
      [-60_000, 'genuine'],
      [61_000, 'expired'],
      [-61_000, 'expired'],
      [3_600_000, 'expired'],
    ] as const) {
      const { time, verifier, signed } = servers()
      const one = signed()
      time.verifier += offset
      assert.equal(verifier.verify(one, 'b'), verdict, String(offset))
    }
  })

  test('an old time does not become a new one by being rewritten', () => {
    const { time, verifier, signer } = servers()
    const old = signer.sign(request('INVITE'))
    time.verifier += 120_000
    const renewed = (time.verifier / 1000).toString(36) + old.slice(old.indexOf('-'))
    assert.equal(verifier.verify(carrying(renewed), 'b'), 'forged')
  })

  test('the same transaction again is a retransmission, another one a replay', () => {
    const { time, verifier, signed } = servers()
    const one = signed()
    assert.equal(verifier.verify(one, 'branch 1'), 'genuine')
    assert.equal(verifier.verify(one, 'branch 1'), 'genuine')
    assert.equal(verifier.verify(one, 'branch 2'), 'replayed')
    time.verifier += 32_000
    assert.equal(verifier.verify(one, 'branch 1'), 'genuine')
    assert.equal(verifier.verify(one, 'branch 2'), 'replayed')
    assert.equal(verifier.size, 1)
  })

  test('a replay is told up to the last moment, also from a clock that is ahead', () => {
    const { time, verifier, signed } = servers()
    time.signer += 60_000
    const one = signed()
    assert.equal(verifier.verify(one, 'branch 1'), 'genuine')
    time.verifier += 120_000
    assert.equal(verifier.verify(one, 'branch 2'), 'replayed')
    time.verifier += 1_000
    assert.equal(verifier.verify(one, 'branch 2'), 'expired')
  })

  test('a clock that is set forward and back does not bring a token back', () => {
    const { time, verifier, signed } = servers()
    const one = signed()
    assert.equal(verifier.verify(one, 'branch 1'), 'genuine')
    time.verifier += 3_600_000
    assert.equal(verifier.verify(request('INVITE'), 'b'), 'missing')
    time.verifier -= 3_600_000
    assert.equal(verifier.verify(one, 'branch 2'), 'expired')
    time.signer = time.verifier += 1_000
    assert.equal(verifier.verify(signed(), 'branch 3'), 'genuine')
  })

  test('what was seen is given back when it has expired; forged, expired and replayed ones take nothing', () => {
    const { time, verifier, signed } = servers()
    for (let second = 0; second < 300; second++) {
      for (let i = 0; i < 10; i++) {
        const one = signed('INVITE', { 'Call-ID': `${second}-${i}` })
        verifier.verify(one, 'branch 1')
        verifier.verify(one, 'branch 2')
        one.headers.set('Call-ID', 'another')
        verifier.verify(one, 'branch 1')
      }
      assert.ok(verifier.size <= 61 * 10)
      time.signer = time.verifier += 1_000
    }
    assert.equal(verifier.size, 61 * 10)
    time.verifier += 60_000
    assert.equal(verifier.verify(request('INVITE'), 'b'), 'missing')
    assert.equal(verifier.size, 0)
  })
})
