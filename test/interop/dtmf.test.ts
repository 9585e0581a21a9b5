import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Baresip } from './peers/baresip.ts'
import { type Linphone } from './peers/linphone.ts'
import { Site } from './server/site.ts'
import { captured, end, requestsTo, ring, seen } from './server/talk.ts'

const sipPorts = { events: 5071, info: 5075, carol: 5085 } as const

/** What a linphone presses, and what a baresip does. */
const pressed = { linphone: '51#', carol: '*09' }

suite('[case 41] DTMF from either side is received on the other side', { timeout: 240_000 }, () => {
  let site: Site
  let phones: { readonly events: Linphone; readonly info: Linphone; readonly carol: Baresip }

  before(async () => {
    site = await Site.open('dtmf', {
      encryptionRules: ['none .*@clear\\.example', 'sdes .*@sdes\\.example', 'dtls-srtp .*@dtls\\.example'],
    })
    const [events, info, carol] = await Promise.all([
      site.linphone('events', { sipPort: sipPorts.events, rtpPort: 17_000, toneHz: 1000 }),
      site.linphone('info', { sipPort: sipPorts.info, rtpPort: 17_020, toneHz: 2300, keys: 'info' }),
      site.baresip('carol', {
        ...{ sipPort: sipPorts.carol, rtpPort: 18_000, controlPort: 4441, toneHz: 1700 },
        accounts: [{ name: 'carol' }, { name: 'carol-sdes', encryption: 'srtp-mand' }],
      }),
    ])
    phones = { events, info, carol }
  })
  after(async () => {
    assert.equal(await site.close(), 0, 'the server stops with status 0')
  })

  for (const { name, calls, encryption, user, domain } of [
    { name: 'events', calls: true, encryption: 'srtp', user: 'carol', domain: 'clear' },
    { name: 'events', calls: true, encryption: 'none', user: 'carol-sdes', domain: 'sdes' },
    { name: 'info', calls: true, encryption: 'none', user: 'carol-sdes', domain: 'sdes' },
    { name: 'info', calls: true, encryption: 'dtls', user: 'carol', domain: 'clear' },
    { name: 'info', calls: false, encryption: 'none', user: 'carol-sdes', domain: 'clear' },
    { name: 'info', calls: false, encryption: 'none', user: 'carol', domain: 'dtls' },
  ] as const) {
    const who = calls
      ? `linphone, ${encryption}, calls baresip in ${domain}`
      : `${user} of baresip calls linphone in ${domain}`
    const how = name === 'events' ? 'keys cross as events' : 'its keys in INFO become events, and those of baresip INFO'
    test(`${who}: ${how}`, async () => {
      const { [name]: linphone, carol } = phones
      const [caller, callee] = calls ? [linphone, carol] : [carol, linphone]
      if (calls) await linphone.offer(encryption)
      else carol.use(user)
      const heard = { linphone: '', carol: '' }
      const file = await captured(site.folder, async () => {
        await ring(caller, callee, `sip:${calls ? user : name}@${domain}.example`)
        callee.answer()
        await Promise.all([linphone.established(), carol.established()])
        await sleep(500)
        for (const key of pressed.linphone) {
          linphone.press(key)
          await sleep(600)
        }
        heard.carol = await carol.keys(pressed.linphone.length)
        for (const key of pressed.carol) {
          carol.press(key)
          await sleep(600)
        }
        heard.linphone = await linphone.keys(pressed.carol.length)
        await end(caller, caller, callee)
      })
      assert.deepEqual(heard, { linphone: pressed.carol, carol: pressed.linphone })
      const { sip } = seen(file, linphone, carol)
      assert.equal(requestsTo(sip, sipPorts.carol, 'INFO').length, 0)
      assert.equal(requestsTo(sip, sipPorts[name], 'INFO').length, name === 'info' ? pressed.carol.length : 0)
      // what was put into the stream and taken out of it has not stopped the sound
      assert.ok(linphone.heard(carol.toneHz).longestMs >= 1000, JSON.stringify(linphone.heard(carol.toneHz)))
    })
  }
})
