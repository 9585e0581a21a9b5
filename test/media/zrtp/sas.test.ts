import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { evenWords, oddWords } from '../../../src/media/zrtp/pgp-words.ts'
import { renderSas } from '../../../src/media/zrtp/sas.ts'

describe('the SAS', () => {
  test('in base 32 is four characters of the first 20 bits', () => {
    assert.equal(renderSas('B32 ', Buffer.from('00000fff', 'hex')), 'yyyy')
    assert.equal(renderSas('B32 ', Buffer.from('fffff000', 'hex')), '9999')
    assert.equal(renderSas('B32 ', Buffer.from('0443243f', 'hex')), 'ytb1')
  })

  test('in base 256 is a word of two and a word of three syllables', () => {
    assert.equal(renderSas('B256', Buffer.from('0000ffff', 'hex')), 'aardvark:adroitness')
    assert.equal(renderSas('B256', Buffer.from('ffff0000', 'hex')), 'Zulu:Yucatan')
    // the example of the list's authors begins with E5 82
    assert.equal(renderSas('B256', Buffer.from('e58294f2', 'hex')), 'topmost:Istanbul')
  })

  test('has as many words as a byte has values, each another', () => {
    assert.deepEqual([evenWords.length, oddWords.length], [256, 256])
    assert.equal(new Set([...evenWords, ...oddWords]).size, 512)
  })
})
