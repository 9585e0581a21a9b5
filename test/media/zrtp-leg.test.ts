import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { type Protection } from '../../src/base/endpoint-description.ts'
import { type KeyExchangeListener, type SasOfOther } from '../../src/media/key-exchange/key-exchanger.ts'
import { ZrtpLeg } from '../../src/media/zrtp-leg.ts'
import { writeMessage, writePacket } from '../../src/media/zrtp/message/packet.ts'

const packet = (type: string): Buffer => writePacket(writeMessage(type), 1, 2)
const hello = packet('Hello')

/** A leg whose exchanges end as the test says. */
function leg(clear: Extract<Protection, { mode: 'zrtp' }>['clear']): {
  readonly leg: ZrtpLeg
  readonly begun: KeyExchangeListener[]
  readonly cleared: () => number
  readonly received: () => number
  readonly describe: (association: string) => void
} {
  const begun: KeyExchangeListener[] = []
  let [cleared, received] = [0, 0]
  const one = new ZrtpLeg({
    exchanger: {
      begin: (_, listener) => {
        begun.push(listener)
        return { receive: () => received++, relaySas: () => {}, close: () => {} }
      },
    },
    send: () => {},
    destination: () => ({ address: '192.0.2.1', port: 4000 }),
    onKeys: () => {},
    onClear: () => cleared++,
    onOutcome: () => {},
  })
  const describe = (association: string): void =>
    one.apply({ mode: 'zrtp', association, party: 'sip:a@example.org', clear, seed: randomBytes(32) })
  describe('first')
  return { leg: one, begun, cleared: () => cleared, received: () => received, describe }
}

describe('the exchanges of a ZRTP leg', () => {
  test('one that has failed is begun again when the phone says Hello, not for whatever else it says', () => {
    const { leg: one, begun } = leg('never')
    assert.equal(begun.length, 1)
    begun[0]!.onFailed('error 0x62', false)
    for (const type of ['ErrorACK', 'Error', 'Commit', 'DHPart2', 'Ping']) one.receive(packet(type))
    assert.equal(begun.length, 1)
    one.receive(hello)
    assert.equal(begun.length, 2)
  })

  test('a phone that lets one after the other fail has ten; another association has its own', () => {
    const { leg: one, begun, describe } = leg('never')
    for (let i = 0; i < 1000; i++) {
      begun.at(-1)!.onFailed('error 0x51', false)
      one.receive(hello)
    }
    assert.equal(begun.length, 10)
    describe('second')
    assert.equal(begun.length, 11)
  })

  test('a phone that is talked to in clear begins with its Hello, and with nothing else', () => {
    const { leg: one, begun } = leg('until-keyed')
    for (const type of ['HelloACK', 'Error', 'Ping', 'Commit']) one.receive(packet(type))
    assert.equal(begun.length, 0)
    one.receive(hello)
    assert.equal(begun.length, 1)
  })

  test('a flood of packets does not reach the thread in which all handshakes are made', () => {
    const { leg: one, received } = leg('never')
    for (let i = 0; i < 100_000; i++) one.receive(hello)
    assert.equal(received(), 1000)
  })

  test('a phone that has answered an exchange is not taken for one that speaks no ZRTP', () => {
    const { leg: one, begun, cleared } = leg('if-unanswered')
    begun[0]!.onFailed('error 0x70', false)
    one.receive(hello)
    begun[1]!.onFailed('the phone does not speak ZRTP', true)
    assert.equal(cleared(), 0)
    const other = leg('if-unanswered')
    other.begun[0]!.onFailed('the phone does not speak ZRTP', true)
    assert.equal(other.cleared(), 1)
  })
})

describe('the SAS of a stream’s two legs', () => {
  /** Two joined legs that have come to keys, one after the other. */
  function both(enrolled: { readonly a: boolean; readonly b: boolean }) {
    const told: string[] = []
    const listeners: KeyExchangeListener[] = []
    const [a, b] = (['a', 'b'] as const).map((name) => {
      const one = new ZrtpLeg({
        exchanger: {
          begin: (_, listener) => {
            listeners.push(listener)
            const relaySas = (sas: SasOfOther): void => {
              told.push(`${name}: ${sas.algorithm} ${Buffer.from(sas.hash).toString()}`)
            }
            return { receive: () => {}, relaySas, close: () => {} }
          },
        },
        ...{ send: () => {}, destination: () => ({ address: '192.0.2.1', port: 4000 }) },
        ...{ onKeys: () => {}, onClear: () => {}, onOutcome: () => {} },
      })
      one.apply({ mode: 'zrtp', association: name, party: 'sip:a@example.org', clear: 'never', seed: randomBytes(32) })
      return one
    }) as [ZrtpLeg, ZrtpLeg]
    ZrtpLeg.join(a, b)
    const connect = (place: 0 | 1, name: 'a' | 'b'): void => {
      const key = { suite: 'AES_CM_128_HMAC_SHA1_80', key: randomBytes(16), salt: randomBytes(14) } as const
      const details = { enrolled: enrolled[name], verified: false, cache: 'new', algorithms: ['X255', 'B32'] } as const
      listeners[place]!.onConnected({
        ...{ send: key, receive: key },
        zrtp: { ...details, sas: 'abcd', sasHash: Buffer.from(`hash of ${name}`) },
      })
    }
    connect(1, 'b')
    assert.deepEqual(told, [], 'there is nothing to tell before both are known')
    connect(0, 'a')
    return told
  }

  for (const [what, enrolled, expected] of [
    ['neither phone has enrolled: nobody is told', { a: false, b: false }, []],
    ['the caller’s has: it is told the callee’s', { a: true, b: false }, ['a: B32 hash of b']],
    ['the callee’s has: it is told the caller’s', { a: false, b: true }, ['b: B32 hash of a']],
    [
      'both have: the callee’s is told the caller’s, whose phone shows its own',
      { a: true, b: true },
      ['b: B32 hash of a'],
    ],
  ] as const)
    test(what, () => assert.deepEqual(both(enrolled), expected))
})
