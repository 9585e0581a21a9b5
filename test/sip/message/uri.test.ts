import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatUri, parseUri, sameUri, uriParam, UriError } from '../../../src/sip/message/uri.ts'

test('a SIP URI is taken apart, nothing decoded', () => {
  const { raw, ...parts } = parseUri('SIPS:j%6Fe;x=1?y:p%ff@[2001:db8::1]:5061;lr;Transport=tcp?Subject=a%20b&X=')
  assert.deepEqual(parts, {
    scheme: 'sips',
    user: 'j%6Fe;x=1?y',
    password: 'p%ff',
    host: '[2001:db8::1]',
    port: 5061,
    params: [{ name: 'lr' }, { name: 'Transport', value: 'tcp' }],
    headers: 'Subject=a%20b&X=',
  })
  assert.ok(raw.startsWith('SIPS:'))
})

test('a tel URI has its number as user', () => {
  const uri = parseUri('tel:+33-1.23;phone-context=example.org')
  assert.deepEqual([uri.scheme, uri.user, uri.host], ['tel', '+33-1.23', ''])
  assert.equal(uriParam(uri, 'Phone-Context'), 'example.org')
})

test('other schemes are kept whole', () => {
  for (const text of ['urn:service:sos', 'http://example.org/?a=b;c@d:e', 'soap.beep://192.0.2.1:3002']) {
    const uri = parseUri(text)
    assert.equal(`${uri.scheme}:${uri.host}`, text)
    assert.equal(formatUri(uri), text)
  }
})

test('escapes that decode to no UTF-8, or are none, throw nothing', () => {
  for (const text of ['sip:%ff@a', 'sip:%@a', 'sip:%zz%0@a', 'sip:%00@a', 'tel:%ff'])
    assert.equal(parseUri(text).raw, text)
})

test('a parameter with an empty value is not one without a value', () => {
  const uri = parseUri('sip:a;lr=;x')
  assert.deepEqual([uriParam(uri, 'LR'), uriParam(uri, 'x'), uriParam(uri, 'y')], ['', true, undefined])
})

for (const text of [
  ...['', 'sip', ':', 'sip:', 'sips:@a', 'sip:a@', 'sip:a@b@c', 'sip:@', 'sip:a b@c', 'sip:a@b c', '<sip:a>', 'urn:'],
  ...[
    'sip:a:b',
    'sip:a:65536',
    'sip:a:-1',
    'sip:a:',
    'sip:[::1',
    'sip:::1',
    'sip:[::1]x',
    'sip:[]',
    'sip:[zz]',
    'tel:',
    'tel:;x',
  ],
  ...['sip:a\r\nb', 'sip:a\0', 'sip:"a"@b', 'sip:a@b>', '1sip:a', 'sip:a@b\u0100', '*', 'si p:a'],
]) {
  test(`malformed: ${JSON.stringify(text)}`, () => {
    assert.throws(() => parseUri(text), { name: 'UriError', code: 'SIP_URI', status: 400 })
  })
}

test('a URI cannot be made of parts that would leave it', () => {
  assert.throws(() => formatUri({ scheme: 'sip', host: 'a>, <sip:b' }), UriError)
  assert.throws(() => formatUri({ scheme: 'sip', user: 'a\r\nX: y', host: 'b' }), UriError)
  assert.throws(() => formatUri({ scheme: 'sip', user: 'a@evil', host: 'b' }), UriError)
  assert.throws(() => formatUri({ scheme: 'sip', host: '' }), UriError)
})

test('same URIs of RFC 3261 §19.1.4', () => {
  for (const [a, b] of [
    ['sip:%61lice@atlanta.com;transport=TCP', 'sip:alice@AtLanTa.CoM;Transport=tcp'],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com;newparam=5'],
    ['sip:carol@chicago.com;newparam=5', 'sip:carol@chicago.com;security=on'],
    [
      'sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com',
      'sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com',
    ],
    [
      'sip:alice@atlanta.com?subject=project%20x&priority=urgent',
      'sip:alice@atlanta.com?priority=urgent&subject=project%20x',
    ],
    ['tel:+33-1(23).4', 'TEL:+331234'],
    ['urn:service:sos', 'URN:service:sos'],
  ] as const) {
    assert.equal(sameUri(parseUri(a), parseUri(b)), true, `${a} = ${b}`)
  }
})

test('different URIs of RFC 3261 §19.1.4', () => {
  for (const [a, b] of [
    ['SIP:ALICE@AtLanTa.CoM;Transport=udp', 'sip:alice@AtLanTa.CoM;Transport=UDP'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:5060'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com;transport=udp'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:6000;transport=tcp'],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com?Subject=next%20meeting'],
    ['sip:bob@phone21.boxesbybob.com', 'sip:bob@192.0.2.4'],
    ['sip:carol@chicago.com;security=on', 'sip:carol@chicago.com;security=off'],
    ['sip:a@b', 'sips:a@b'],
    ['sip:a:p@b', 'sip:a@b'],
    ['tel:+331', 'tel:+331;ext=1'],
    ['urn:service:sos', 'urn:service:police'],
  ] as const) {
    assert.equal(sameUri(parseUri(a), parseUri(b)), false, `${a} ≠ ${b}`)
    assert.equal(sameUri(parseUri(b), parseUri(a)), false, `${b} ≠ ${a}`)
  }
})

const part = fc.string({ unit: fc.constantFrom(...Array.from('aZ09-_.!~*()%&=+$,;?/:')), minLength: 1, maxLength: 12 })
const word = fc.string({ unit: fc.constantFrom(...Array.from('abz09-.%')), minLength: 1, maxLength: 8 })
const anyUri = fc
  .record({
    scheme: fc.constantFrom('sip', 'sips', 'SIP', 'tel', 'urn', 'http'),
    user: fc.option(part),
    host: fc.constantFrom('example.org', '192.0.2.1', '[2001:db8::1]', 'a_b', 'x'),
    port: fc.option(fc.integer({ min: 0, max: 65535 })),
    params: fc.array(fc.tuple(word, fc.option(word)), { maxLength: 4 }),
    headers: fc.option(part),
  })
  .map(({ scheme, user, host, port, params, headers }) => {
    if (scheme === 'urn' || scheme === 'http') return `${scheme}:${user ?? ''}${host}`
    const tail = params.map(([name, value]) => (value === null ? `;${name}` : `;${name}=${value}`)).join('')
    if (scheme === 'tel') return `tel:+1${tail}`
    const address = (user === null ? '' : `${user.replace(/^:/, 'u')}@`) + host + (port === null ? '' : `:${port}`)
    return `${scheme}:${address}${tail}${headers === null ? '' : `?${headers}`}`
  })

test('URIs come out byte for byte as they went in', () => {
  fc.assert(
    fc.property(anyUri, (text) => {
      const uri = parseUri(text)
      assert.equal(uri.raw, text)
      assert.equal(formatUri(uri), text.replace(/^SIP:/, 'sip:'))
      assert.equal(sameUri(uri, parseUri(text)), true)
    }),
    { numRuns: 2000 },
  )
})

test('any text is a URI or a UriError', () => {
  const text = fc.string({ unit: fc.constantFrom(...Array.from('sipteltSIP:@;=?[]<>%0a. \r\n\0é&')), maxLength: 40 })
  fc.assert(
    fc.property(text, (input) => {
      try {
        assert.equal(parseUri(input).raw, input)
      } catch (error) {
        assert.ok(error instanceof UriError)
      }
    }),
    { numRuns: 3000 },
  )
})
