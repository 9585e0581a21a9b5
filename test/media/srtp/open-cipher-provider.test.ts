import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MediaError } from '../../../src/media/media-error.ts'
import { type CipherProvider } from '../../../src/media/srtp/cipher-provider.ts'
import { openCipherProvider } from '../../../src/media/srtp/open-cipher-provider.ts'
import { OpenSslCipherProvider } from '../../../src/media/srtp/openssl-cipher-provider.ts'
import { portableCipherProvider } from '../../../src/media/srtp/portable-cipher-provider.ts'

describe('the choice of a cipher provider', () => {
  test('is OpenSSL where it can be called, and the check leaves nothing behind', () => {
    const { provider, fallback } = openCipherProvider()
    assert.ok(provider instanceof OpenSslCipherProvider)
    assert.equal(fallback, undefined)
    assert.equal(provider.contexts.made, provider.contexts.freed)
    assert.ok(provider.contexts.made > 0)
  })

  test('is the portable one where it cannot, and says why', () => {
    const chosen = openCipherProvider(() => {
      throw new MediaError('MEDIA_OPENSSL_UNAVAILABLE', 'no koffi here')
    })
    assert.deepEqual(chosen, { provider: portableCipherProvider, fallback: 'no koffi here' })
  })

  test('is the portable one where OpenSSL makes something else of a packet', () => {
    const openSsl = new OpenSslCipherProvider()
    const wrong: readonly CipherProvider[] = [
      { ...bound(openSsl), blockCipher: (key) => openSsl.blockCipher(Buffer.from(key).reverse()) },
      { ...bound(openSsl), authenticator: (key) => openSsl.authenticator(Buffer.from(key).reverse()) },
      { ...bound(openSsl), aead: (key, salt) => openSsl.aead(key, Buffer.from(salt).reverse()) },
      {
        ...bound(openSsl),
        aead: (key, salt) => {
          const aead = openSsl.aead(key, salt)
          return { seal: aead.seal.bind(aead), open: () => true, close: () => aead.close() }
        },
      },
    ]
    for (const provider of wrong) {
      const { provider: chosen, fallback } = openCipherProvider(() => provider)
      assert.equal(chosen, portableCipherProvider)
      assert.match(fallback ?? '', /not those of node:crypto/)
    }
  })

  test('an error of another kind is not hidden', () => {
    const open = (): CipherProvider => {
      throw new TypeError('a mistake')
    }
    assert.throws(() => openCipherProvider(open), TypeError)
  })
})

function bound(provider: CipherProvider): CipherProvider {
  return {
    blockCipher: (key) => provider.blockCipher(key),
    counterCipher: (key) => provider.counterCipher(key),
    authenticator: (key) => provider.authenticator(key),
    aead: (key, salt) => provider.aead(key, salt),
  }
}
