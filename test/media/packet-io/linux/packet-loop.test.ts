import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { MessageChannel } from 'node:worker_threads'
import { mostOfTurn, PacketLoop, type PacketSource } from '../../../../src/media/packet-io/linux/packet-loop.ts'

/** Gives what `ready` says, and keeps what it was asked. */
class Source implements PacketSource {
  readonly timeouts: number[] = []
  called = false
  readonly pauses: number[] = []
  ready: () => number = () => 0

  sleep(milliseconds: number): void {
    this.pauses.push(milliseconds)
  }

  poll(timeout: number): number {
    this.timeouts.push(timeout)
    return this.ready()
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('the packet loop', () => {
  test('waits for a packet when it has nothing to do, and lets Node’s loop have its turns', async () => {
    const source = new Source()
    const loop = new PacketLoop(source, 1)
    loop.start()
    loop.start()
    const { port1, port2 } = new MessageChannel()
    port1.postMessage('hello')
    await once(port2, 'message')
    while (source.timeouts.length < 3) await turn()
    assert.ok(source.timeouts.every((timeout) => timeout > 0))
    loop.stop()
    const { length } = source.timeouts
    for (let i = 0; i < 5; i++) await turn()
    assert.equal(source.timeouts.length, length)
    port1.close()
  })

  test('with packets without end gives them up for a turn, and goes on without a wait', async () => {
    const source = new Source()
    const loop = new PacketLoop(source, 0)
    source.ready = () => 64
    loop.start()
    await turn()
    await turn()
    loop.stop()
    const first = source.timeouts.indexOf(0)
    assert.ok(first > 0 && first <= mostOfTurn / 64)
    assert.ok(source.timeouts.slice(first).every((timeout) => timeout === 0))
  })

  test('hands over when Node’s loop has something to do, however many packets come', async () => {
    const source = new Source()
    const loop = new PacketLoop(source, 0)
    source.ready = () => 1
    source.called = true
    loop.start()
    await turn()
    loop.stop()
    assert.equal(source.timeouts.length, 1)
  })

  test('with much to do pauses before each turn that follows an empty look, and then does not wait', async () => {
    const source = new Source()
    const loop = new PacketLoop(source, 0.5)
    let packets = 0
    source.ready = () => (packets++ % 400 === 399 ? 0 : 10)
    loop.start()
    while (source.pauses.length < 3) await turn()
    const before = source.timeouts.length
    while (source.pauses.length < 5) await turn()
    loop.stop()
    assert.deepEqual(new Set(source.pauses), new Set([0.5]))
    assert.deepEqual(new Set(source.timeouts.slice(before)), new Set([0]))
  })

  test('can be stopped by what it hands out', async () => {
    const source = new Source()
    const loop = new PacketLoop(source, 0)
    source.ready = () => {
      loop.stop()
      return 0
    }
    loop.start()
    for (let i = 0; i < 5; i++) await turn()
    assert.equal(source.timeouts.length, 1)
  })
})
