import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { type Protection } from '../../src/base/endpoint-description.ts'
import { type KeyExchangeListener } from '../../src/media/key-exchange/key-exchanger.ts'
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
        return { receive: () => received++, close: () => {} }
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
