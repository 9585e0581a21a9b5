import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'

const url = (path: string): string => JSON.stringify(new URL(`../../${path}`, import.meta.url).href)

/** Loaded by the process and each of its threads: koffi has no build. */
const withoutKoffi = `
  import Module from 'node:module'
  const load = Module._load
  Module._load = function (name, ...rest) {
    if (name === 'koffi') throw new Error('no build for this platform')
    return load.call(this, name, ...rest)
  }`

/** A call in SDES through each of two workers. */
const script = `
  import { WorkerMediaEngine } from ${url('src/media/worker-media-engine.ts')}
  import { Bridge } from ${url('test/support/media/bridge.ts')}
  import { rtpPacket } from ${url('test/support/media/packets.ts')}
  const engine = new WorkerMediaEngine({ workers: 2 })
  engine.events.on('cipherFallback', ({ why }) => console.log('fallback:', why))
  const bridges = []
  for (const suite of ['AES_CM_128_HMAC_SHA1_80', 'AEAD_AES_256_GCM']) bridges.push(await Bridge.open(engine, 'none', suite))
  for (const { a, b } of bridges) {
    const packet = rtpPacket()
    a.sendRtp(packet)
    console.log((await b.receiveRtp()).equals(packet) ? 'relayed' : 'spoilt')
  }
  for (const bridge of bridges) await bridge.close()
  await engine.close()`

/** What that prints. */
async function run(...options: string[]): Promise<string[]> {
  const words = [...options, '-e', script]
  const { stdout, stderr } = await promisify(execFile)(process.execPath, words)
  assert.equal(stderr, '')
  return stdout.trim().split('\n')
}

describe('SRTP in media workers', () => {
  test('has nothing to say where OpenSSL can be called', async () => {
    assert.deepEqual(await run(), ['relayed', 'relayed'])
  })

  test('goes on without koffi, and that is told once', async () => {
    const preload = `data:text/javascript,${encodeURIComponent(withoutKoffi)}`
    const [first, ...others] = await run('--import', preload)
    assert.match(first!, /^fallback: .*koffi does not load here.*no build for this platform/)
    assert.deepEqual(others, ['relayed', 'relayed'])
  })
})
