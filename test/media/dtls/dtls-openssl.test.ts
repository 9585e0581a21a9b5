import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { X509Certificate } from 'node:crypto'
import { type DtlsSession } from '../../../src/media/dtls/dtls-association.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { certificates, contexts } from '../../support/media/dtls-link.ts'
import { DtlsUdp } from '../../support/media/dtls-udp.ts'
import { until } from '../../support/until.ts'

/*
 * The openssl command as a phone, over UDP. Its version is not Node's.
 */
const missing = spawnSync('openssl', ['version']).status === 0 ? false : 'no openssl here'
const exported = ['-keymatexport', 'EXTRACTOR-dtls_srtp', '-keymatexportlen', '60']
const srtp = ['-use_srtp', 'SRTP_AES128_CM_SHA1_80']

interface Phone {
  /** What it has said. */
  output(): string
  end(): Promise<void>
}

function phone(t: TestContext, ...parameters: string[]): Phone {
  const directory = temporaryDirectory(t, {
    'ecdsa.pem': certificates.ecdsa.certificate + certificates.ecdsa.privateKey,
    'rsa.pem': certificates.rsa.certificate + certificates.rsa.privateKey,
  })
  const child = spawn(
    'openssl',
    parameters.map((text) => (text.endsWith('.pem') ? join(directory, text) : text)),
    { stdio: 'pipe' },
  )
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => (said += data.toString('latin1')))
  const exit = once(child, 'exit')
  const end = async (): Promise<void> => {
    child.kill('SIGKILL')
    await exit
  }
  t.after(end)
  return { output: () => said, end }
}

/** What `-keymatexport` has printed. */
function material(output: string): string | undefined {
  return /Keying material: ([0-9A-F]{120})/.exec(output)?.[1]
}

/** What our keys were cut from. */
function ours({ send, receive }: DtlsSession, role: 'client' | 'server'): string {
  const [client, server] = role === 'client' ? [send, receive] : [receive, send]
  return Buffer.concat([client.key, server.key, client.salt, server.salt]).toString('hex').toUpperCase()
}

async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  socket.close()
  await once(socket, 'close')
  return port
}

async function serve(t: TestContext, kind: 'ecdsa' | 'rsa', ...parameters: string[]): Promise<[DtlsUdp, Phone]> {
  const udp = await DtlsUdp.open(contexts[kind], 'server')
  t.after(() => udp.close())
  const connect = ['s_client', '-dtls1_2', '-connect', `127.0.0.1:${udp.port}`]
  return [udp, phone(t, ...connect, ...parameters)]
}

async function call(t: TestContext, kind: 'ecdsa' | 'rsa', ...parameters: string[]): Promise<[DtlsUdp, Phone]> {
  const port = await freePort()
  const server = phone(t, 's_server', '-dtls1_2', '-accept', `127.0.0.1:${port}`, ...parameters)
  await until(() => server.output().includes('ACCEPT'))
  const udp = await DtlsUdp.open(contexts[kind], 'client', port)
  t.after(() => udp.close())
  udp.start()
  return [udp, server]
}

