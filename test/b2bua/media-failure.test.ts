import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Worker } from 'node:worker_threads'
import { Log } from '../../src/operation/log.ts'
import { logMedia } from '../../src/operation/stack-log.ts'
import { clearAudio } from '../support/b2bua/descriptions.ts'
import { onSite } from '../support/b2bua/on-site.ts'
import { type Site } from '../support/b2bua/site.ts'
import { listen } from '../support/b2bua/sip-phone.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

async function talk(site: Site) {
  const call = site.a.call('sip:bob@sip.example.org', site.uri, { body: clearAudio(40000) })
  const invite = await site.b.invites.next('INVITE')
  const b = invite.accept({ body: Buffer.from(clearAudio(40010)), contentType: 'application/sdp' })
  const { session: a } = await call.answered.next('200')
  a.acknowledge()
  return { a, atA: listen(a), atB: listen(b) }
}

test('a call whose media worker dies ends as media-failure on both legs; the log tells of it, and the next call has a new one', async (t) => {
  const threads: Worker[] = []
  const onWorker = (worker: Worker): number => threads.push(worker)
  process.on('worker', onWorker)
  t.after(() => process.off('worker', onWorker))
  const file = join(temporaryDirectory(t), 'b2bua.log')
  const levels = { console: 'debug', file: 'debug', syslog: 'debug' } as const
  const log = new Log({ levels, console: false, syslog: false, file })
  await onSite({}, async (site) => {
    logMedia(site.engine, log)
    const { atA, atB } = await talk(site)
    const replaced = new Promise((resolve) => site.engine.events.on('workerReplaced', resolve))
    await threads[0]!.terminate()
    for (const bye of [await atA.bye.next('BYE'), await atB.bye.next('BYE')]) {
      assert.match(bye.headers.get('Reason') ?? '', /^Q\.850;cause=47/)
    }
    const { reason, by, media } = await site.ended.next('end')
    assert.deepEqual([reason, by, media?.streams.length], ['media-failure', 'server', 1])
    await replaced
    const again = await talk(site)
    again.a.bye()
    await again.atB.bye.next('BYE')
    assert.equal((await site.ended.next('end')).reason, 'hangup')
  })
  await log.close()
  const text = readFileSync(file, 'utf8')
  assert.match(text, / error {3}a media worker died worker=0 calls=1 error=/)
  assert.match(text, / media worker replaced worker=0\n/)
})
