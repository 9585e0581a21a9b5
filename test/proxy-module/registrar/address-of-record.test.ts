import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { hasDomain, parseAddressOfRecord } from '../../../proxy-module/registrar/address-of-record.ts'

test('RFC 3261 §10.3 step 5: every spelling of an address has one key', () => {
  const alice = 'sip:alice@example.org'
  for (const uri of [
    'sip:alice@example.org',
    'SIP:alice@EXAMPLE.org:5070;transport=tcp;user=phone?Subject=x',
    'sips:alice@example.org',
    'sip:al%69ce@example.org',
    'sip:alice:secret@example.org',
    'sip:alice@example.org;gr=urn:uuid:1',
  ]) {
    assert.equal(parseAddressOfRecord(uri), alice, uri)
  }
})

test('users differ by case and by what must be escaped', () => {
  assert.notEqual(parseAddressOfRecord('sip:Alice@example.org'), parseAddressOfRecord('sip:alice@example.org'))
  assert.equal(parseAddressOfRecord('sip:a%40b@example.org'), 'sip:a%40b@example.org')
  assert.equal(parseAddressOfRecord('sip:%2B49@example.org'), 'sip:+49@example.org')
})

test('what has no user, or is no sip URI, is no address', () => {
  for (const uri of ['sip:example.org', 'tel:+491234', 'mailto:a@example.org']) {
    assert.equal(parseAddressOfRecord(uri), undefined, uri)
  }
})

test('the key of a key is the key', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary-ascii', minLength: 1 }), (user) => {
      const escaped = Array.from(user, (c) => `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`).join('')
      const aor = parseAddressOfRecord(`sip:${escaped}@h`)!
      assert.equal(parseAddressOfRecord(aor), aor)
    }),
  )
})

test('domains are compared without case, and * is all', () => {
  assert.equal(hasDomain(['Example.org'], 'eXample.org'), true)
  assert.equal(hasDomain(['*'], 'anything'), true)
  assert.equal(hasDomain(['example.org'], 'sub.example.org'), false)
  assert.equal(hasDomain([], 'example.org'), false)
})
