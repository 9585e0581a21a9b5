import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { headersPage } from './headers-page.ts'

test('docs/headers.md is what the table says; npm run docs writes it', () => {
  assert.equal(readFileSync(new URL('../../docs/headers.md', import.meta.url), 'utf8'), headersPage())
})
