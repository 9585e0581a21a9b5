import assert from 'node:assert/strict'
import { poll } from '../interop/peers/poll.ts'
import { type BrowserPhone, type Stats } from './browser-phone.ts'

export type Kind = 'audio' | 'video'

/**
 * What WebRTC itself says of the call that is up: one association for each stream (nothing is bundled), DTLS 1.2 with an
 * AEAD cipher, SRTP, a candidate pair that was nominated, and packets both ways.
 */
export async function assertMediaUp(phone: BrowserPhone, kinds: readonly Kind[]): Promise<void> {
  const stats = await phone.stats()
  const transports = stats.filter(({ type }) => type === 'transport')
  assert.equal(transports.length, kinds.length, JSON.stringify(transports))
  for (const transport of transports) {
    const said = JSON.stringify(transport)
    assert.equal(transport['dtlsState'], 'connected', said)
    assert.equal(transport['tlsVersion'], 'FEFD', said) // DTLS 1.2
    assert.match(String(transport['dtlsCipher']), /^TLS_ECDHE_.*(GCM|CHACHA20)/, said)
    assert.match(String(transport['srtpCipher']), /^(SRTP_)?(AES_CM|AES128_CM|AEAD_AES)_/, said)
    const pair = stats.find(({ id }) => id === transport['selectedCandidatePairId'])
    // in progress: a check of consent has not been answered yet (RFC 7675)
    assert.match(String(pair?.['state']), /^(succeeded|in-progress)$/, JSON.stringify(pair))
    assert.ok(Number(pair?.['responsesReceived']) > 0 && pair?.['nominated'] === true, JSON.stringify(pair))
  }
  for (const kind of kinds) {
    const { sent, received } = packetsOf(stats, kind)
    assert.ok(sent > 5 && received > 5, `${phone.name}: ${sent} packets of ${kind} sent, ${received} received`)
  }
}

/** Milliseconds until pictures must be seen: linphone sends one a second, and whole ones rarely. */
const pictureTimeout = 10_000

/** Waits until the browser has decoded so many pictures of the far side. */
export async function picturesDecoded(phone: BrowserPhone, wanted: number): Promise<void> {
  const decoded = async (): Promise<number> =>
    Number(streamOf(await phone.stats(), 'inbound-rtp', 'video')?.['framesDecoded'] ?? 0)
  const seen = await poll(async () => ((await decoded()) >= wanted ? true : undefined), pictureTimeout)
  assert.ok(seen, `${phone.name} decodes no pictures`)
}

/** Packets of one kind so far. */
export function packetsOf(stats: readonly Stats[], kind: Kind): { readonly sent: number; readonly received: number } {
  return {
    sent: Number(streamOf(stats, 'outbound-rtp', kind)?.['packetsSent'] ?? 0),
    received: Number(streamOf(stats, 'inbound-rtp', kind)?.['packetsReceived'] ?? 0),
  }
}

function streamOf(stats: readonly Stats[], type: string, kind: Kind): Stats | undefined {
  return stats.find((one) => one.type === type && one['kind'] === kind)
}
