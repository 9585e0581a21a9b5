import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import { DgramPacketIo } from '../../../src/media/packet-io/dgram-packet-io.ts'
import { DescriptorLedger } from '../../../src/media/packet-io/descriptor-ledger.ts'
import { LinuxPacketIo } from '../../../src/media/packet-io/linux/linux-packet-io.ts'
import { openPacketIo } from '../../../src/media/packet-io/open-packet-io.ts'

const support = (name: string): string => new URL(`../../support/media/${name}`, import.meta.url).pathname

/** What an engine with two workers says in a process of its own. */
async function say(driver: string, ...options: string[]): Promise<string[]> {
  const words = [...options, support('fallback-process.ts'), driver]
  const { stdout } = await promisify(execFile)(process.execPath, words)
  return stdout.trim().split('\n')
}

describe('the choice of the driver', () => {
  test('is that of Linux where it runs, unless the other is asked for', () => {
    const choose = (driver: 'auto' | 'linux' | 'dgram'): object =>
      openPacketIo({ driver, pause: 1 }, new DescriptorLedger()).io
    assert.ok(choose('dgram') instanceof DgramPacketIo)
    if (process.platform !== 'linux') return
    assert.ok(choose('auto') instanceof LinuxPacketIo)
    assert.ok(choose('linux') instanceof LinuxPacketIo)
  })

  for (const driver of ['auto', 'linux']) {
    test(`${driver} without koffi falls back, says so once, and calls go on`, async () => {
      const lines = await say(driver, '--import', support('without-koffi.ts'))
      assert.match(lines[0]!, /^fallback: the package koffi does not load here: .*no build/)
      assert.deepEqual(lines.slice(1), ['relayed', 'relayed'])
    })
  }

  test('dgram has nothing to say without koffi', async () => {
    assert.deepEqual(await say('dgram', '--import', support('without-koffi.ts')), ['relayed', 'relayed'])
  })
})
