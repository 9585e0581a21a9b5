import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SourceLock } from '../../src/media/source-lock.ts'

const signalled = { address: '192.0.2.1', port: 4000 }
const sameHost = { address: '192.0.2.1', port: 4004 }
const nat = { address: '198.51.100.7', port: 61000 }
const stranger = { address: '203.0.113.9', port: 7 }
const strangersOtherPort = { address: '203.0.113.9', port: 8 }

/** Whether a packet that is valid in itself gets through, and is learned from. */
function take(lock: SourceLock, source: { address: string; port: number }, secured = false): boolean {
  if (!lock.admits(source, secured)) return false
  lock.learn(source, secured)
  return true
}

function signalledLock(rtp?: SourceLock): SourceLock {
  const lock = new SourceLock(rtp)
  lock.signal(signalled)
  return lock
}

describe('the source of a clear leg', () => {
  test('is sent to at the signalled address until it is learned', () => {
    assert.deepEqual(signalledLock().destination, signalled)
    assert.equal(new SourceLock().destination, undefined)
  })

  test('locks on the signalled address at once and for good', () => {
    const lock = signalledLock()
    assert.equal(take(lock, signalled), true)
    assert.equal(lock.final, true)
    for (const source of [sameHost, nat, stranger]) assert.equal(take(lock, source), false)
    assert.equal(take(lock, signalled), true)
    assert.deepEqual(lock.destination, signalled)
  })

  test('is learned behind NAT from the first packet, and then another stranger gets nothing', () => {
    const lock = signalledLock()
    assert.equal(take(lock, nat), true)
    assert.deepEqual(lock.destination, nat)
    assert.equal(lock.final, false)
    assert.equal(take(lock, stranger), false)
    assert.deepEqual(lock.destination, nat)
  })

  test('is taken back from a faster stranger by who fits better, step by step, and never the other way', () => {
    const lock = signalledLock()
    for (const source of [stranger, sameHost, signalled]) {
      assert.equal(take(lock, source), true)
      assert.deepEqual(lock.destination, source)
      assert.equal(take(lock, strangersOtherPort), false)
    }
    assert.equal(take(lock, sameHost), false)
  })

  test('stays when the same address is signalled again, and is learned anew for another', () => {
    const lock = signalledLock()
    take(lock, nat)
    assert.equal(lock.signal({ ...signalled }), false)
    assert.equal(take(lock, stranger), false)
    assert.equal(lock.signal({ ...signalled, port: 5000 }), true)
    assert.deepEqual(lock.destination, { ...signalled, port: 5000 })
    assert.equal(take(lock, stranger), true)
  })
})

describe('the source of a secured leg', () => {
  test('is whoever sends the first packet that authenticates, and nobody else after that', () => {
    const lock = signalledLock()
    assert.equal(lock.admits(stranger, true), true, 'it may try')
    assert.deepEqual(lock.destination, signalled, 'but it is not learned from a try')
    assert.equal(take(lock, nat, true), true)
    assert.equal(lock.final, true)
    for (const source of [signalled, stranger]) assert.equal(lock.admits(source, true), false)
    assert.deepEqual(lock.destination, nat)
  })

  test('that was clear before takes the first authenticated source over a clear guess', () => {
    const lock = signalledLock()
    take(lock, stranger)
    assert.equal(take(lock, nat, true), true)
    assert.equal(take(lock, stranger, true), false)
  })
})

test('a source port of 0, which only a forger has, is never learned', () => {
  for (const secured of [false, true]) assert.equal(take(signalledLock(), { ...signalled, port: 0 }, secured), false)
})

describe('the source of RTCP', () => {
  test('must be the signalled host or that of the learned RTP', () => {
    const rtp = signalledLock()
    take(rtp, nat)
    const rtcp = signalledLock(rtp)
    assert.equal(take(rtcp, stranger), false)
    assert.equal(take(rtcp, { ...nat, port: 61001 }), true)
    assert.deepEqual(rtcp.destination, { ...nat, port: 61001 })
    assert.equal(take(rtcp, { ...nat, port: 61002 }), false)
    assert.equal(take(rtcp, signalled), true)
  })

  test('is learned from anywhere while RTP is not, and given up for the host of RTP', () => {
    const rtp = signalledLock()
    const rtcp = signalledLock(rtp)
    assert.equal(take(rtcp, stranger), true)
    take(rtp, nat)
    assert.equal(take(rtcp, { ...nat, port: 61001 }), true)
    assert.equal(take(rtcp, stranger), false)
  })
})
