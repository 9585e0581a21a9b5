import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  boolean,
  durationMin,
  durationMs,
  durationS,
  integer,
  integerRange,
  oneOf,
  path,
  splitList,
  stringList,
  ValueError,
  type ValueType,
} from '../../src/config/value-type.ts'

function refuses(type: ValueType<unknown>, ...texts: string[]): void {
  for (const text of texts)
    assert.throws(() => type.parse(text), ValueError, `${type.name} took ${JSON.stringify(text)}`)
}

function reads<V>(type: ValueType<V>, values: Readonly<Record<string, V>>): void {
  for (const [text, value] of Object.entries(values)) assert.deepEqual(type.parse(text), value, JSON.stringify(text))
}

test('Boolean takes true, false, 1 and 0, exactly', () => {
  reads(boolean, { true: true, 1: true, false: false, 0: false })
  refuses(boolean, '', 'True', 'TRUE', 'yes', 'on', 'true\r', '\ttrue', 'true ', '01', '2')
})

test('Integer reads as stoi: white space and sign in front, anything behind', () => {
  reads(integer, {
    12: 12,
    '12abc': 12,
    '0x10': 0,
    ' \t+7': 7,
    '-3': -3,
    2147483647: 2147483647,
    '-2147483648': -2147483648,
  })
  refuses(integer, '', 'abc', '- 3', '2147483648', '-2147483649', '--3', '99999999999999999999')
})

test('Integer advises against what stands behind its digits', () => {
  assert.deepEqual(integer.advise!('12'), [])
  assert.deepEqual(
    integer.advise!('12abc').map(({ offset }) => offset),
    [2],
  )
})

test('IntegerRange is one number or two around the first hyphen', () => {
  reads(integerRange, { 0: { min: 0, max: 0 }, 5000: { min: 5000, max: 5000 }, '1-2': { min: 1, max: 2 } })
  reads(integerRange, { '9-1': { min: 9, max: 1 }, '5--3': { min: 5, max: -3 }, '1-2-3': { min: 1, max: 2 } })
  refuses(integerRange, '', '-', '-5', '5-', 'a-b', '1-2147483648')
})

describe('durations', () => {
  test('a number without a unit is in the unit of the type, and values are milliseconds', () => {
    reads(durationMs, { 250: 250 })
    reads(durationS, { 30: 30_000, 0: 0 })
    reads(durationMin, { 2: 120_000 })
  })

  test('every unit is read; m is a month and y a year', () => {
    reads(durationMs, { '1ms': 1, '1s': 1_000, '1min': 60_000, '1h': 3_600_000, '1d': 86_400_000 })
    reads(durationMs, { '1m': 2_629_746_000, '1y': 31_556_952_000 })
  })

  test('a unit finer than that of the type is refused', () => {
    refuses(durationS, '250ms')
    refuses(durationMin, '250ms', '30s')
    reads(durationMin, { '1min': 60_000 })
  })

  test('anything else is refused', () => {
    refuses(
      durationS,
      '',
      's',
      's3',
      'abc',
      '1h30min',
      '1.5s',
      '-1s',
      '+1s',
      ' 1s',
      '1 s',
      '1s ',
      '1S',
      'in 3s',
      '1s\r',
    )
    refuses(durationS, '9999999999999y')
  })

  test('a month instead of minutes is advised against', () => {
    assert.equal(durationS.advise!('5m').length, 1)
    assert.deepEqual(durationS.advise!('5min'), [])
  })
})

describe('StringList', () => {
  test('spaces and newlines separate, nothing else does', () => {
    reads(stringList, {
      '': [],
      ' a  b\nc ': ['a', 'b', 'c'],
      'a\tb': ['a\tb'],
      'a,b c': ['a,b', 'c'],
      '"a b"': ['"a', 'b"'],
    })
  })

  test('elements keep their offsets', () => {
    assert.deepEqual(splitList('  zrtp .*@a'), [
      { text: 'zrtp', offset: 2 },
      { text: '.*@a', offset: 7 },
    ])
  })

  test('the list is frozen', () => {
    assert.ok(Object.isFrozen(stringList.parse('a b')))
  })

  test('tabs and commas are advised against, at their place', () => {
    assert.deepEqual(
      stringList.advise!('zrtp a.{1,3} sdes\tb').map(({ offset }) => offset),
      [9, 17],
    )
  })
})

test('a path is decoded as UTF-8', () => {
  assert.equal(path.parse(Buffer.from('/var/é', 'utf8').toString('latin1')), '/var/é')
  refuses(path, '/var/\xe9')
})

test('a choice takes its words exactly', () => {
  reads(oneOf('debug', 'error'), { debug: 'debug' })
  refuses(oneOf('debug', 'error'), '', 'Debug', 'debug ', 'warning')
})
