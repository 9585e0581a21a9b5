import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { configurationPage } from './configuration-page.ts'
import { allParameters } from '../../src/config/schema.ts'

const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8')

test('docs/configuration.md is what the schema says; npm run docs writes it', () => {
  assert.equal(page, configurationPage())
})

test('every parameter is in it, with its default', () => {
  for (const { section, key, parameter } of allParameters()) {
    const entry = page.split(`\n## [${section}] `)[1]?.split(`\n### ${key}\n`)[1]?.split('\n#')[0]
    assert.ok(
      entry?.includes(parameter.default === '' ? 'default empty' : `\`${parameter.default}\``),
      `${section}/${key}`,
    )
  }
})
