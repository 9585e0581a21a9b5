import assert from 'node:assert/strict'
import { closeSync, fstatSync, openSync } from 'node:fs'
import { test } from 'node:test'
import { DescriptorLedger } from '../../../src/media/packet-io/descriptor-ledger.ts'

const open = (): number => openSync('/dev/null', 'r')
const isOpen = (descriptor: number): boolean => {
  try {
    fstatSync(descriptor)
    return true
  } catch {
    return false
  }
}

test('what another thread has noted and not taken back is closed, and nothing else', () => {
  const ledger = new DescriptorLedger()
  const theirs = new DescriptorLedger(ledger.memory)
  const [left, closed, other] = [open(), open(), open()]
  theirs.add(left)
  theirs.add(closed)
  theirs.remove(closed)
  ledger.closeAll()
  assert.deepEqual([isOpen(left), isOpen(closed), isOpen(other)], [false, true, true])
  ledger.closeAll()
  closeSync(closed)
  closeSync(other)
})

test('a descriptor beyond its places is passed over', () => {
  const ledger = new DescriptorLedger()
  ledger.add(2 ** 20)
  ledger.remove(2 ** 20)
  ledger.closeAll()
})
