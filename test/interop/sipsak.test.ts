import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { promisify } from 'node:util'
import { locatePeer } from './peers/peer-process.ts'
import { Sipp } from './peers/sipp.ts'
import { B2buaServer } from './server/b2bua-server.ts'
import { scratchFolder } from './server/site.ts'

const run = promisify(execFile)
const port = 6067
const sipsak = locatePeer('sipsak')

/** @returns what sipsak printed; it has failed with any status but 0 */
async function ask(...words: readonly string[]): Promise<string> {
  const { stdout } = await run(sipsak, [...words, '-s', `sip:127.0.0.1:${port}`], { timeout: 60_000 })
  return stdout
}

suite('sipsak asks and torments the server', { timeout: 180_000 }, () => {
  const folder = scratchFolder('sipsak')
  let server: B2buaServer

  before(async () => {
    server = await B2buaServer.start({
      transport: `sip:127.0.0.1:${port};transport=udp`,
      outboundProxy: 'sip:127.0.0.1:5060;transport=udp',
      folder: join(folder, 'b2bua'),
    })
  })

  after(async () => {
    assert.equal(await server.stop(), 0)
  })

  test('OPTIONS is answered 200', async () => {
    assert.match(await ask('-vv'), /^SIP\/2\.0 200 OK\r?$/m)
  })

  test('OPTIONS with more and more characters replaced at random: the server lives, and calls go on', async () => {
    // it goes on until the server is silent, which for messages that nobody can answer is at once: several times, each otherwise
    for (let time = 0; time < 6; time++)
      spawnSync(sipsak, ['-R', '-t', '40', '-s', `sip:127.0.0.1:${port}`], { timeout: 1500 })
    await ask()
    const callee = new Sipp({
      ...{ name: 'callee', folder, scenario: 'callee.xml', transport: 'udp', port: 5060, mediaPort: 6000 },
    }).start()
    const caller = new Sipp({
      ...{ name: 'caller', folder, scenario: 'caller.xml', transport: 'udp', port: 5200, mediaPort: 8000 },
      ...{ remote: `127.0.0.1:${port}`, calls: 10, rate: 20 },
    }).start()
    const { successful, failed } = await caller.finished(20_000)
    await callee.stop()
    assert.deepEqual({ successful, failed }, { successful: 10, failed: 0 })
  })

  test('a flood of OPTIONS is survived', async () => {
    // it sends as fast as it can and reads nothing
    spawnSync(sipsak, ['-F', '-e', '20000', '-s', `sip:127.0.0.1:${port}`], { timeout: 20_000 })
    await ask()
    const { counts } = await server.holdingsWhen(
      ({ counts: held }) => ['calls', 'dialogs', 'pending'].every((one) => held[one] === 0),
      10_000,
    )
    assert.deepEqual([counts['calls'], counts['dialogs'], counts['pending']], [0, 0, 0])
    assert.doesNotMatch(readFileSync(join(folder, 'b2bua', 'b2bua.out'), 'latin1'), /uncaught|internal-error/i)
  })
})
