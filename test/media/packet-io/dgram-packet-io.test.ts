import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { DgramPacketIo } from '../../../src/media/packet-io/dgram-packet-io.ts'
import { inBuffer } from '../../support/media/packets.ts'

test('the dgram driver pauses while there are many packets, loses none of them, and then leaves the thread alone', async (t) => {
  const port = 21340
  const wait = t.mock.method(Atomics, 'wait')
  const [sender, io] = [new DgramPacketIo(0), new DgramPacketIo(1)]
  const from = await sender.open({ address: '127.0.0.1', port: port + 2 }, { onPacket: () => {}, onError: () => {} })
  let received = 0
  const to = await io.open({ address: '127.0.0.1', port }, { onPacket: () => received++, onError: () => {} })
  t.after(() => Promise.all([from.close(), to.close()]))
  const packet = inBuffer(Buffer.alloc(172))
  let sent = 0
  const say = (count: number): void => {
    for (let i = 0; i < count; i++, sent++) from.send(packet, { address: '127.0.0.1', port })
  }
  say(50)
  await sleep(20)
  assert.equal(wait.mock.callCount(), 0, 'few packets do not wait')
  for (let turn = 0; turn < 600 && wait.mock.callCount() < 20; turn++) {
    say(50)
    await sleep(3)
  }
  assert.ok(wait.mock.callCount() >= 20)
  for (let turn = 0; turn < 100 && received < sent; turn++) await sleep(10)
  assert.equal(received, sent)
  await sleep(300)
  const before = wait.mock.callCount()
  await sleep(100)
  assert.equal(wait.mock.callCount(), before)
})
