import { randomBytes } from 'node:crypto'
import { ownAlgorithms, type HelloAlgorithms } from '../../../src/media/zrtp/algorithms.ts'
import { MemorySecretCache } from '../../../src/media/zrtp/secret-cache.ts'
import { type ZrtpResult } from '../../../src/media/zrtp/zrtp-exchange.ts'
import { ZrtpSession } from '../../../src/media/zrtp/zrtp-session.ts'
import { ZrtpStream } from '../../../src/media/zrtp/zrtp-stream.ts'

/** What each end has before a call: its ZID, and the seed of its Hello, which its description has hashed. */
const ends = [1, 2].map(() => ({ zid: randomBytes(12), seed: randomBytes(32) }))

/**
 * Two ends of this server's own, joined without a network: what one sends the other has at once.
 * @returns what each of them has agreed on
 */
export function agree(algorithms: Partial<HelloAlgorithms>): readonly [ZrtpResult, ZrtpResult] {
  const wire: { readonly to: number; readonly packet: Buffer }[] = []
  const results: ZrtpResult[] = []
  const streams = ends.map(({ zid, seed }, own) => {
    const session = new ZrtpSession({
      ...{ zid, cache: new MemorySecretCache(), party: 'sip:a@example.org' },
      algorithms: { ...ownAlgorithms, ...algorithms },
    })
    return new ZrtpStream(session, {
      ...{ ssrc: own + 1, seed, now: () => 0 },
      onSend: (packet) => {
        // the second hears no HelloACK, and so leaves it to the first to begin
        if (own === 1 || !packet.includes('HelloACK')) wire.push({ to: 1 - own, packet })
      },
      onSecured: (result) => (results[own] = result),
      onFailed: (error) => {
        throw error
      },
    })
  })
  for (const stream of streams) stream.start()
  for (let next = wire.shift(); next !== undefined; next = wire.shift()) streams[next.to]!.receive(next.packet)
  for (const stream of streams) stream.close()
  if (results[0] === undefined || results[1] === undefined) throw new Error('no keys')
  return [results[0], results[1]]
}
