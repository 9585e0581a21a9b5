/**
 * What one key agreement of ZRTP costs in one thread, both ends of it, from Hello to keys, beside the bare public-key
 * operations that it cannot do without, by node:crypto in the same run: `node test/bench/zrtp.bench.ts`. Rounds are
 * interleaved and medians printed, so that a noisy machine moves both alike; read the ratio. Half of "both ends" is what
 * this server pays for a leg.
 */
import {
  createDiffieHellmanGroup,
  createECDH,
  decapsulate,
  diffieHellman,
  encapsulate,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto'
import { type DhAgreement, type KemAgreement } from '../../src/media/zrtp/algorithms.ts'
import { agree } from '../support/media/zrtp-link.ts'

const rounds = 7

/** Both ends make a key pair and agree on a secret; what was agreed must be the same. */
function viaKeyObjects(generate: () => { publicKey: KeyObject; privateKey: KeyObject }): void {
  const [one, other] = [generate(), generate()]
  const secret = diffieHellman({ privateKey: one.privateKey, publicKey: other.publicKey })
  const same = diffieHellman({ privateKey: other.privateKey, publicKey: one.publicKey })
  if (!secret.equals(same)) throw new Error('two secrets')
}

interface Old {
  generateKeys(): Buffer
  computeSecret(other: Buffer): Buffer
}

function viaObjects(make: () => Old): void {
  const [one, other] = [make(), make()]
  const [first, second] = [one.generateKeys(), other.generateKeys()]
  if (!one.computeSecret(second).equals(other.computeSecret(first))) throw new Error('two secrets')
}

/** One end makes a key pair, the other a secret for it. */
function viaKem(pair: { publicKey: KeyObject; privateKey: KeyObject }): void {
  const { sharedKey, ciphertext } = encapsulate(pair.publicKey)
  if (!decapsulate(pair.privateKey, ciphertext).equals(sharedKey)) throw new Error('two secrets')
}

type Named = DhAgreement | KemAgreement

const bare: Partial<Record<Named, () => void>> = {
  X255: () => viaKeyObjects(() => generateKeyPairSync('x25519')),
  X448: () => viaKeyObjects(() => generateKeyPairSync('x448')),
  EC25: () => viaObjects(() => createECDH('prime256v1')),
  EC38: () => viaObjects(() => createECDH('secp384r1')),
  DH3k: () => viaObjects(() => createDiffieHellmanGroup('modp15')),
  X1M1: () => {
    viaKeyObjects(() => generateKeyPairSync('x25519'))
    viaKem(generateKeyPairSync('ml-kem-512'))
  },
  X3M3: () => {
    viaKeyObjects(() => generateKeyPairSync('x448'))
    viaKem(generateKeyPairSync('ml-kem-1024'))
  },
}
const perRound: Partial<Record<Named, number>> = { DH3k: 30 }

/** Microseconds of CPU that each of `times` runs takes, of this process, system time included. */
function time(work: () => void, times: number): number {
  const start = process.cpuUsage()
  for (let i = 0; i < times; i++) work()
  const { user, system } = process.cpuUsage(start)
  return (user + system) / times
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!
}

console.log('key agreements of ZRTP, µs of CPU, median of', rounds, 'interleaved rounds')
console.log('agreement   both ends   bare operations   ratio   key agreements/s and core, one end')
for (const [name, operations] of Object.entries(bare) as [Named, () => void][]) {
  const times: [number[], number[]] = [[], []]
  const exchange = (): void => void agree({ keyAgreement: [name, 'Mult'] })
  for (let round = 0; round <= rounds; round++) {
    const count = perRound[name] ?? 200
    const pair = [time(exchange, count), time(operations, count)] as const
    if (round === 0) continue // warms up
    times[0].push(pair[0])
    times[1].push(pair[1])
  }
  const [both, crypto] = [median(times[0]), median(times[1])]
  const cells = [both.toFixed(0).padStart(9), crypto.toFixed(0).padStart(15), (both / crypto).toFixed(2).padStart(5)]
  console.log(name.padEnd(9), ' ', cells.join('   '), '  ', (2e6 / both).toFixed(0).padStart(8))
}
