import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { mediaPriority } from '../../src/media/raise-priority.ts'
import { WorkerMediaEngine } from '../../src/media/worker-media-engine.ts'
import { until } from '../support/until.ts'

/** Nice values of this process's threads, by name (proc(5)). */
function priorities(): Map<string, number> {
  return new Map(
    readdirSync('/proc/self/task').map((task) => {
      const stat = readFileSync(`/proc/self/task/${task}/stat`, 'latin1')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return [readFileSync(`/proc/self/task/${task}/comm`, 'latin1').trim(), Number(fields[16])] as const
    }),
  )
}

test('the threads of media have precedence, and no other; where they may not, that is told once', async () => {
  const engine = new WorkerMediaEngine({ workers: 2 })
  const refusals: string[] = []
  engine.events.on('ordinaryPriority', ({ why }) => refusals.push(why))
  const ofMedia = (): number[] => [...priorities()].filter(([name]) => /^media-\d$/.test(name)).map(([, nice]) => nice)
  await until(
    () => refusals.length > 0 || (ofMedia().length === 2 && ofMedia().every((nice) => nice === mediaPriority)),
  )
  await engine.close()
  const others = [...priorities()].filter(([name]) => !/^media-\d$/.test(name))
  assert.ok(others.every(([, nice]) => nice > mediaPriority))
  if (process.geteuid?.() === 0) assert.deepEqual(refusals, [])
  assert.ok(refusals.length <= 1)
})
