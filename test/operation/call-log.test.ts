import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { logCalls } from '../../src/operation/call-log.ts'
import { Log } from '../../src/operation/log.ts'
import { clearAudio } from '../support/b2bua/descriptions.ts'
import { onSite } from '../support/b2bua/on-site.ts'
import { listen } from '../support/b2bua/sip-phone.ts'
import { Line } from '../support/media/phone.ts'
import { rtpPacket } from '../support/media/packets.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

test('the end of a call says what each leg has received, and a call without an answer does not', async (t) => {
  const file = join(temporaryDirectory(t), 'b2bua.log')
  const levels = { console: 'debug', file: 'debug', syslog: 'debug' } as const
  const log = new Log({ levels, console: false, syslog: false, file })
  await onSite({}, async (site) => {
    logCalls(site.b2bua, log, systemClock)
    const [media, atBob] = [await Line.open(), await Line.open()]
    const call = site.a.call('sip:bob@sip.example.org', site.uri, { body: clearAudio(media.port) })
    const invite = await site.b.invites.next('INVITE')
    const b = invite.accept({ body: Buffer.from(clearAudio(atBob.port)), contentType: 'application/sdp' })
    const { response, session: a } = await call.answered.next('200')
    a.acknowledge()
    const atB = listen(b)
    const [, port] = /m=audio (\d+)/.exec(response.body.toString('latin1'))!
    for (const sequence of [1, 2, 2, 5]) media.send(rtpPacket({ sequence }), Number(port))
    for (let packets = 0; packets < 4; packets++) await atBob.receive()
    const cancelled = site.a.call('sip:carol@sip.example.org', site.uri, { body: clearAudio(40000) })
    await site.b.invites.next('INVITE')
    cancelled.invite.cancel()
    await cancelled.failed.next('487')
    a.bye()
    await atB.bye.next('BYE')
    for (const line of [media, atBob]) line.close()
  })
  await log.close()
  const ends = readFileSync(file, 'utf8').match(/ call ended .*/g) ?? []
  assert.equal(ends.length, 2)
  assert.doesNotMatch(ends[0], /audio/)
  assert.match(
    ends[1]!,
    / audio-a="rx=4 tx=0 lost=2 late=0 dup=1 jitter=\d+\.\d" audio-b="rx=0 tx=4 lost=0 late=0 dup=0 jitter=0\.0"/,
  )
})
