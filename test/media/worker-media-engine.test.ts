import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { Session } from 'node:inspector'
import { test, type TestContext } from 'node:test'
import { type Worker } from 'node:worker_threads'
import { type CodedError } from '../../src/base/coded-error.ts'
import { type MediaSession, type SilenceReport } from '../../src/media/media-engine.ts'
import { WorkerMediaEngine, type WorkerMediaEngineOptions } from '../../src/media/worker-media-engine.ts'
import { HandClock } from '../support/hand-clock.ts'
import { Bridge, sessionOptions } from '../support/media/bridge.ts'
import { packetIo } from '../support/media/drivers.ts'
import { rtpPacket } from '../support/media/packets.ts'

/** An engine and its threads, as Node reports them; closed when the test is over. */
function startEngine(
  t: TestContext,
  options: WorkerMediaEngineOptions,
): { engine: WorkerMediaEngine; threads: Worker[] } {
  const threads: Worker[] = []
  const onWorker = (worker: Worker): number => threads.push(worker)
  process.on('worker', onWorker)
  const engine = new WorkerMediaEngine({ packetIo, ...options })
  t.after(async () => {
    process.off('worker', onWorker)
    await engine.close()
  })
  return { engine, threads }
}

/** Has a thread do nothing any more but count for ever, by way of Node's inspector. */
async function hang(t: TestContext, name: string): Promise<void> {
  const session = new Session()
  session.connect()
  t.after(() => session.disconnect())
  const attached = new Promise<string>((resolve) => {
    session.on('NodeWorker.attachedToWorker', ({ params }) => {
      if (params.workerInfo.title.includes(name)) resolve(params.sessionId)
    })
  })
  session.post('NodeWorker.enable', { waitForDebuggerOnStart: false })
  const evaluate = { id: 1, method: 'Runtime.evaluate', params: { expression: 'for (;;);' } }
  session.post('NodeWorker.sendMessageToWorker', { sessionId: await attached, message: JSON.stringify(evaluate) })
}

/** Nothing is held, and at least `ports` rest: also those that another program turned out to have. */
function assertAllRests(engine: WorkerMediaEngine, ports: number): void {
  const counts = engine.counts()
  assert.deepEqual([counts.sessions, counts.ports], [0, 0])
  assert.ok(counts.resting >= ports)
}

/** Resolves when all sockets of a range can be bound by somebody else. */
async function assertFree(ports: readonly number[]): Promise<void> {
  for (const port of ports) {
    const socket = createSocket('udp4')
    socket.bind(port, '127.0.0.1')
    await once(socket, 'listening')
    socket.close()
  }
}

test('a closed session leaves nothing: no session, no port, no socket; its ports rest', async (t) => {
  const { engine } = startEngine(t, { workers: 1 })
  const bridge = await Bridge.open(engine, 'none', 'none')
  const { rtpPort: a } = bridge.a.server
  const { rtpPort: b } = bridge.b.server
  const { sessions, ports } = engine.counts()
  assert.deepEqual([sessions, ports], [1, 4])
  await bridge.close()
  await bridge.session.close()
  assertAllRests(engine, 4)
  await assertFree([a, a + 1, b, b + 1])
  assert.throws(() => bridge.session.update(3, 'a', undefined), { code: 'MEDIA_STREAM_UNKNOWN' })
  await assert.rejects(bridge.session.openStream('audio'), { code: 'MEDIA_SESSION_CLOSED' })
  assert.equal(engine.alive, true)
  await engine.close()
  assert.equal(engine.alive, false)
  await assert.rejects(engine.openSession(sessionOptions()), { code: 'MEDIA_UNAVAILABLE', status: 503 })
})

test('200 calls with audio and video leave no file descriptor behind', async (t) => {
  const { engine } = startEngine(t, { workers: 2 })
  const call = async (): Promise<void> => {
    const session = await engine.openSession(sessionOptions())
    await session.openStream('audio')
    await session.openStream('video')
    session.update(1, 'a', { rtcpMux: false, direction: 'sendrecv', protection: { mode: 'none' } })
    await session.close()
  }
  await call()
  const before = readdirSync('/proc/self/fd').length
  for (let i = 0; i < 20; i++) await Promise.all(Array.from({ length: 10 }, call))
  assert.equal(readdirSync('/proc/self/fd').length, before)
  assertAllRests(engine, 201 * 8)
})

