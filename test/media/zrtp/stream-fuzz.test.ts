import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { writeMessage, writePacket } from '../../../src/media/zrtp/message/packet.ts'
import { conf2Ack, HandmadePeer, helloAck, victim, type Whims } from '../../support/media/handmade-zrtp.ts'

/** What a peer says in an exchange, in its order. */
const scripts: Readonly<Record<'initiator' | 'responder', readonly ((peer: HandmadePeer) => Buffer)[]>> = {
  initiator: [
    (peer) => peer.hello,
    (peer) => peer.commit(),
    (peer) => peer.dhPart('DHPart2'),
    (peer) => peer.confirm('Confirm2', peer.keys('initiator')),
  ],
  responder: [
    (peer) => peer.hello,
    () => helloAck,
    (peer) => peer.dhPart('DHPart1'),
    (peer) => peer.confirm('Confirm1', peer.keys('responder')),
    () => conf2Ack,
  ],
}

/** What is done to a message; its header stays, with the length that it has then. */
type Damage =
  | { readonly kind: 'cut'; readonly words: number }
  | { readonly kind: 'longer'; readonly words: number; readonly byte: number }
  | { readonly kind: 'bits'; readonly at: readonly number[] }
  | { readonly kind: 'body'; readonly body: Uint8Array }

const damage: fc.Arbitrary<Damage> = fc.oneof(
  fc.record({ kind: fc.constant('cut' as const), words: fc.integer({ min: 1, max: 40 }) }),
  fc.record({
    kind: fc.constant('longer' as const),
    words: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 300, max: 16_000 })),
    byte: fc.nat(255),
  }),
  fc.record({ kind: fc.constant('bits' as const), at: fc.uniqueArray(fc.nat(4000), { minLength: 1, maxLength: 5 }) }),
  fc.record({ kind: fc.constant('body' as const), body: fc.uint8Array({ maxLength: 600 }) }),
)

function damaged(message: Buffer, how: Damage): Buffer {
  const [type, body] = [message.toString('latin1', 4, 12), message.subarray(12)]
  switch (how.kind) {
    case 'cut':
      return writeMessage(type, body.subarray(0, Math.max(0, body.length - 4 * how.words)))
    case 'longer':
      return writeMessage(type, body, Buffer.alloc(4 * how.words, how.byte))
    case 'bits': {
      const changed = Buffer.from(body)
      if (body.length === 0) return message
      const places = new Set(how.at.map((at) => at % (8 * body.length)))
      for (const bit of places) changed[bit >> 3]! ^= 1 << (bit & 7)
      return writeMessage(type, changed)
    }
    case 'body':
      return writeMessage(type, how.body.subarray(0, how.body.length & ~3))
  }
}

const whims: Whims = { keyAgreement: 'X255' }

describe('whatever is sent to a stream of ZRTP', () => {
  for (const role of ['initiator', 'responder'] as const)
    test(`one message damaged in its place, as ${role}: nothing is thrown, and no keys come of it`, () => {
      const script = scripts[role]
      fc.assert(
        fc.property(fc.nat(script.length - 1), damage, (place, how) => {
          const end = victim()
          const peer = new HandmadePeer(end, whims)
          for (const [step, say] of script.entries()) {
            // a step that needs an answer which did not come cannot be taken
            if (step > place && end.error !== undefined) break
            const message = attempt(() => say(peer))
            if (message === undefined) break
            const said = step === place ? damaged(message, how) : message
            if (step === place && (message.length === 12 || said.equals(message))) return // nothing to damage
            peer.say(said)
          }
          assert.equal(end.result, undefined)
        }),
        { numRuns: 3000 },
      )
    })

  test('once there are keys they stay, and nothing ends', () => {
    const end = victim()
    const peer = new HandmadePeer(end, whims)
    peer.initiate()
    const { result } = end
    const messages = scripts.initiator.concat(scripts.responder.slice(1, 3)).map((say) => say(peer))
    fc.assert(
      fc.property(fc.constantFrom(...messages), damage, (message, how) => {
        peer.say(damaged(message, how))
        assert.deepEqual([end.result, end.error], [result, undefined])
      }),
      { numRuns: 2000 },
    )
  })

  test('messages of every type and none, of any length, at any time', () => {
    const names = ['Hello', 'HelloACK', 'Commit', 'DHPart1', 'DHPart2', 'Confirm1', 'Confirm2', 'Conf2ACK', 'Error']
    const others = ['ErrorACK', 'GoClear', 'ClearACK', 'SASrelay', 'RelayACK', 'Ping', 'PingACK', '', 'Hello2']
    const message = fc.record({
      type: fc.constantFrom(...names, ...others),
      body: fc.uint8Array({ maxLength: 700 }),
    })
    fc.assert(
      fc.property(fc.array(message, { maxLength: 12 }), fc.nat(3), (said, steps) => {
        const end = victim()
        const peer = new HandmadePeer(end, whims)
        for (const say of scripts.initiator.slice(0, steps)) peer.say(say(peer))
        for (const { type, body } of said) peer.say(writeMessage(type, body.subarray(0, body.length & ~3)))
        assert.equal(end.result, undefined)
      }),
      { numRuns: 2000 },
    )
  })

  test('datagrams that are no packets of it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.boolean(), (bytes, disguised) => {
        const end = victim()
        const packet = disguised ? Buffer.concat([writePacket(helloAck, 1, 1).subarray(0, 12), bytes]) : bytes
        end.stream.receive(packet)
        assert.deepEqual([end.result, end.error], [undefined, undefined])
      }),
      { numRuns: 2000 },
    )
  })
})

/** What the peer would say, unless it lacks an answer for that. */
function attempt(say: () => Buffer): Buffer | undefined {
  try {
    return say()
  } catch (error) {
    assert.ok(error instanceof TypeError, String(error)) // of the peer by hand, which finds nothing to answer
    return undefined
  }
}
