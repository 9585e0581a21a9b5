/** Security case 5: connections that say nothing, or never finish what they say. */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { clearAudio } from '../support/b2bua/descriptions.ts'
import { requestText } from '../support/torture/sip-text.ts'
import { Victim } from '../support/torture/victim.ts'
import { TcpWire, type Wire } from '../support/torture/wire.ts'
import { until } from '../support/until.ts'

/** Connections of each kind. */
const crowd = 150

async function connect(t: TestContext, victim: Victim): Promise<Wire[]> {
  return Promise.all(Array.from({ length: crowd }, () => victim.wire(t, 'tcp')))
}

const half = (wire: Wire): string => requestText(wire, 'INVITE', { body: clearAudio(40000) }).slice(0, -20)

test('security case 5: hundreds of idle and half-finished connections: calls work, and the server lets go of them', async (t) => {
  const victim = await Victim.start(t)
  const silent = await connect(t, victim)
  const inHead = await connect(t, victim)
  const inBody = await connect(t, victim)
  const pinging = await connect(t, victim)
  for (const wire of inHead) wire.send('INVITE sip:bob@sip.example.org SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1')
  for (const wire of inBody) wire.send(half(wire))
  for (const wire of pinging) wire.send('\r\n\r\n')
  await victim.placesCall()
  assert.ok(victim.site.transport.counts().incoming >= 4 * crowd)

  await victim.leap(12_000)
  await Promise.all([...inHead, ...inBody].map((wire) => wire.end()))
  assert.ok([...silent, ...pinging].every((wire) => !wire.closed))
  await victim.placesCall()

  await victim.leap(20_000)
  await Promise.all([...silent, ...pinging].map((wire) => wire.end()))
  await victim.survived()
})

test('security case 5: a message that comes byte by byte for ever is no sign of life', async (t) => {
  const victim = await Victim.start(t)
  const wire = await victim.wire(t, 'tcp')
  for (const byte of half(wire).slice(0, 24)) {
    wire.send(byte)
    await victim.leap(500)
  }
  await wire.end()
  await victim.survived()
})

test('security case 5: a connection that has carried a call is not idle, however long the call is silent', async (t) => {
  const victim = await Victim.start(t)
  const wire = await victim.wire(t, 'tcp')
  wire.send(requestText(wire, 'OPTIONS'))
  await wire.response('OPTIONS')
  await victim.leap(600_000)
  wire.send(requestText(wire, 'OPTIONS'))
  assert.equal((await wire.response('OPTIONS')).status, 200)
  await victim.survived()
})

test('security case 5: a peer that never reads what it asks for loses its connection, not the memory of the server', async (t) => {
  const victim = await Victim.start(t)
  const wire = await TcpWire.open(t, victim.tcp)
  await until(() => victim.site.transport.counts().incoming === 1)
  const closed = (): boolean => victim.site.transport.counts().incoming === 0
  wire.socket.pause()
  for (let time = 0; !closed() && time < 100; time++) {
    for (let one = 0; one < 20; one++) {
      wire.send(requestText(wire, 'OPTIONS', { fields: { 'Call-ID': 'x'.repeat(30_000) } }))
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
  await until(closed)
  await victim.placesCall()
  await victim.survived()
})
