import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { describe, test } from 'node:test'
import { cryptoSuites } from '../../../src/base/encryption.ts'
import { fingerprintOf } from '../../../src/media/dtls/dtls-certificate.ts'
import { DtlsContext } from '../../../src/media/dtls/dtls-context.ts'
import { MediaError } from '../../../src/media/media-error.ts'
import { matchesFingerprint } from '../../../src/media/dtls/matches-fingerprint.ts'
import { splitExportedKeys } from '../../../src/media/dtls/srtp-profiles.ts'
import { certificates, close, contexts, dtlsEnd, quick, run, type DtlsEnd } from '../../support/media/dtls-link.ts'

function connected(left: DtlsEnd, right: DtlsEnd): void {
  assert.deepEqual([...left.errors, ...right.errors], [])
  assert.equal(left.sessions.length, 1)
  assert.equal(right.sessions.length, 1)
  assert.deepEqual(left.sessions[0]!.send, right.sessions[0]!.receive)
  assert.deepEqual(left.sessions[0]!.receive, right.sessions[0]!.send)
  assert.notDeepEqual(left.sessions[0]!.send.key, left.sessions[0]!.receive.key)
}

describe('DTLS association', () => {
  for (const ours of ['ecdsa', 'rsa'] as const) {
    for (const theirs of ['ecdsa', 'rsa'] as const) {
      test(`client with ${ours}, server with ${theirs}: the same keys, and each other's certificate`, async () => {
        const client = dtlsEnd({ context: contexts[ours], role: 'client' })
        const server = dtlsEnd({ context: contexts[theirs], role: 'server' })
        await run(client, server)
        connected(client, server)
        assert.equal(client.sessions[0]!.send.suite, 'AES_CM_128_HMAC_SHA1_80')
        const shown = [client.sessions[0]!.peerCertificate, server.sessions[0]!.peerCertificate]
        const expected = [certificates[theirs], certificates[ours]]
        assert.deepEqual(
          shown,
          expected.map(({ certificate }) => new X509Certificate(certificate).raw),
        )
        assert.equal(client.association.timeout, undefined)
        assert.equal(server.association.timeout, undefined)
        close(client, server)
      })
    }
  }

  for (const suite of [
    'AES_CM_128_HMAC_SHA1_80',
    'AES_CM_128_HMAC_SHA1_32',
    'AEAD_AES_128_GCM',
    'AEAD_AES_256_GCM',
  ] as const) {
    for (const role of ['client', 'server'] as const) {
      test(`a ${role} that knows only ${suite} gets keys of its lengths`, async () => {
        const narrow = new DtlsContext(certificates.ecdsa, { suites: [suite] })
        const one = dtlsEnd({ context: narrow, role })
        const other = dtlsEnd({ context: contexts.ecdsa, role: role === 'client' ? 'server' : 'client' })
        await run(one, other)
        connected(one, other)
        const { send } = one.sessions[0]!
        assert.equal(send.suite, suite)
        assert.equal(send.key.length, cryptoSuites[suite].keyLength)
        assert.equal(send.salt.length, cryptoSuites[suite].saltLength)
        close(one, other)
        narrow.close()
      })
    }
  }

  test('no protection profile in common ends both sides, after the handshake', async () => {
    const narrow = new DtlsContext(certificates.ecdsa, { suites: ['AES_CM_128_HMAC_SHA1_32'] })
    const other = new DtlsContext(certificates.ecdsa, { suites: ['AEAD_AES_128_GCM'] })
    const client = dtlsEnd({ context: narrow, role: 'client' })
    const server = dtlsEnd({ context: other, role: 'server' })
    await run(client, server)
    assert.deepEqual([client.sessions, server.sessions], [[], []])
    assert.equal(server.errors[0]?.code, 'DTLS_NO_SRTP')
    assert.equal(client.errors[0]?.code, 'DTLS_NO_SRTP')
    assert.equal(client.errors[0].status, 488)
    narrow.close()
    other.close()
  })

  test('the server tells nobody of its certificate who has not echoed its cookie', () => {
    const client = dtlsEnd({ context: contexts.ecdsa, role: 'client' })
    const server = dtlsEnd({ context: contexts.ecdsa, role: 'server' })
    client.association.start()
    const hello = client.sent[0]!
    for (let i = 0; i < 50; i++) server.association.receive(hello)
    const verifyRequests = server.sent.filter((datagram) => datagram[0] === 22).map((datagram) => datagram[13])
    assert.ok(verifyRequests.length > 0)
    assert.ok(verifyRequests.every((type) => type === 3))
    assert.ok(server.sent.every((datagram) => datagram.length <= hello.length)) // no amplification
    close(client, server)
  })

  test('a cookie is of use to its association alone', () => {
    const [client, first, second] = [
      dtlsEnd({ context: contexts.ecdsa, role: 'client' }),
      dtlsEnd({ context: contexts.ecdsa, role: 'server' }),
      dtlsEnd({ context: contexts.ecdsa, role: 'server' }),
    ]
    client.association.start()
    const hello = client.sent.shift()!
    first.association.receive(hello)
    second.association.receive(hello)
    client.association.receive(first.sent[0]!)
    second.sent.length = 0
    second.association.receive(client.sent[0]!)
    assert.ok(!second.sent.some((datagram) => datagram[0] === 22)) // no ServerHello
    close(client, first, second)
  })

  test('the last flight is said again to a client that has lost it', async () => {
    const context = new DtlsContext(certificates.ecdsa, { retransmission: quick })
    const client = dtlsEnd({ context, role: 'client' })
    const server = dtlsEnd({ context, role: 'server' })
    let lost = 0
    await run(client, server, (datagrams) => {
      if (server.sessions.length === 0 || client.sessions.length > 0 || lost >= 3 || datagrams.length === 0)
        return datagrams
      lost++
      return []
    })
    assert.ok(lost >= 3)
    connected(client, server)
    close(client, server)
  })

  test('a silent peer is a timeout in the end, and each flight is sent again', async () => {
    const context = new DtlsContext(certificates.ecdsa, { retransmission: quick })
    const client = dtlsEnd({ context, role: 'client' })
    const server = dtlsEnd({ context, role: 'server' })
    await run(client, server, () => [])
    assert.equal(client.errors[0]?.code, 'DTLS_TIMEOUT')
    assert.equal(client.association.timeout, undefined)
    close(client, server)
  })

  test('the first retransmission comes after a quarter of a second', () => {
    const client = dtlsEnd({ context: contexts.ecdsa, role: 'client' })
    assert.equal(client.association.timeout, undefined)
    client.association.start()
    assert.ok(client.association.timeout! <= 250)
    client.association.onTimeout() // too early
    assert.equal(client.sent.length, 1)
    close(client)
  })

  test('close says close_notify, which ends the peer; more calls do nothing', async () => {
    const client = dtlsEnd({ context: contexts.ecdsa, role: 'client' })
    const server = dtlsEnd({ context: contexts.ecdsa, role: 'server' })
    await run(client, server)
    client.association.close()
    for (const datagram of client.sent.splice(0)) server.association.receive(datagram)
    assert.equal(server.errors[0]?.code, 'DTLS_CLOSED')
    for (const { association } of [client, server]) {
      association.close()
      association.start()
      association.receive(Buffer.alloc(100, 22))
      association.onTimeout()
      assert.equal(association.timeout, undefined)
    }
    assert.equal(client.errors.length, 0)
    assert.equal(server.errors.length, 1)
  })

  for (const moment of ['onSend', 'onConnected'] as const) {
    test(`it may be closed from ${moment}`, async () => {
      let calls = 0
      const server = dtlsEnd({ context: contexts.ecdsa, role: 'server' })
      const client = dtlsEnd({
        context: contexts.ecdsa,
        role: 'client',
        [moment]: (): void => {
          calls++
          client.association.close()
        },
      })
      // what onSend takes does not reach the server: the client closes at its first word
      await run(client, moment === 'onSend' ? dtlsEnd({ context: contexts.ecdsa, role: 'server' }) : server)
      assert.equal(calls, 1)
      assert.deepEqual(client.errors, [])
      close(client, server)
    })
  }

  test('two ends that call each other at once come through', () => {
    let client: DtlsEnd | undefined = undefined as DtlsEnd | undefined
    const server: DtlsEnd = dtlsEnd({
      context: contexts.ecdsa,
      role: 'server',
      onSend: (datagram) => client!.association.receive(datagram),
    })
    client = dtlsEnd({
      context: contexts.ecdsa,
      role: 'client',
      onSend: (datagram) => server.association.receive(datagram),
    })
    client.association.start()
    connected(client, server)
    close(client, server)
  })

  test('a forged alert after the handshake is none', async () => {
    const client = dtlsEnd({ context: contexts.ecdsa, role: 'client' })
    const server = dtlsEnd({ context: contexts.ecdsa, role: 'server' })
    await run(client, server)
    const forged = Buffer.from('15fefd0000000000000063000202280000', 'hex').subarray(0, 15)
    client.association.receive(forged)
    server.association.receive(forged)
    assert.deepEqual([...client.errors, ...server.errors], [])
    close(client, server)
  })

  test('a context that is closed makes no more associations, and those that it made go on', async () => {
    const context = new DtlsContext(certificates.ecdsa)
    const client = dtlsEnd({ context, role: 'client' })
    context.close()
    context.close()
    assert.throws(() => dtlsEnd({ context, role: 'client' }), { code: 'MEDIA_OPENSSL_UNAVAILABLE' })
    const server = dtlsEnd({ context: contexts.rsa, role: 'server' })
    await run(client, server)
    connected(client, server)
    close(client, server)
  })
})