test('closing an engine ends its sessions, workers and timers', async (t) => {
  const clock = new HandClock()
  const { engine, threads } = startEngine(t, { workers: 2, clock })
  const bridges = [await Bridge.open(engine, 'none', 'none'), await Bridge.open(engine, 'none', 'none')]
  assert.equal(threads.length, 2)
  const exits = threads.map((thread) => once(thread, 'exit'))
  await engine.close()
  await Promise.all(exits)
  assert.equal(engine.counts().sessions, 0)
  assert.equal(engine.counts().ports, 0)
  assert.equal(clock.pending, 0)
  for (const bridge of bridges) await bridge.close()
})

test('a range that is used up is 503, and its ports come back after 30 s of rest, not before', async (t) => {
  const clock = new HandClock()
  const { engine } = startEngine(t, { workers: 1, clock })
  const session = { audioPorts: { min: 21100, max: 21107 } }
  const first = await Bridge.open(engine, 'none', 'none', { session })
  const other = await Bridge.open(engine, 'none', 'none', { session })
  const third = await engine.openSession(sessionOptions(session))
  await assert.rejects(third.openStream('audio'), { code: 'MEDIA_PORTS_EXHAUSTED', status: 503 })
  await third.openStream('video') // has a range of its own
  await first.close()
  await assert.rejects(third.openStream('audio'), { code: 'MEDIA_PORTS_EXHAUSTED' })
  for (let second = 0; second < 30; second++) {
    clock.advance(1000)
    await other.settle() // the worker answers its heartbeats
  }
  const local = await third.openStream('audio')
  assert.deepEqual([local.a.rtpPort, local.b.rtpPort].sort(), [first.a.server.rtpPort, first.b.server.rtpPort].sort())
  assert.equal(local.a.rtcpPort, local.a.rtpPort + 1)
  await other.close()
  await third.close()
})

test('a port that another program has is passed over', async (t) => {
  const { engine } = startEngine(t, { workers: 1 })
  const other = createSocket('udp4')
  other.bind(21201, '127.0.0.1')
  await once(other, 'listening')
  const session = await engine.openSession(sessionOptions({ audioPorts: { min: 21200, max: 21205 } }))
  const local = await session.openStream('audio')
  assert.deepEqual([local.a.rtpPort, local.b.rtpPort].sort(), [21202, 21204])
  await session.close()
  other.close()
})

test('an address of another machine is an error that names it', async (t) => {
  const { engine } = startEngine(t, { workers: 1 })
  const session = await engine.openSession(sessionOptions({ localAddress: '192.0.2.1' }))
  await assert.rejects(session.openStream('audio'), (error: CodedError) => {
    return error.code === 'MEDIA_ADDRESS_UNUSABLE' && error.message.includes('192.0.2.1')
  })
  assert.equal(engine.counts().ports, 0)
  await session.close()
})

test('a session that is closed while it opens a stream gives the ports back', async (t) => {
  const { engine } = startEngine(t, { workers: 1 })
  const session = await engine.openSession(sessionOptions())
  const opening = assert.rejects(session.openStream('audio'), { code: 'MEDIA_SESSION_CLOSED' })
  await new Promise((resolve) => setImmediate(resolve)) // the worker has been asked
  await session.close()
  await opening
  assertAllRests(engine, 4)
})

test('a session goes to the worker with the fewest streams', async (t) => {
  const { engine, threads } = startEngine(t, { workers: 2 })
  const lost: string[] = []
  const open = async (name: string, streams: number): Promise<MediaSession> => {
    const session = await engine.openSession(sessionOptions({ onFailure: () => lost.push(name) }))
    for (let stream = 0; stream < streams; stream++) await session.openStream('audio')
    return session
  }
  const sessions = [await open('three', 3), await open('one', 1), await open('none', 0), await open('another', 1)]
  const died = new Promise((resolve) => engine.events.on('workerDied', resolve))
  await threads[1]!.terminate()
  await died
  assert.deepEqual(lost, ['one', 'none', 'another'])
  for (const session of sessions) await session.close()
})

