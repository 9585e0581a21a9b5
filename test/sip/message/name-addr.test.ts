import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseNameAddr, tagOf, withTag } from '../../../src/sip/message/name-addr.ts'

test('display name, URI and parameters are taken apart as written', () => {
  const address = parseNameAddr('"A \\"B\\" <c>;" <sip:a@b;lr?x=y>;Tag=1;flag;+x="<;,>"')
  assert.equal(address.display, '"A \\"B\\" <c>;"')
  assert.equal(address.uri, 'sip:a@b;lr?x=y')
  assert.equal(address.params, ';Tag=1;flag;+x="<;,>"')
  assert.equal(address.param('tag'), '1')
  assert.equal(address.param('FLAG'), true)
  assert.equal(address.param('+X'), '"<;,>"')
  assert.equal(address.param('lr'), undefined)
})

test('the shapes of an address', () => {
  const shapes = {
    '<sip:a@b>': ['', 'sip:a@b', ''],
    'sip:a@b;tag=1': ['', 'sip:a@b', ';tag=1'],
    'sip:a@b ; tag = 1': ['', 'sip:a@b', '; tag = 1'],
    'Ada Lovelace <sip:a@b>': ['Ada Lovelace', 'sip:a@b', ''],
    'Ada<sip:a@b> ;x': ['Ada', 'sip:a@b', ';x'],
    '""<tel:+1>': ['""', 'tel:+1', ''],
    'sip:a@b;+sip.instance="<urn:uuid:1>"': ['', 'sip:a@b', ';+sip.instance="<urn:uuid:1>"'],
    'Pat O"Brien <sip:a@b>': ['Pat O"Brien', 'sip:a@b', ''],
    '*': ['', '*', ''],
    ' <sip:%ff@b> ': ['', 'sip:%ff@b', ''],
  }
  for (const [value, expected] of Object.entries(shapes)) {
    const { display, uri, params } = parseNameAddr(value)
    assert.deepEqual([display, uri, params], expected, value)
  }
})

for (const value of [
  ...['', '<>', '<sip:a', '"open <sip:a>', '"A" sip:a@b', '< sip:a >', 'sip:a?x=y', 'sip:a,b', 'sip:a b', '<sip:a<b>'],
  ...['"A" x <sip:a>', ';tag=1', '<si"p:a>'],
]) {
  test(`malformed: ${JSON.stringify(value)}`, () => {
    assert.throws(() => parseNameAddr(value), { name: 'HeaderError', code: 'SIP_NAME_ADDR', status: 400 })
  })
}

for (const params of [';', ';;x', ';x=1;', ';=1', ';x="open', ';x y', ';x=a b', 'x=1', ';x="a"b', ';x=1,2']) {
  test(`malformed parameters: ${params}`, () => {
    assert.throws(() => tagOf(`<sip:a>${params}`), { code: 'SIP_NAME_ADDR', status: 400 })
  })
}

test('a tag is found in any case, with white space around it, behind other parameters', () => {
  assert.equal(tagOf('<sip:a>;x="tag=0;";TAG = abc'), 'abc')
  assert.equal(tagOf('sip:a;tag=abc'), 'abc')
  assert.equal(tagOf('<sip:a;tag=uri>'), undefined)
  assert.equal(tagOf('<sip:a>;tag'), undefined)
  assert.equal(tagOf('<sip:a>;tag='), undefined)
  assert.equal(tagOf('sip:a'), undefined)
})

test('a doubled tag is an error, whichever is meant', () => {
  assert.throws(() => tagOf('<sip:a>;tag=1;tag=2'), { code: 'SIP_NAME_ADDR' })
  assert.throws(() => tagOf('<sip:a>;tag=1;Tag=1'), { code: 'SIP_NAME_ADDR' })
})

test('withTag sets, replaces and removes the tag and nothing else', () => {
  assert.equal(withTag('"A" <sip:a>', 't'), '"A" <sip:a>;tag=t')
  assert.equal(withTag('sip:a', 't'), 'sip:a;tag=t')
  assert.equal(withTag('<sip:a>;tag=old;x="1;tag=2"', 't'), '<sip:a>;x="1;tag=2";tag=t')
  assert.equal(withTag('<sip:a>;x ;tag=old', undefined), '<sip:a>;x')
  assert.equal(withTag('<sip:a>', undefined), '<sip:a>')
  assert.equal(withTag('<sip:a;tag=uri>;tag=1;tag=2', 't'), '<sip:a;tag=uri>;tag=t')
})
