import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type Component } from '../../../src/media/component.ts'
import { IceLiteAgent } from '../../../src/media/ice/ice-lite-agent.ts'
import { bareBinding, iceCheck } from '../../support/media/ice-peer.ts'

const ours = { ufrag: 'ourfrag1', pwd: 'our-password-of-24-chars' }
const theirs = { ufrag: 'peer', pwd: 'the-password-of-the-peer' }
const home = { address: '192.0.2.1', port: 4000 }
const stranger = { address: '203.0.113.9', port: 6000 }

/** Overwrites some bytes, and cuts or lengthens the packet. */
interface Mutation {
  readonly edits: readonly (readonly [number, number])[]
  readonly length: number
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  edits: fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { maxLength: 4 }),
  length: fc.oneof(fc.constant(0), fc.integer({ min: -90, max: 90 })),
})

function mutate(packet: Buffer, { edits, length }: Mutation): Buffer {
  const mutant = Buffer.concat([packet, Buffer.alloc(Math.max(0, length))]).subarray(0, packet.length + length)
  for (const [at, value] of edits) if (at < mutant.length) mutant[at] = value
  return mutant
}

/** An agent in the middle of a call, which took part in a restart. */
function liveAgent(): IceLiteAgent {
  const agent = new IceLiteAgent()
  agent.update({ local: { ufrag: 'former', pwd: 'former' }, remote: theirs })
  agent.update({ local: ours, remote: theirs })
  const check = iceCheck(ours, theirs, { nominate: true })
  assert.equal(agent.receive(check, check.length, home, 1, 0).moved, true)
  return agent
}

/** Gives the live agent a packet that nobody with the password made; asserts what must hold whatever it is. */
function assertHarmless(agent: IceLiteAgent, packet: Uint8Array, component: Component, now: number): void {
  const before = Buffer.from(packet)
  const { response, checked, moved } = agent.receive(packet, packet.length, stranger, component, now)
  assert.deepEqual([checked, moved], [false, false])
  assert.deepEqual([agent.nominated(1), agent.chosen(1)], [home, home])
  assert.deepEqual([agent.nominated(2), agent.chosen(2)], [undefined, undefined])
  assert.deepEqual(Buffer.from(packet), before, 'the packet was changed')
  if (response !== undefined) assert.ok(response.length + 28 <= 1.5 * (packet.length + 28), 'amplification')
}

describe('a live agent is not moved, and does not throw,', () => {
  const agent = liveAgent()
  const component = fc.constantFrom<Component>(1, 2)
  const now = fc.nat(100_000)

  test('by any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), component, now, (packet, id, at) =>
        assertHarmless(agent, packet, id, at),
      ),
      { numRuns: 2000 },
    )
  })

  test('by any attributes behind a proper header', () => {
    const type = fc.oneof(fc.constantFrom(6, 8, 9, 10, 0x20, 0x24, 0x25, 0x8028, 0x8029, 0x802a), fc.nat(0xffff))
    const attribute = fc.tuple(type, fc.uint8Array({ maxLength: 24 }), fc.option(fc.nat(0xffff), { freq: 9 }))
    const header = fc.tuple(fc.oneof(fc.constant(1), fc.nat(0x3fff)), fc.option(fc.nat(0xffff), { freq: 9 }))
    fc.assert(
      fc.property(header, fc.array(attribute, { maxLength: 8 }), component, now, (head, attributes, id, at) => {
        const packet = Buffer.concat([bareBinding(), ...attributes.map((each) => attributeBytes(...each))])
        packet.writeUInt16BE(head[0], 0)
        packet.writeUInt16BE(head[1] ?? packet.length - 20, 2)
        assertHarmless(agent, packet, id, at)
      }),
      { numRuns: 2000 },
    )
  })

  test('by a check that was tampered with', () => {
    const options = { nominate: true, priority: 0x7effffff, fingerprint: false }
    fc.assert(
      fc.property(mutation, component, now, (how, id, at) => {
        const check = iceCheck(ours, theirs, options)
        const mutant = mutate(check, how)
        fc.pre(!signed(mutant, check.length).equals(signed(check, check.length)))
        assertHarmless(agent, mutant, id, at)
      }),
      { numRuns: 2000 },
    )
  })

  test('and answers its peer afterwards', () => {
    const check = iceCheck(ours, theirs)
    assert.equal(agent.receive(check, check.length, home, 1, 100_000).checked, true)
  })
})

/** What the MAC covers: what stands behind it changes nothing (RFC 8489 §14.5), and the length is read as if it ended there. */
function signed(check: Buffer, length: number): Buffer {
  return Buffer.concat([check.subarray(0, 2), check.subarray(4, length)])
}

/** @param lie instead of the true length */
function attributeBytes(type: number, value: Uint8Array, lie: number | null): Buffer {
  const bytes = Buffer.alloc(4 + ((value.length + 3) & ~3))
  bytes.writeUInt16BE(type, 0)
  bytes.writeUInt16BE(lie ?? value.length, 2)
  bytes.set(value, 4)
  return bytes
}