describe('DTLS context', () => {
  test('refuses a key that is another certificate’s, and what does not parse', () => {
    const { certificate } = certificates.ecdsa
    const { privateKey } = certificates.rsa
    for (const wrong of [
      { certificate, privateKey },
      { certificate: 'none', privateKey },
      { certificate, privateKey: '' },
    ]) {
      assert.throws(
        () => new DtlsContext(wrong),
        (error) =>
          error instanceof MediaError &&
          error.code === 'MEDIA_CERTIFICATE_UNUSABLE' &&
          !error.message.includes('-----'),
      )
    }
  })
})

describe('exported keys', () => {
  test('are split as RFC 5764 §4.2 lays them out', () => {
    const material = Buffer.from([...Array(60).keys()])
    const { client, server } = splitExportedKeys('AES_CM_128_HMAC_SHA1_80', material)
    assert.deepEqual(client.key, material.subarray(0, 16))
    assert.deepEqual(server.key, material.subarray(16, 32))
    assert.deepEqual(client.salt, material.subarray(32, 46))
    assert.deepEqual(server.salt, material.subarray(46, 60))
    const kept = Buffer.from(client.key)
    material.fill(0)
    assert.deepEqual(client.key, kept)
  })
})

describe('matching fingerprints', () => {
  const der = new X509Certificate(certificates.ecdsa.certificate).raw
  const other = fingerprintOf(certificates.rsa.certificate)

  test('of any hash, and any of several will do', () => {
    for (const hash of ['sha-1', 'sha-224', 'sha-256', 'sha-384', 'sha-512'] as const) {
      const right = fingerprintOf(der, hash)
      assert.ok(matchesFingerprint(der, [right]))
      assert.ok(matchesFingerprint(der, [other, right]))
    }
    const node = new X509Certificate(certificates.ecdsa.certificate).fingerprint256.replaceAll(':', '')
    assert.equal(fingerprintOf(certificates.ecdsa.certificate).digest.toString('hex').toUpperCase(), node)
  })

  test('nothing else, and no empty list', () => {
    assert.ok(!matchesFingerprint(der, []))
    assert.ok(!matchesFingerprint(der, [other]))
    const right = fingerprintOf(der)
    assert.ok(!matchesFingerprint(der, [{ hash: 'sha-256', digest: right.digest.subarray(0, 31) }]))
    assert.ok(!matchesFingerprint(der, [{ hash: 'sha-256', digest: Buffer.alloc(0) }]))
    assert.ok(!matchesFingerprint(der, [{ hash: 'sha-1', digest: right.digest }]))
  })
})
