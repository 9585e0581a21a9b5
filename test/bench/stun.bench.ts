/**
 * What it costs to answer a connectivity check, and how that compares with nothing but the two HMAC-SHA1 that it takes, with
 * node:crypto over the same bytes in the same run: `node test/bench/stun.bench.ts`. Beside it, what refusing costs. Rounds
 * are interleaved and medians printed, so that a noisy machine moves both sides alike; read the ratio, not the microseconds.
 */
import { createHmac, randomBytes } from 'node:crypto'
import { IceLiteAgent } from '../../src/media/ice/ice-lite-agent.ts'
import { offerIce } from '../../src/sdp/ice-lines.ts'
import { bareBinding, iceCheck } from '../support/media/ice-peer.ts'

const rounds = 7
const packetsPerRound = 10_000
const source = { address: '192.0.2.1', port: 40000 }
const ours = offerIce(undefined, randomBytes).local
const theirs = offerIce(undefined, randomBytes).local

/** Microseconds a packet that `run` takes. */
function time(run: () => void): number {
  const start = performance.now()
  for (let i = 0; i < packetsPerRound; i++) run()
  return ((performance.now() - start) * 1000) / packetsPerRound
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!
}

/** The agent, given the same packet again and again; `accepted` is what it must say. */
function agentGiven(packet: Buffer, accepted: boolean): () => void {
  const agent = new IceLiteAgent()
  agent.update({ local: ours, remote: theirs })
  return () => {
    const { refusal } = agent.receive(packet, packet.length, source, 1, 0)
    if ((refusal === undefined) !== accepted) throw new Error(`refused: ${refusal}`)
  }
}

/** HMAC-SHA1 of what is signed in the check, and of what is signed in its response. */
function bareHmacs(check: Buffer): () => void {
  const agent = new IceLiteAgent()
  agent.update({ local: ours, remote: theirs })
  const { response } = agent.receive(check, check.length, source, 1, 0)
  if (response === undefined) throw new Error('no response')
  const signatureAndFingerprint = 32
  const signed = [check, Buffer.from(response)].map((packet) =>
    packet.subarray(0, packet.length - signatureAndFingerprint),
  )
  const key = Buffer.from(ours.pwd)
  return () => {
    for (const bytes of signed) createHmac('sha1', key).update(bytes).digest()
  }
}

const check = iceCheck(ours, theirs, { nominate: true })
const badFingerprint = Buffer.from(check)
badFingerprint[badFingerprint.length - 1]! ^= 1
const runs = [
  ['two HMAC-SHA1 alone', bareHmacs(check)],
  ['check, answered', agentGiven(check, true)],
  ['bare request, answered', agentGiven(bareBinding(), true)],
  ['wrong integrity, 401', agentGiven(iceCheck(ours, theirs, { pwd: theirs.pwd }), false)],
  ['wrong username, 401', agentGiven(iceCheck(ours, theirs, { username: 'someone:else' }), false)],
  ['bad fingerprint, dropped', agentGiven(badFingerprint, false)],
] as const

const times = runs.map((): number[] => [])
for (let round = 0; round <= rounds; round++) {
  for (const [i, [, run]] of runs.entries()) {
    const took = time(run)
    if (round > 0) times[i]!.push(took) // the first warms up
  }
}
const base = median(times[0]!)
console.log('one STUN packet, µs, median of', rounds, 'interleaved rounds')
console.log('packet                          µs   ratio to the two HMACs')
for (const [i, [name]] of runs.entries()) {
  const took = median(times[i]!)
  console.log(name.padEnd(26), took.toFixed(2).padStart(7), (took / base).toFixed(2).padStart(7))
}
