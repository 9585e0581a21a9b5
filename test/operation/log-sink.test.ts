import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { test } from 'node:test'
import { type LogLevel } from '../../src/operation/log-level.ts'
import { longestBacklog, LogSink } from '../../src/operation/log-sink.ts'
import { HandClock } from '../support/hand-clock.ts'

/** A stream that takes nothing until it is let go. */
class SlowStream extends Writable {
  written = ''
  #waiting: (() => void)[] = []
  slow: boolean

  constructor(slow = true) {
    super()
    this.slow = slow
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.written += chunk.toString()
    if (this.slow) this.#waiting.push(done)
    else done()
  }

  release(): void {
    this.slow = false
    for (const done of this.#waiting.splice(0)) done()
  }
}

function sinkTo(open: () => Writable): { sink: LogSink; clock: HandClock; failures: string[] } {
  const clock = new HandClock()
  const failures: string[] = []
  const sink = new LogSink({
    open,
    prefix: (level) => `${level} `,
    onFailure: (error) => failures.push(error.message),
    retry: 10_000,
    clock,
  })
  return { sink, clock, failures }
}

function log(sink: LogSink, level: LogLevel, message: string): void {
  sink.write({ level, message, time: '' })
}

test('a burst into a slow place keeps memory bounded: debug lines go first, and the drops are counted', async () => {
  const stream = new SlowStream()
  const { sink } = sinkTo(() => stream)
  const line = 'x'.repeat(1000)
  for (let i = 0; i < 3000; i++) log(sink, 'debug', line)
  assert.ok(stream.writableLength <= longestBacklog.debug + 2000)
  log(sink, 'message', 'still heard')
  for (let i = 0; i < 20_000; i++) log(sink, 'message', line)
  assert.ok(stream.writableLength <= longestBacklog.any + 2000)
  stream.release()
  await sink.finish()
  assert.match(stream.written, /^message still heard$/m)
  const kept = stream.written.match(/^(debug|message) x+$/gm)?.length ?? 0
  const [, dropped] = /^warning log lines dropped, .* count=(\d+)$/m.exec(stream.written) ?? []
  assert.equal(kept + Number(dropped), 23_000)
})

test('drops are told as soon as the place has caught up, though nothing more is logged', async () => {
  const stream = new SlowStream()
  const { sink } = sinkTo(() => stream)
  for (let i = 0; i < 2000; i++) log(sink, 'debug', 'x'.repeat(1000))
  stream.release()
  await new Promise((resolve) => setImmediate(resolve))
  assert.match(stream.written, /warning log lines dropped, .* count=\d+\n$/)
})

test('a place that fails loses lines, not the process, and is tried again later', async () => {
  const streams: SlowStream[] = []
  const { sink, clock, failures } = sinkTo(() => {
    const stream = new SlowStream(false)
    streams.push(stream)
    return stream
  })
  log(sink, 'message', 'one')
  streams[0]!.destroy(new Error('no space left'))
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(failures, ['no space left'])
  log(sink, 'message', 'lost')
  log(sink, 'message', 'lost')
  assert.equal(streams.length, 1)
  clock.advance(10_000)
  log(sink, 'message', 'two')
  assert.equal(
    streams[1]!.written,
    'warning log lines dropped, as they could not be written in time count=2\nmessage two\n',
  )
})

test('a place that cannot be opened at first is opened when it can be', () => {
  const stream = new SlowStream(false)
  let possible = false
  const { sink, clock, failures } = sinkTo(() => {
    if (!possible) throw new Error('read-only')
    return stream
  })
  assert.deepEqual(failures, ['read-only'])
  log(sink, 'error', 'lost')
  possible = true
  clock.advance(10_000)
  log(sink, 'error', 'heard')
  assert.match(stream.written, /error heard/)
})

test('the end does not wait for ever for a place that takes nothing', async () => {
  const stream = new SlowStream()
  const { sink, clock } = sinkTo(() => stream)
  log(sink, 'message', 'never')
  log(sink, 'message', 'never')
  const finished = sink.finish()
  clock.advance(60_000)
  await finished
  assert.equal(clock.pending, 0)
})
