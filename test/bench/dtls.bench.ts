/**
 * What one DTLS-SRTP handshake costs in one thread, both ends of it, beside the bare cryptography that it cannot do without,
 * by node:crypto in the same run: `node test/bench/dtls.bench.ts`. Rounds are interleaved and medians printed, so that a
 * noisy machine moves both alike; read the ratio. Half of "both ends" is what this server pays for a leg.
 */
import { createECDH, generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto'
import { close, contexts, dtlsEnd, run } from '../support/media/dtls-link.ts'

const rounds = 7
const handshakesPerRound = 100

type Kind = 'ecdsa' | 'rsa'

/** Both ends from ClientHello to keys, datagrams handed over at once. */
async function handshake(kind: Kind): Promise<void> {
  const client = dtlsEnd({ context: contexts[kind], role: 'client' })
  const server = dtlsEnd({ context: contexts[kind], role: 'server' })
  await run(client, server)
  if (client.sessions.length + server.sessions.length !== 2) throw new Error('no keys')
  close(client, server)
}

const keys: Record<Kind, { privateKey: KeyObject; publicKey: KeyObject }> = {
  ecdsa: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }),
}
const data = Buffer.alloc(200, 1)

/** What both ends must do in any DTLS: each signs once and verifies once, makes an ECDH key and agrees on a secret. */
function bare(kind: Kind): void {
  const { privateKey, publicKey } = keys[kind]
  for (let end = 0; end < 2; end++) {
    if (!verify('sha256', data, publicKey, sign('sha256', data, privateKey))) throw new Error('wrong signature')
  }
  const [client, server] = [createECDH('prime256v1'), createECDH('prime256v1')]
  const [one, other] = [client.generateKeys(), server.generateKeys()]
  if (!client.computeSecret(other).equals(server.computeSecret(one))) throw new Error('two secrets')
}

/** Microseconds of CPU that each of `handshakesPerRound` runs takes, of this process, system time included. */
async function time(work: () => void | Promise<void>): Promise<number> {
  const start = process.cpuUsage()
  for (let i = 0; i < handshakesPerRound; i++) await work()
  const { user, system } = process.cpuUsage(start)
  return (user + system) / handshakesPerRound
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!
}

console.log('handshakes with P-256 for ECDH, µs of CPU, median of', rounds, 'interleaved rounds')
console.log('certificates   both ends   bare cryptography   ratio   handshakes/s and thread, one end')
for (const kind of ['ecdsa', 'rsa'] as const) {
  const times: [number[], number[]] = [[], []]
  for (let round = 0; round <= rounds; round++) {
    const pair = [await time(() => handshake(kind)), await time(() => bare(kind))] as const
    if (round === 0) continue // warms up
    times[0].push(pair[0])
    times[1].push(pair[1])
  }
  const [both, crypto] = [median(times[0]), median(times[1])]
  const cells = [both.toFixed(0).padStart(9), crypto.toFixed(0).padStart(17), (both / crypto).toFixed(2).padStart(5)]
  console.log(kind.padEnd(12), ' ', cells.join('   '), '  ', (2e6 / both).toFixed(0).padStart(8))
}
