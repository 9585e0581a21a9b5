import assert from 'node:assert/strict'
import { type ZrtpResult } from '../../../src/media/zrtp/zrtp-exchange.ts'
import { ZrtpEnd, type ZrtpEndOptions } from './zrtp-end.ts'
import { ZrtpPeer } from './zrtp-peer.ts'

/** An exchange with libbzrtp that has brought keys on both sides. */
export interface Exchange {
  readonly ours: ZrtpResult
  readonly end: ZrtpEnd
  readonly peer: ZrtpPeer
  readonly close: () => Promise<void>
}

/** What libbzrtp is told, whose stream is at `port`; this server's is two further. */
export function peerArguments(port: number): readonly string[] {
  return ['--local', `127.0.0.1:${port}`, '--remote', `127.0.0.1:${port + 2}`, '--timeout', '20000']
}

/** Makes an exchange with libbzrtp, which is told `args`. */
export async function exchange(
  args: readonly string[],
  options: Partial<ZrtpEndOptions> = {},
  port = 20_000,
): Promise<Exchange> {
  const peer = await ZrtpPeer.start([...peerArguments(port), ...args])
  const end = await ZrtpEnd.open(port + 2, { peerPort: port, ...options })
  const close = async (): Promise<void> => {
    end.close()
    await peer.stop()
  }
  try {
    end.start()
    const ours = await end.outcome
    await peer.secure()
    return { ours, end, peer, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Type of the message in a packet. */
export const typeOf = (packet: Buffer): string => packet.toString('latin1', 16, 24).trimEnd()

/** Who hears no HelloACK never commits. */
export const deaf = (packet: Buffer, inbound: boolean): boolean => inbound && typeOf(packet) === 'HelloACK'

/** Both ends have the same keys, salts and SAS. */
export function assertSame(ours: ZrtpResult, peer: ZrtpPeer, channel = 0): void {
  const theirs = peer.result(channel)
  assert.equal(theirs.secure, true)
  assert.equal(ours.receive.key.toString('hex'), theirs.selfKey)
  assert.equal(ours.receive.salt.toString('hex'), theirs.selfSalt)
  assert.equal(ours.send.key.toString('hex'), theirs.peerKey)
  assert.equal(ours.send.salt.toString('hex'), theirs.peerSalt)
  if (ours.sas !== undefined) assert.equal(ours.sas, theirs.sas)
}
