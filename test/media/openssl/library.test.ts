import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, test } from 'node:test'
import { fromBytes } from '../../../src/media/openssl/memory-bio.ts'
import { isNull, openSsl, takeError } from '../../../src/media/openssl/library.ts'

const source = (path: string): string => JSON.stringify(new URL(`../../../src/media/${path}`, import.meta.url).href)

/** Makes a certificate in a process in which `require('koffi')` does what `koffi` says; gives what was thrown. */
function without(koffi: string): { code: string; status: number; message: string } {
  const script = `
    import Module from 'node:module'
    const load = Module._load
    Module._load = function (name, ...rest) { return name === 'koffi' ? (${koffi})(load.call(this, name, ...rest)) : load.call(this, name, ...rest) }
    await import(${source('dtls/dtls-association.ts')}) // does not need it yet
    const { makeCertificate } = await import(${source('dtls/dtls-certificate.ts')})
    try { makeCertificate('ecdsa', new Date()) } catch ({ code, status, message }) {
      console.log(JSON.stringify({ code, status, message }))
    }`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
  assert.equal(stderr, '')
  return JSON.parse(stdout) as { code: string; status: number; message: string }
}

describe('OpenSSL in this process', () => {
  test('where koffi does not load, the error says so', () => {
    const { code, status, message } = without(`() => { throw new Error('no build for this platform') }`)
    assert.deepEqual([code, status], ['MEDIA_OPENSSL_UNAVAILABLE', 488])
    assert.match(message, /koffi.*no build for this platform/)
  })

  test('where Node lacks a function, the error names it', () => {
    const { code, status, message } = without(
      `(koffi) => ({ ...koffi, load: () => ({ func: (text) => { if (text.includes('SSL_new')) throw new Error("Cannot find function 'SSL_new'") } }) })`,
    )
    assert.deepEqual([code, status], ['MEDIA_OPENSSL_UNAVAILABLE', 488])
    assert.match(message, /OpenSSL.*'SSL_new'/)
  })

  test('errors are taken with their cause, and none is left for others', () => {
    const ssl = openSsl()
    assert.equal(takeError(), 0)
    assert.ok(isNull(fromBytes(Buffer.from('no key'), (bio) => ssl.d2i_PrivateKey_bio(bio, null))))
    assert.notEqual(takeError(), 0)
    assert.equal(takeError(), 0)
  })
})
