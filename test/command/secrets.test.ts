import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { clearAudio, sdesAudio } from '../support/b2bua/descriptions.ts'
import { ask } from '../support/b2bua/sip-phone.ts'
import { config, recipient, site, suiteOf, talk } from '../support/command/server-site.ts'

/** A master key and salt of AES_CM_128 in base64. */
function newKey(): string {
  return randomBytes(30).toString('base64')
}

/** What stands behind `inline:` in a text. */
function keysIn(text: string): string[] {
  return [...text.matchAll(/inline:([^|\s]+)/g)].map(([, key]) => key!)
}

test('no SDES key of any leg reaches console or log, in calls, failures and reloads at debug level', async (t) => {
  const here = await site(t, {
    level: 'debug',
    rules: 'sdes .*',
    args: ['-d'],
    companion: '[b2bua]\nshutdown-grace=0s\n',
  })
  const { server, uri, a, b } = here
  const keys: string[] = []
  const seen = (text: string): string => {
    keys.push(...keysIn(text))
    return text
  }

  // a call with keys on both legs, which are changed in the middle of it
  const call = await talk(here, seen(sdesAudio(40000, newKey())), (offer) =>
    seen(sdesAudio(40010, newKey(), suiteOf(offer))),
  )
  seen(call.offered)
  seen(call.answered)
  assert.equal(new Set(keys).size, keys.length, 'the server made keys of its own')
  const asked = ask(call.a, 'INVITE', { body: seen(sdesAudio(40000, newKey())) })
  const transaction = await call.atB.requests.next('re-INVITE')
  const offer = seen(transaction.request.body.toString('latin1'))
  call.b.reply(transaction, 200, {
    body: Buffer.from(seen(sdesAudio(40010, newKey(), suiteOf(offer)))),
    contentType: 'application/sdp',
  })
  seen((await asked).body.toString('latin1'))
  call.a.acknowledge()

  // offers and answers that must fail, each because of its key line
  const wrong = [
    newKey().slice(0, 20),
    `${newKey()}|2^20|1:4;inline:${newKey()}|2^20|2:400`,
    `${newKey()}!`,
    newKey() + newKey(),
  ]
  for (const key of wrong) {
    const failing = a.call(recipient, uri, { body: seen(sdesAudio(40002, key)) })
    assert.equal((await failing.failed.next('488')).status, 488)
  }
  const badAnswer = a.call(recipient, uri, { body: seen(sdesAudio(40004, newKey())) })
  const invite = await b.invites.next('INVITE')
  seen(invite.request.body.toString('latin1'))
  invite.accept({
    body: Buffer.from(seen(sdesAudio(40014, newKey(), 'AEAD_AES_256_GCM', 99))),
    contentType: 'application/sdp',
  })
  await badAnswer.failed.next('failure')

  // messages that are none, with a key where no parser expects one
  for (const message of [
    `INVITE ${recipient} SIP/2.0\r\nVia: ${newKey()}\r\ninline:${newKey()}\r\n\r\n`,
    `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${newKey()}\r\n\r\n`,
    `INVITE ${recipient} SIP/2.0\r\nContent-Length: 400000\r\n\r\n${sdesAudio(1, newKey())}`,
  ]) {
    const socket = connect(Number(/:(\d+);/.exec(uri)![1]), '127.0.0.1')
    await once(socket, 'connect')
    socket.end(seen(message)).resume()
    await once(socket, 'close')
  }

  server.save(config({ proxy: b.uri, level: 'debug', rules: 'dtsl-srtp .*' }))
  await server.wrote(/ configuration not reloaded/)
  server.save(config({ proxy: b.uri, level: 'debug', rules: 'none .*' }))
  await server.wrote(/ rule 0 at \S+ changed: /)
  const inClear = await talk(here, seen(sdesAudio(40006, newKey())), () => clearAudio(40016))
  seen(inClear.answered)
  server.kill('SIGUSR2')
  server.kill('SIGTERM')
  assert.equal(await server.ended, 0)

  const emitted = server.output + server.read('log/flexisip-b2bua.log')
  assert.match(emitted, / debug {3}/)
  assert.ok(keys.length >= 20, `${keys.length} keys`)
  for (const key of keys) {
    for (const form of formsOf(key)) assert.ok(!emitted.includes(form), `${form} is in the log:\n${emitted}`)
  }
  assert.doesNotMatch(emitted, /inline:/)
})

/** A key as it might be written: its base64, without the end, and its bytes in hexadecimal. */
function formsOf(key: string): string[] {
  const hex = Buffer.from(key, 'base64').toString('hex')
  return [key, key.slice(0, 16), hex.slice(0, 24), hex.slice(0, 24).toUpperCase()]
}
