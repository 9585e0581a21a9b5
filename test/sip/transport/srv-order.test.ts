import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { orderSrv } from '../../../src/sip/transport/srv-order.ts'

const record = (name: string, priority: number, weight: number) => ({ name, priority, weight, port: 5060 })
const names = (records: readonly { name: string }[]) => records.map(({ name }) => name).join(' ')

test('lower priorities come first, whatever their weights (RFC 2782)', () => {
  const records = [record('c', 30, 100), record('a', 10, 0), record('b', 20, 5)]
  assert.equal(names(orderSrv(records, () => 0.99)), 'a b c')
})

test('among equals the draw falls in proportion to the weights', () => {
  const records = [record('light', 1, 1), record('heavy', 1, 3)]
  // the draw is one of 0 to 4: 0 and 1 are light's, 2 to 4 heavy's
  const firsts = [0, 0.2, 0.4, 0.6, 0.8].map((draw) => orderSrv(records, () => draw)[0]!.name)
  assert.deepEqual(firsts, ['light', 'light', 'heavy', 'heavy', 'heavy'])
})

test('weight 0 is chosen first only by the draw 0', () => {
  const records = [record('some', 1, 9), record('none', 1, 0)]
  assert.equal(names(orderSrv(records, () => 0)), 'none some')
  assert.equal(names(orderSrv(records, () => 0.11)), 'some none')
})

test('every record is tried once, priorities never mix, whatever is drawn', () => {
  const records = fc.array(fc.tuple(fc.nat(3), fc.nat(65535)), { maxLength: 12 })
  const draws = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), {
    minLength: 12,
    maxLength: 12,
  })
  fc.assert(
    fc.property(records, draws, (pairs, random) => {
      let drawn = 0
      const given = pairs.map(([priority, weight], i) => record(String(i), priority, weight))
      const ordered = orderSrv(given, () => random[drawn++]!)
      assert.deepEqual(new Set(ordered), new Set(given))
      assert.equal(ordered.length, given.length)
      assert.ok(ordered.every((one, i) => i === 0 || ordered[i - 1]!.priority <= one.priority))
    }),
  )
})
