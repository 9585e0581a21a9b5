import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isToken } from '../../../src/sip/message/characters.ts'
import { newBranch, newCallId, newTag } from '../../../src/sip/message/identifiers.ts'

for (const [make, prefix] of [
  [newBranch, 'z9hG4bK'],
  [newTag, ''],
  [newCallId, ''],
] as const) {
  test(`${make.name}: tokens of at least 72 random bits that never repeat, whatever the case`, () => {
    const many = Array.from({ length: 5000 }, make)
    assert.equal(new Set(many.map((one) => one.toLowerCase())).size, many.length)
    for (const one of many) {
      assert.ok(one.startsWith(prefix) && isToken(one))
      assert.ok((one.length - prefix.length) * 4 >= 72)
    }
  })
}