test('what both legs have agreed on travels as one, so that no packet comes in between', async (t) => {
  const { engine, threads } = startEngine(t, { workers: 1 })
  const session = await engine.openSession(sessionOptions())
  for (let stream = 0; stream < 2; stream++) await session.openStream('audio')
  const worker = threads[0]!
  const posted: unknown[] = []
  const post = worker.postMessage.bind(worker) as (message: unknown) => void
  worker.postMessage = (message: unknown) => {
    posted.push(message)
    post(message)
  }
  const update = (stream: number, leg: 'a' | 'b'): void => session.update(stream, leg, undefined)
  session.together(() => {
    for (const leg of ['a', 'b'] as const) for (const stream of [0, 1]) update(stream, leg)
  })
  assert.throws(
    () =>
      session.together(() => {
        update(0, 'a')
        update(7, 'b')
      }),
    { code: 'MEDIA_STREAM_UNKNOWN' },
  )
  update(1, 'b')
  const of = (stream: number, leg: string) => ({ type: 'update', session: 1, stream, leg, endpoint: undefined })
  assert.deepEqual(posted, [[of(0, 'a'), of(1, 'a'), of(0, 'b'), of(1, 'b')], [of(0, 'a')], [of(1, 'b')]])
  await session.close()
})

test('a worker that hangs gets no new session, is ended, and takes only its own', async (t) => {
  const clock = new HandClock()
  const { engine } = startEngine(t, { workers: 2, clock })
  const failures: CodedError[] = []
  const lost = await Bridge.open(engine, 'none', 'none', { session: { onFailure: (error) => failures.push(error) } })
  const kept = await Bridge.open(engine, 'none', 'none')
  const died = new Promise<{ worker: number }>((resolve) => engine.events.on('workerDied', resolve))
  await hang(t, 'media-0')
  const cross = async (): Promise<void> => {
    kept.a.sendRtp(rtpPacket())
    await kept.b.receiveRtp()
    await kept.session.openStream('audio') // which is answered behind the heartbeat
  }
  for (let second = 0; second < 5; second++) {
    clock.advance(1000)
    await cross()
  }
  assert.equal(engine.alive, false)
  const other = await engine.openSession(sessionOptions())
  await other.openStream('audio')
  for (let second = 0; second < 6; second++) {
    clock.advance(1000)
    await cross()
  }
  assert.equal((await died).worker, 0)
  assert.equal(failures.length, 1)
  await cross()
  clock.advance(500)
  assert.equal(engine.alive, true)
  for (const one of [lost, kept, other]) await one.close()
})

test('a worker that dies takes only its sessions, and is replaced', async (t) => {
  const { engine, threads } = startEngine(t, { workers: 2 })
  const failures: CodedError[] = []
  const lost = await Bridge.open(engine, 'none', 'none', {
    session: { onFailure: (error) => failures.push(error) },
  })
  const kept = await Bridge.open(engine, 'none', 'none')
  const died = new Promise<{ worker: number; sessions: number }>((resolve) => engine.events.on('workerDied', resolve))
  const replaced = new Promise((resolve) => engine.events.on('workerReplaced', resolve))
  await threads[0]!.terminate()
  const { worker, sessions } = await died
  assert.deepEqual([worker, sessions], [0, 1])
  assert.equal(failures.length, 1)
  assert.equal(failures[0]!.code, 'MEDIA_WORKER_DIED')
  kept.a.sendRtp(rtpPacket())
  assert.deepEqual(await kept.b.receiveRtp(), rtpPacket())
  lost.session.update(0, 'a', undefined)
  assert.equal(lost.counters('a').rtpPacketsReceived, 0)
  await lost.close()
  assert.equal(engine.counts().sessions, 1)
  await replaced
  const again = await Bridge.open(engine, 'none', 'none')
  again.a.sendRtp(rtpPacket())
  assert.deepEqual(await again.b.receiveRtp(), rtpPacket())
  assert.equal(threads.length, 3)
  await again.close()
  await kept.close()
})

