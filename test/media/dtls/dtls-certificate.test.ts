import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { keepCertificate, makeCertificate } from '../../../src/media/dtls/dtls-certificate.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

const now = new Date('2026-11-23T12:00:00Z')
const day = 86_400_000
const later = (days: number): Date => new Date(now.getTime() + days * day)

describe('making a certificate', () => {
  for (const kind of ['ecdsa', 'rsa'] as const) {
    test(`of ${kind}: self-signed, for a year from a day ago, with a serial number of its own`, () => {
      const { certificate, privateKey } = makeCertificate(kind, now)
      const x509 = new X509Certificate(certificate)
      assert.ok(x509.verify(x509.publicKey))
      assert.ok(x509.checkPrivateKey(createPrivateKey(privateKey)))
      assert.equal(x509.subject, x509.issuer)
      assert.equal(Date.parse(x509.validFrom), later(-1).getTime())
      assert.equal(Date.parse(x509.validTo), later(364).getTime())
      const details = x509.publicKey.asymmetricKeyDetails
      if (kind === 'ecdsa') assert.equal(details?.namedCurve, 'prime256v1')
      else assert.equal(details?.modulusLength, 2048)
      assert.ok(BigInt(`0x${x509.serialNumber}`) > 0n)
      assert.notEqual(x509.serialNumber, new X509Certificate(makeCertificate(kind, now).certificate).serialNumber)
    })
  }
})

describe('keeping a certificate', () => {
  test('it is made once, for its owner alone, one of each kind, and nothing else is left', (t) => {
    const directory = temporaryDirectory(t)
    for (const kind of ['ecdsa', 'rsa'] as const) {
      const made = keepCertificate(directory, kind, now)
      assert.deepEqual(keepCertificate(directory, kind, later(1)), made)
      assert.equal(statSync(join(directory, `dtls-srtp-${kind}.pem`)).mode & 0o777, 0o600)
    }
    assert.deepEqual(readdirSync(directory).sort(), ['dtls-srtp-ecdsa.pem', 'dtls-srtp-rsa.pem'])
  })

  test('it is renewed when less than 30 days are left, and when the clock was wrong', (t) => {
    const directory = temporaryDirectory(t)
    const made = keepCertificate(directory, 'ecdsa', now)
    assert.deepEqual(keepCertificate(directory, 'ecdsa', later(333)), made)
    const renewed = keepCertificate(directory, 'ecdsa', later(335))
    assert.notEqual(renewed.certificate, made.certificate)
    assert.deepEqual(keepCertificate(directory, 'ecdsa', later(335)), renewed)
    assert.notEqual(keepCertificate(directory, 'ecdsa', now).certificate, renewed.certificate)
    assert.equal(readdirSync(directory).length, 1)
  })

  test('what is cut off, of another key or kind, or no certificate at all is replaced', (t) => {
    const good = makeCertificate('ecdsa', now)
    const rsa = makeCertificate('rsa', now)
    const whole = good.privateKey + good.certificate
    for (const text of [
      '',
      'nonsense',
      whole.slice(0, -60),
      whole.slice(0, 100),
      good.certificate,
      makeCertificate('ecdsa', now).privateKey + good.certificate,
      rsa.privateKey + rsa.certificate,
      whole.replaceAll('A', 'B'),
    ]) {
      const directory = temporaryDirectory(t, { 'dtls-srtp-ecdsa.pem': text })
      chmodSync(join(directory, 'dtls-srtp-ecdsa.pem'), 0o600)
      const kept = keepCertificate(directory, 'ecdsa', now)
      const file = readFileSync(join(directory, 'dtls-srtp-ecdsa.pem'), 'utf8')
      assert.equal(file, kept.privateKey + kept.certificate)
      assert.equal(new X509Certificate(kept.certificate).publicKey.asymmetricKeyType, 'ec')
      assert.equal(statSync(join(directory, 'dtls-srtp-ecdsa.pem')).mode & 0o777, 0o600)
    }
  })

  test('certificate and key may come in either order', (t) => {
    const { certificate, privateKey } = makeCertificate('rsa', now)
    const directory = temporaryDirectory(t, { 'dtls-srtp-rsa.pem': certificate + privateKey })
    chmodSync(join(directory, 'dtls-srtp-rsa.pem'), 0o600)
    assert.deepEqual(keepCertificate(directory, 'rsa', now), { certificate, privateKey })
  })

  test('a directory that is none is a coded error without a key in it', (t) => {
    const directory = temporaryDirectory(t, { file: '' })
    for (const path of [join(directory, 'file'), join(directory, 'missing')]) {
      assert.throws(() => keepCertificate(path, 'ecdsa', now), { code: 'MEDIA_CERTIFICATE_UNUSABLE' })
    }
  })

  test('a file that others could read is replaced, its key is no secret', (t) => {
    const directory = temporaryDirectory(t)
    const path = join(directory, 'dtls-srtp-ecdsa.pem')
    const made = keepCertificate(directory, 'ecdsa', now)
    chmodSync(path, 0o640)
    assert.notEqual(keepCertificate(directory, 'ecdsa', now).privateKey, made.privateKey)
    assert.equal(statSync(path).mode & 0o777, 0o600)
  })

  test('of starts at once, all have the certificate of one', async (t) => {
    const module = new URL('../../../src/media/dtls/dtls-certificate.ts', import.meta.url).href
    const directory = temporaryDirectory(t)
    const script = join(directory, 'start.ts')
    writeFileSync(
      script,
      `const { keepCertificate } = await import(${JSON.stringify(module)})
       process.stdout.write(keepCertificate(${JSON.stringify(directory)}, 'ecdsa', new Date()).certificate)`,
    )
    const outputs = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] })
        let output = ''
        child.stdout.on('data', (data: Buffer) => (output += data.toString()))
        await once(child, 'close')
        return output
      }),
    )
    assert.match(outputs[0]!, /BEGIN CERTIFICATE/)
    assert.equal(new Set(outputs).size, 1)
    assert.deepEqual(readdirSync(directory).sort(), ['dtls-srtp-ecdsa.pem', 'start.ts'])
  })
})
