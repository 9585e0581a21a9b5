import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { close, contexts, dtlsEnd, run } from '../../support/media/dtls-link.ts'

async function handshakes(count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const client = dtlsEnd({ context: contexts.ecdsa, role: 'client' })
    const server = dtlsEnd({ context: contexts.ecdsa, role: 'server' })
    await run(client, server)
    assert.equal(server.sessions.length, 1)
    // half of them end in the middle of what the other says
    client.association.close()
    if (i % 2 === 0) for (const datagram of client.sent) server.association.receive(datagram)
    close(server)
    const begun = dtlsEnd({ context: contexts.ecdsa, role: 'client' })
    begun.association.start()
    close(begun)
  }
}

test('2,000 handshakes leave no memory behind', async () => {
  await handshakes(300)
  const before = process.memoryUsage().rss
  await handshakes(2000)
  const grown = process.memoryUsage().rss - before
  // an association that is not freed costs 30 KiB and more: 6,000 of them would be 180 MiB
  assert.ok(grown < 40 * 2 ** 20, `${Math.round(grown / 2 ** 20)} MiB more`)
})

test('an association that waits for the end of its call costs less than 100 KiB', async () => {
  await handshakes(50)
  const before = process.memoryUsage().rss
  const ends = []
  for (let i = 0; i < 200; i++) {
    const pair = [
      dtlsEnd({ context: contexts.ecdsa, role: 'client' }),
      dtlsEnd({ context: contexts.ecdsa, role: 'server' }),
    ] as const
    await run(...pair)
    ends.push(...pair)
  }
  const each = (process.memoryUsage().rss - before) / ends.length
  assert.ok(each < 100 * 1024, `${Math.round(each / 1024)} KiB`)
  close(...ends)
})

test('each thread has contexts and callbacks of its own', async () => {
  const module = new URL('../../support/media/dtls-link.ts', import.meta.url).href
  const source = `
    const { parentPort } = require('node:worker_threads')
    import(${JSON.stringify(module)}).then(async ({ close, contexts, dtlsEnd, run }) => {
      for (let i = 0; i < 50; i++) {
        const client = dtlsEnd({ context: contexts.ecdsa, role: 'client' })
        const server = dtlsEnd({ context: contexts.rsa, role: 'server' })
        await run(client, server)
        if (server.sessions.length !== 1) throw new Error('no session')
        close(client, server)
      }
      parentPort.postMessage('done')
    })`
  const workers = Array.from({ length: 3 }, () => new Worker(source, { eval: true }))
  const own = handshakes(50)
  await Promise.all(
    workers.map(
      (worker) =>
        new Promise<void>((resolve, reject) => {
          worker.once('message', () => resolve())
          worker.once('error', reject)
        }),
    ),
  )
  await own
  await Promise.all(workers.map((worker) => worker.terminate()))
  await handshakes(20)
})
