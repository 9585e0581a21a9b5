import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { endReasonOfStatus, endReasons } from '../../src/b2bua/end-reason.ts'
import { reasonHeader } from '../../src/b2bua/reason-headers.ts'

test('the documentation lists exactly the end reasons that exist, with their status and cause', () => {
  const text = readFileSync(new URL('../../docs/end-reasons.md', import.meta.url), 'utf8')
  const documented = text.split('\n').filter((line) => /^\| [a-z-]+ \| \d/.test(line))
  const actual = Object.entries(endReasons).map(
    ([name, { status, cause, text: meaning }]) => `| ${name} | ${status} | ${cause} | ${meaning} |`,
  )
  assert.deepEqual(documented, actual)
})

test('every failure status has an end reason', () => {
  for (let status = 300; status < 700; status++) assert.ok(endReasonOfStatus(status) in endReasons)
  assert.equal(endReasonOfStatus(486), 'busy')
  assert.equal(endReasonOfStatus(603), 'declined')
  assert.equal(endReasonOfStatus(302), 'redirected')
  assert.equal(endReasonOfStatus(599), 'rejected')
})

test('the Reason header of an end carries its Q.850 cause', () => {
  assert.deepEqual(reasonHeader('no-rtp'), ['Reason', 'Q.850;cause=41;text="No media received"'])
})
