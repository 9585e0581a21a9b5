import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, test, type TestContext } from 'node:test'
import { type SrtpMasterKey } from '../../src/base/encryption.ts'
import { SrtpDecryptContext } from '../../src/media/srtp/srtp-decrypt-context.ts'
import { SrtpEncryptContext } from '../../src/media/srtp/srtp-encrypt-context.ts'
import { SrtpVerdict } from '../../src/media/srtp/srtp-verdict.ts'
import { portableCipherProvider as provider } from '../../src/media/srtp/portable-cipher-provider.ts'
import { bytesOf, inBuffer, masterKey, rtpPacket, suites } from '../support/media/packets.ts'
import { Line } from '../support/media/phone.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { until } from '../support/until.ts'

const source = new URL('../bench/media/relay.c', import.meta.url).pathname
const hasCompiler = process.platform === 'linux' && spawnSync('cc', ['--version']).status === 0
/** The source of what is sent only to be known to the relay. */
const greeter = 1
const greeting = rtpPacket({ ssrc: greeter })

/** A phone, and what it shares with the relay: `undefined` in clear. */
class Phone {
  readonly words: readonly [string, string]
  readonly #line: Line
  readonly #encrypt: SrtpEncryptContext | undefined
  readonly #decrypt: SrtpDecryptContext | undefined
  /** Of the relay. */
  port = 0

  constructor(line: Line, sends: SrtpMasterKey | undefined, gets: SrtpMasterKey | undefined) {
    this.words = [wordOf(sends), wordOf(gets)]
    this.#line = line
    this.#encrypt = sends && new SrtpEncryptContext(sends, provider)
    this.#decrypt = gets && new SrtpDecryptContext(gets, provider)
  }

  /** The datagram that this phone makes of a plain packet. */
  protect(plain: Buffer): Buffer {
    const packet = inBuffer(plain)
    if (this.#encrypt !== undefined) assert.equal(this.#encrypt.protectRtp(packet), SrtpVerdict.ok)
    return bytesOf(packet)
  }

  send(datagram: Buffer): void {
    this.#line.send(datagram, this.port)
  }

  /** The next plain packet that is no greeting. */
  async receive(): Promise<Buffer> {
    for (;;) {
      const packet = inBuffer(await this.#line.receive())
      if (packet.bytes.readUInt32BE(8) === greeter) continue
      if (this.#decrypt !== undefined) assert.equal(this.#decrypt.unprotectRtp(packet), SrtpVerdict.ok)
      return bytesOf(packet)
    }
  }

  /** Whether anything has come that was not yet asked for. */
  get hasUnread(): boolean {
    return this.#line.unread.length > 0
  }

  close(): void {
    this.#line.close()
    this.#encrypt?.close()
    this.#decrypt?.close()
  }
}

function wordOf(master: SrtpMasterKey | undefined): string {
  return master === undefined ? 'none' : `${master.suite}:${Buffer.concat([master.key, master.salt]).toString('hex')}`
}

function compile(t: TestContext): string {
  const program = join(temporaryDirectory(t), 'relay')
  const { status, stderr } = spawnSync('cc', ['-O2', '-Wall', '-Wextra', '-Werror', '-o', program, source])
  assert.equal(status, 0, stderr.toString())
  return program
}

type Keys = SrtpMasterKey | undefined
type FourKeys = readonly [fromA: Keys, toA: Keys, fromB: Keys, toB: Keys]

/** Two phones that the relay knows. */
async function startCall(t: TestContext, program: string, keys: FourKeys): Promise<readonly [Phone, Phone]> {
  const a = new Phone(await Line.open(), keys[0], keys[1])
  const b = new Phone(await Line.open(), keys[2], keys[3])
  const relay = spawn(program, ['1', ...a.words, ...b.words], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.after(async () => {
    a.close()
    b.close()
    relay.stdin.end()
    if (relay.exitCode === null) await once(relay, 'exit')
  })
  const [line] = (await once(createInterface({ input: relay.stdout }), 'line')) as [string]
  const ports = line.trim().split(' ').map(Number)
  a.port = ports[0]!
  b.port = ports[1]!
  const fromA = a.protect(greeting)
  const fromB = b.protect(greeting)
  await until(() => {
    a.send(fromA)
    b.send(fromB)
    return a.hasUnread && b.hasUnread
  })
  return [a, b]
}

async function passes(from: Phone, to: Phone, plain: Buffer): Promise<void> {
  from.send(from.protect(plain))
  assert.deepEqual(await to.receive(), plain)
}

describe('the relay in C', { skip: hasCompiler ? false : 'no C compiler' }, () => {
  test('passes packets of every suite on under another, both ways', async (t) => {
    const program = compile(t)
    const sides = [undefined, ...suites]
    for (const [i, suite] of sides.entries()) {
      const other = sides[(i + 1) % sides.length]
      const key = (name: typeof suite): Keys => name && masterKey(name)
      const [a, b] = await startCall(t, program, [key(suite), key(suite), key(other), key(other)])
      const packets = [
        rtpPacket({ sequence: 65534, payload: Buffer.alloc(160, 0x55) }),
        rtpPacket({ sequence: 0, payload: Buffer.alloc(1200, 0x66) }),
        rtpPacket({ sequence: 65535, marker: true }), // late, of the cycle before
        rtpPacket({ sequence: 1, contributors: 2, extension: 3 }),
        rtpPacket({ sequence: 2, payload: Buffer.alloc(0) }),
        rtpPacket({ sequence: 40_000, ssrc: 0xfedcba98 }),
      ]
      for (const plain of packets) {
        await passes(a, b, plain)
        await passes(b, a, plain)
      }
    }
  })

  for (const suite of ['AES_CM_128_HMAC_SHA1_80', 'AEAD_AES_256_GCM'] as const)
    test(`${suite}: what is forged or cut short goes no further, and changes nothing`, async (t) => {
      const [from, to] = [masterKey(suite), masterKey(suite)]
      const [a, b] = await startCall(t, compile(t), [from, undefined, undefined, to])
      await passes(a, b, rtpPacket({ sequence: 30_000 }))
      const forged = a.protect(rtpPacket({ sequence: 30_001 }))
      forged[forged.length - 1]! ^= 1
      a.send(forged)
      const otherSource = a.protect(rtpPacket({ sequence: 9, ssrc: 77 }))
      otherSource[13]! ^= 1
      a.send(otherSource)
      const whole = a.protect(rtpPacket({ sequence: 30_002 }))
      for (const length of [0, 1, 11, 12, 20, whole.length - 1]) a.send(whole.subarray(0, length))
      const long = Buffer.from(whole)
      long[0]! |= 0x1f // contributors and an extension that are not there
      a.send(long)
      await passes(a, b, rtpPacket({ sequence: 30_003 }))
      assert.equal(b.hasUnread, false)
    })

  test('words that it does not know end it', (t) => {
    const program = compile(t)
    const key = '00'.repeat(30)
    for (const word of [
      'sdes',
      'AES_CM_128',
      `AES_CM_128:${key}`,
      `AES_CM_128_HMAC_SHA1_80:${key}00`,
      `AES_CM_128_HMAC_SHA1_80:${key.slice(1)}g`,
    ]) {
      const { status, stderr } = spawnSync(program, ['1', word, 'none', 'none', 'none'])
      assert.equal(status, 2, word)
      assert.match(stderr.toString(), /^relay: /)
    }
  })
})