describe('DTLS with the openssl command', { skip: missing }, () => {
  for (const own of ['ecdsa', 'rsa'] as const) {
    for (const its of ['ecdsa', 'rsa'] as const) {
      test(`we serve with ${own}, it calls with ${its}`, async (t) => {
        const [udp, client] = await serve(t, own, '-cert', `${its}.pem`, ...srtp, ...exported)
        await until(() => material(client.output()) !== undefined)
        const session = udp.end.sessions[0]!
        assert.equal(ours(session, 'server'), material(client.output()))
        assert.deepEqual(session.peerCertificate, new X509Certificate(certificates[its].certificate).raw)
      })

      test(`we call with ${own}, it serves with ${its}`, async (t) => {
        const [udp, server] = await call(t, own, '-cert', `${its}.pem`, '-Verify', '1', ...srtp, ...exported)
        await until(() => udp.end.sessions.length > 0 && material(server.output()) !== undefined)
        assert.equal(ours(udp.end.sessions[0]!, 'client'), material(server.output()))
      })
    }
  }

  test('it listens with cookies of its own', async (t) => {
    const [udp, server] = await call(t, 'ecdsa', '-cert', 'rsa.pem', '-listen', '-Verify', '1', ...srtp, ...exported)
    await until(() => udp.end.sessions.length > 0 && material(server.output()) !== undefined)
    assert.equal(ours(udp.end.sessions[0]!, 'client'), material(server.output()))
  })

  test('a ClientHello of 1,400 bytes in fragments, as browsers send them', async (t) => {
    const protocols = Array.from({ length: 120 }, (_, i) => `protocol${i}`).join(',')
    const big = ['-mtu', '700', '-alpn', protocols]
    const [udp, client] = await serve(t, 'ecdsa', '-cert', 'ecdsa.pem', ...big, ...srtp, ...exported)
    await until(() => material(client.output()) !== undefined)
    assert.equal(ours(udp.end.sessions[0]!, 'server'), material(client.output()))
    const first = udp.received[0]!
    assert.ok(first.readUIntBE(14, 3) > 1400) // the message
    assert.ok(first.readUIntBE(22, 3) < 700) // its first fragment
  })

  for (const cipher of [
    'ECDHE-ECDSA-AES128-GCM-SHA256',
    'ECDHE-ECDSA-AES256-GCM-SHA384',
    'ECDHE-ECDSA-CHACHA20-POLY1305',
    'ECDHE-ECDSA-AES128-SHA256',
    'ECDHE-RSA-AES128-SHA256',
    'DHE-RSA-AES128-GCM-SHA256',
    'DHE-RSA-AES128-SHA256',
  ]) {
    test(`it knows ${cipher} only`, async (t) => {
      const kind = cipher.includes('ECDSA') ? 'ecdsa' : 'rsa'
      const [, client] = await serve(t, kind, '-cert', 'ecdsa.pem', '-cipher', cipher, ...srtp, ...exported)
      await until(() => material(client.output()) !== undefined)
      assert.match(client.output(), new RegExp(`Cipher is ${cipher}`))
    })
  }

  for (const [name, cipher] of Object.entries({
    'null suites': 'eNULL:@SECLEVEL=0',
    'anonymous suites': 'aNULL:@SECLEVEL=0',
    'suites without forward secrecy': 'kRSA',
  })) {
    test(`${name} are refused`, async (t) => {
      const [udp] = await serve(t, 'rsa', '-cert', 'ecdsa.pem', '-cipher', cipher, ...srtp)
      await until(() => udp.end.errors.length > 0)
      assert.equal(udp.end.errors[0]!.code, 'DTLS_HANDSHAKE')
      assert.match(udp.end.errors[0]!.message, /no shared cipher/)
    })
  }

  test('a server of anonymous or null suites alone gets no handshake from us', async (t) => {
    const [udp] = await call(t, 'ecdsa', '-nocert', '-cipher', 'aNULL:eNULL:@SECLEVEL=0', ...srtp)
    await until(() => udp.end.errors.length > 0)
    assert.equal(udp.end.errors[0]!.code, 'DTLS_ALERT')
    assert.equal(udp.end.errors[0]!.message, 'the DTLS peer sent an alert: handshake failure')
  })

  test('DTLS 1.0 is refused', async (t) => {
    const udp = await DtlsUdp.open(contexts.ecdsa, 'server')
    t.after(() => udp.close())
    const old = ['-dtls1', '-cipher', 'ALL:@SECLEVEL=0']
    phone(t, 's_client', '-connect', `127.0.0.1:${udp.port}`, ...old, '-cert', 'ecdsa.pem', ...srtp)
    await until(() => udp.end.errors.length > 0)
    assert.match(udp.end.errors[0]!.message, /unsupported protocol|version too low/)
  })

  test('a client without a certificate is refused', async (t) => {
    const [udp] = await serve(t, 'ecdsa', ...srtp)
    await until(() => udp.end.errors.length > 0)
    assert.equal(udp.end.errors[0]!.code, 'DTLS_HANDSHAKE')
    assert.match(udp.end.errors[0]!.message, /peer did not return a certificate/)
  })

  test('a client without use_srtp, or with another profile, is refused', async (t) => {
    for (const use of [[], ['-use_srtp', 'SRTP_NULL_SHA1_80'], ['-use_srtp', 'SRTP_AES128_F8_SHA1_80']]) {
      const [udp, client] = await serve(t, 'ecdsa', '-cert', 'ecdsa.pem', ...use)
      const unknown = (): boolean => client.output().includes('rror setting SRTP')
      await until(() => udp.end.errors.length > 0 || unknown())
      assert.equal(udp.end.sessions.length, 0)
      if (!unknown()) assert.equal(udp.end.errors[0]!.code, 'DTLS_NO_SRTP')
      await client.end()
    }
  })

  test('a server that asks for no certificate still is one, and one without use_srtp is not', async (t) => {
    const [udp] = await call(t, 'ecdsa', '-cert', 'ecdsa.pem', ...srtp)
    await until(() => udp.end.sessions.length > 0)
    const [other] = await call(t, 'ecdsa', '-cert', 'ecdsa.pem')
    await until(() => other.end.errors.length > 0)
    assert.equal(other.end.errors[0]!.code, 'DTLS_NO_SRTP')
  })
})
