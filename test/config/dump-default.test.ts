import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { assemble } from '../../src/config/assemble.ts'
import { dumpCompanionDefault, dumpDefault, listSections, SectionError } from '../../src/config/dump-default.ts'
import { allParameters } from '../../src/config/schema.ts'

const file = 'flexisip.conf'
const companion = 'flexisip-b2bua.conf'

test('a section is dumped in the layout of Flexisip', () => {
  const lines = dumpDefault('b2bua-server').split('\n')
  assert.equal(lines[0], '##')
  assert.equal(lines[1], '## Parameters of the back-to-back user agent server.')
  assert.deepEqual(lines.slice(2, 5), ['##', '[b2bua-server]', ''])
  const at = lines.indexOf('#no-rtp-timeout=30')
  assert.deepEqual(lines.slice(at - 3, at + 2), [
    '# A call whose media is silent for this time is ended.',
    '# Default: 30',
    '# Default unit: second',
    '#no-rtp-timeout=30',
    '',
  ])
})

test('everything is dumped, but the companion sections into the companion file only', () => {
  const all = dumpDefault('all')
  assert.match(all, /^\[global\]$/m)
  assert.match(all, /^\[module::B2bua\]$/m)
  for (const section of ['b2bua', 'proxy']) {
    assert.ok(!all.includes(`\n[${section}]\n`), section)
    assert.ok(dumpCompanionDefault().includes(dumpDefault(section)), section)
  }
})

test('a section that does not exist is refused', () => {
  assert.throws(() => dumpDefault('b2bua-serve'), SectionError)
})

test('sections are listed by name', () => {
  assert.deepEqual(listSections(), [
    'global',
    'b2bua-server',
    'b2bua-server::trenscrypter',
    'module::B2bua',
    'module::Registrar',
    'module::Authentication',
    'module::AuthTrustedHosts',
    'module::MediaRelay',
    'cluster',
    'b2bua',
    'proxy',
  ])
})

test('the dump is a valid file, as it is and with every line uncommented, and says nothing but the defaults', () => {
  const uncomment = (text: string): string => text.replaceAll(/^#([a-z0-9-]+=.)/gm, '$1')
  for (const edit of [(text: string) => text, uncomment]) {
    const read = assemble({
      file,
      text: edit(dumpDefault('all')),
      companion,
      companionText: edit(dumpCompanionDefault()),
    })
    assert.deepEqual(read.problems, [])
    for (const { section, key, parameter } of allParameters()) {
      assert.equal(read.snapshot.text(section, key), parameter.default, `${section}/${key}`)
    }
  }
})

test('the sample companion file is the dump', () => {
  const sample = readFileSync(new URL('../../etc/flexisip-b2bua.conf', import.meta.url), 'utf8')
  assert.equal(sample, dumpCompanionDefault(), 'write it anew: npm run docs')
})