test('a worker that dies, by an error or from outside, leaves no descriptor and no bound port', async (t) => {
  const { engine, threads } = startEngine(t, { workers: 1 })
  await (await engine.openSession(sessionOptions())).close()
  const idle = readdirSync('/proc/self/fd').length
  const bound: number[] = []
  for (const kill of ['terminate', 'error'] as const) {
    const session = { onFailure: () => {} }
    const open = (): Promise<Bridge> => Bridge.open(engine, 'none', 'none', { session })
    const bridges = [await open(), await open()]
    for (const { a, b, session } of bridges) {
      session.update(0, 'a', undefined)
      bound.push(a.server.rtpPort, a.server.rtcpPort, b.server.rtpPort, b.server.rtcpPort)
    }
    const replaced = new Promise((resolve) => engine.events.on('workerReplaced', resolve))
    const thread = threads.at(-1)!
    if (kill === 'terminate') await thread.terminate()
    else thread.postMessage(null) // no message: it throws
    await replaced
    for (const bridge of bridges) await bridge.close()
    await (await engine.openSession(sessionOptions())).close()
  }
  await assertFree(bound)
  assert.equal(readdirSync('/proc/self/fd').length, idle)
})

test('a worker that does not answer makes the engine not alive, and is ended', async (t) => {
  const clock = new HandClock()
  const { engine } = startEngine(t, { workers: 1, clock })
  const failures: CodedError[] = []
  const bridge = await Bridge.open(engine, 'none', 'none', {
    session: { onFailure: (error) => failures.push(error) },
  })
  const died = new Promise<{ error: CodedError }>((resolve) => engine.events.on('workerDied', resolve))
  assert.equal(engine.alive, true)
  clock.advance(4000) // in one turn: the worker cannot answer
  assert.equal(engine.alive, false)
  clock.advance(7000)
  const { error } = await died
  assert.match(error.message, /not answered/)
  await bridge.close()
  assert.deepEqual(failures, [error])
})

test('a worker that cannot run is tried again, and calls are refused with 503 meanwhile', async (t) => {
  const clock = new HandClock()
  const { engine, threads } = startEngine(t, { workers: 1, clock })
  const died = new Promise((resolve) => engine.events.on('workerDied', resolve))
  await new Promise((resolve) => setImmediate(resolve)) // Node reports the thread in the next turn
  await threads[0]!.terminate()
  await died
  assert.equal(engine.alive, false)
  await assert.rejects(engine.openSession(sessionOptions()), { code: 'MEDIA_UNAVAILABLE', status: 503 })
  clock.advance(500)
  assert.equal(engine.alive, true)
  await (await engine.openSession(sessionOptions())).close()
})

test('an engine whose worker does not answer can be closed', async (t) => {
  const { engine, threads } = startEngine(t, { workers: 1 })
  const session = await engine.openSession(sessionOptions())
  await session.openStream('audio')
  threads[0]!.removeAllListeners('message') // its answers are never heard
  await engine.close()
  assertAllRests(engine, 4)
})

test('a silent phone is reported after no-rtp-timeout, one that talks or is on hold is not', async (t) => {
  const clock = new HandClock()
  const { engine } = startEngine(t, { workers: 1, clock })
  const reports: SilenceReport[] = []
  const bridge = await Bridge.open(engine, 'none', 'AES_CM_128_HMAC_SHA1_80', {
    session: { noRtpTimeout: 3, onNoRtp: (report) => reports.push(report) },
  })
  const { a, b } = bridge
  /** Three ticks with answers to the heartbeats between. */
  const second = async (): Promise<void> => {
    clock.advance(1000)
    await bridge.settle()
  }
  for (let i = 0; i < 6; i++) {
    a.sendRtp(rtpPacket({ sequence: i }))
    await b.receiveRtp()
    b.sendRtp(rtpPacket({ sequence: i }))
    await a.receiveRtp()
    await second()
  }
  assert.deepEqual(reports, [])
  for (let i = 6; i < 10; i++) {
    a.sendRtp(rtpPacket({ sequence: i }))
    await b.receiveRtp()
    // what does not authenticate is no sign of life
    b.rtp.send(rtpPacket({ sequence: i, payload: Buffer.alloc(40) }), b.server.rtpPort)
    await bridge.counted('b', 'authenticationFailures', i - 5)
    await second()
  }
  assert.deepEqual(
    reports.map(({ leg, onHold }) => [leg, onHold]),
    [['b', false]],
  )
  await bridge.update('b', b.description({ direction: 'sendonly' }))
  await bridge.update('a', a.description({ direction: 'recvonly' }))
  for (let i = 0; i < 10; i++) await second()
  assert.equal(reports.length, 1)
  await bridge.close()
})
