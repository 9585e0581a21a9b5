import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { clearAudio } from '../support/b2bua/descriptions.ts'
import { listen, SipPhone } from '../support/b2bua/sip-phone.ts'
import { ServerProcess } from '../support/command/server-process.ts'
import { config, recipient } from '../support/command/server-site.ts'
import { Line } from '../support/media/phone.ts'
import { bogusInvite } from '../support/torture/bogus-invite.ts'

const floodSeconds = 2
const perSecond = 5000
/** Milliseconds between two packets of the call that is up. */
const packetTime = 20

/** An RTP packet of PCMU: its number is its sequence number and its timestamp. */
function rtp(number: number): Buffer {
  const packet = Buffer.alloc(172, 0xff)
  packet.writeUInt16BE(0x8000, 0)
  packet.writeUInt16BE(number, 2)
  packet.writeUInt32BE(number * 160, 4)
  packet.writeUInt32BE(0x1234, 8)
  return packet
}

test('security case 4: a flood of 5,000 INVITEs a second beyond max-calls is answered 486 and costs the call that is up no packet', async (t) => {
  const [a, b, lineA, lineB] = await Promise.all([
    SipPhone.start('alice', 'udp'),
    SipPhone.start('bob', 'udp'),
    Line.open(),
    Line.open(),
  ])
  t.after(() => Promise.all([a.stop(), b.stop()]))
  const server = ServerProcess.start(t, {
    config: config({ proxy: b.uri, transport: 'sip:127.0.0.1:0' }),
    args: ['--set', 'b2bua-server/max-calls=1'],
  })
  const uri = await server.takesCalls()
  const port = Number(/:(\d+)(;|$)/.exec(uri)![1])

  const call = a.call(recipient, `sip:127.0.0.1:${port}`, { body: clearAudio(lineA.port) })
  const invite = await b.invites.next('INVITE')
  const sessionB = invite.accept({ body: Buffer.from(clearAudio(lineB.port)), contentType: 'application/sdp' })
  const { bye } = listen(sessionB)
  const { response, session } = await call.answered.next('200')
  session.acknowledge()
  const serversPort = Number(/m=audio (\d+)/.exec(response.body.toString('latin1'))![1])

  const mallory = createSocket('udp4')
  t.after(() => mallory.close())
  await new Promise<void>((resolve) => mallory.bind(0, '127.0.0.1', resolve))
  const statuses = new Map<string, number>()
  mallory.on('message', (message) => {
    const status = message.toString('latin1', 8, 11)
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
  })

  let sent = 0
  let packets = 0
  const began = performance.now()
  while (performance.now() - began < floodSeconds * 1000) {
    const elapsed = performance.now() - began
    for (; sent < (elapsed / 1000) * perSecond; sent++)
      mallory.send(bogusInvite(sent, '127.0.0.1', mallory.address().port), port, '127.0.0.1')
    for (; packets < elapsed / packetTime; packets++) lineA.send(rtp(packets), serversPort)
    await sleep(2)
  }
  for (let number = 0; number < packets; number++) assert.equal((await lineB.receive()).readUInt16BE(2), number)

  t.diagnostic(`${sent} INVITEs in ${floodSeconds} s, answers ${JSON.stringify(Object.fromEntries(statuses))}`)
  assert.ok((statuses.get('486') ?? 0) > 0, 'none was answered 486')
  assert.ok([...statuses.keys()].every((status) => status === '486' || status === '100'))
  session.bye()
  await bye.next('BYE')
  await server.wrote(/ call ended .*reason=hangup/)
})
