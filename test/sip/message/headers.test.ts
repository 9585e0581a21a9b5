import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeaderError } from '../../../src/sip/message/header-error.ts'
import { Headers } from '../../../src/sip/message/headers.ts'

const fields = (headers: Headers): string[] => [...headers].map(({ name, value }) => `${name}: ${value}`)

test('a field is found in any case, by its compact and by its full name', () => {
  const headers = new Headers([
    ['f', '<sip:a@example.org>'],
    ['X-ODD-Name', '1'],
  ])
  assert.equal(headers.get('From'), '<sip:a@example.org>')
  assert.equal(headers.get('FROM'), '<sip:a@example.org>')
  assert.equal(headers.get('F'), '<sip:a@example.org>')
  assert.equal(headers.get('x-odd-name'), '1')
  assert.equal(headers.get('To'), undefined)
  assert.deepEqual([headers.has('from'), headers.has('to')], [true, false])
})

test('names keep their spelling and fields their order', () => {
  const headers = new Headers([
    ['v', 'a'],
    ['X-one', '1'],
    ['VIA', 'b'],
  ])
  assert.deepEqual(fields(headers), ['v: a', 'X-one: 1', 'VIA: b'])
})

test('all gives whole fields, values splits them at top-level commas only', () => {
  const headers = new Headers([
    ['Contact', '"a, \\"b" <sip:c,d@e>;x="1,2", <sip:f>'],
    ['m', '<sip:g>,, <sip:h>'],
  ])
  assert.equal(headers.all('contact').length, 2)
  assert.equal(headers.count('contact'), 2)
  assert.deepEqual(headers.values('contact'), ['"a, \\"b" <sip:c,d@e>;x="1,2"', '<sip:f>', '<sip:g>', '<sip:h>'])
})

test('a quote or angle that nothing closes takes the rest of its field, not of the others', () => {
  const headers = new Headers([
    ['Route', '<sip:a, <sip:b'],
    ['Route', '<sip:c>'],
    ['Contact', '"x, <sip:d>'],
  ])
  assert.deepEqual(headers.values('Route'), ['<sip:a, <sip:b', '<sip:c>'])
  assert.deepEqual(headers.values('Contact'), ['"x, <sip:d>'])
})

test('set keeps the first field’s place and drops the others', () => {
  const headers = new Headers([
    ['A', '1'],
    ['B', '2'],
    ['a', '3'],
    ['C', '4'],
    ['A', '5'],
  ])
  headers.set('A', 'new')
  headers.set('D', 'added')
  assert.deepEqual(fields(headers), ['A: new', 'B: 2', 'C: 4', 'D: added'])
})

test('add, prepend and delete', () => {
  const headers = new Headers([['Via', 'one']])
  headers.prepend('Via', 'zero')
  headers.add('v', 'two')
  assert.deepEqual(headers.all('Via'), ['zero', 'one', 'two'])
  headers.delete('via')
  assert.equal(headers.size, 0)
})

test('the first value of a list is replaced or removed, be it alone in its field or not', () => {
  const headers = new Headers([
    ['Via', 'a ,b'],
    ['Via', 'c'],
  ])
  assert.equal(headers.replaceFirst('Via', 'A'), 'a')
  assert.deepEqual(headers.values('Via'), ['A', 'b', 'c'])
  assert.equal(headers.removeFirstValue('Via'), 'A')
  assert.deepEqual(headers.all('Via'), ['b', 'c'])
  assert.equal(headers.removeFirstValue('Via'), 'b')
  assert.equal(headers.removeFirstValue('Via'), 'c')
  assert.equal(headers.removeFirstValue('Via'), undefined)
  assert.equal(headers.replaceFirst('Via', 'z'), undefined)
  assert.deepEqual(fields(headers), ['Via: z'])
})

test('empty elements of a list are no values', () => {
  const headers = new Headers([['Route', ' , <sip:a>,, <sip:b>,']])
  assert.equal(headers.removeFirstValue('Route'), '<sip:a>')
  assert.equal(headers.removeFirstValue('Route'), '<sip:b>')
  assert.equal(headers.has('Route'), false)
})

test('a clone changes alone', () => {
  const headers = new Headers([['A', '1']])
  const copy = headers.clone()
  copy.set('A', '2')
  copy.add('B', '3')
  assert.deepEqual([fields(headers), fields(copy)], [['A: 1'], ['A: 2', 'B: 3']])
})

for (const [what, value] of [
  ['CR', 'a\rb'],
  ['LF', 'a\nb'],
  ['CRLF', 'a\r\nEvil: 1'],
  ['NUL', 'a\0b'],
  ['a char whose low byte is LF', 'a\u010ab'],
] as const) {
  test(`no header can be injected: a value with ${what} is refused by set, add, prepend, replaceFirst`, () => {
    const headers = new Headers([['A', '1']])
    const refused = { name: 'HeaderError', code: 'SIP_HEADER_VALUE', status: 500 }
    assert.throws(() => headers.set('A', value), refused)
    assert.throws(() => headers.add('B', value), refused)
    assert.throws(() => headers.prepend('B', value), refused)
    assert.throws(() => headers.replaceFirst('A', value), refused)
    assert.deepEqual(fields(headers), ['A: 1'])
  })
}

test('a NUL may stand in a value as the quoted-pair that RFC 3261 allows', () => {
  assert.equal(new Headers([['To', '"\\\0" <sip:a>']]).get('To'), '"\\\0" <sip:a>')
})

test('a refused value is not quoted in the error: it may be a secret', () => {
  const secret = 'inline:WVNfX19zZW1jdGwgKCkgewkyMjA7'
  assert.throws(
    () => new Headers([['X', `${secret}\n`]]),
    (error) => error instanceof HeaderError && !error.message.includes(secret),
  )
})

for (const name of ['', 'A B', 'A:', 'A\r\nB', 'Ä\u0100', 'a\0']) {
  test(`a name that is no token is refused: ${JSON.stringify(name)}`, () => {
    assert.throws(() => new Headers([[name, '1']]), { code: 'SIP_HEADER_NAME' })
  })
}

test('a message of ours has at most 1024 fields: any that was read can be passed on', () => {
  const headers = new Headers()
  for (let i = 0; i < 1024; i++) headers.add('X', String(i))
  assert.throws(() => headers.add('X', '1024'), { code: 'SIP_TOO_MANY_HEADERS' })
  assert.throws(() => headers.prepend('X', '1024'), { code: 'SIP_TOO_MANY_HEADERS' })
  headers.set('X', 'one again')
  assert.equal(headers.size, 1)
})
