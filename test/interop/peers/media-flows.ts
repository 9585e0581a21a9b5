import { g711 } from './g711.ts'
import { packets } from './pcap.ts'
import { toneShare } from './tone.ts'

/** What one socket sent to another. */
export interface MediaFlow {
  /** address:port */
  readonly source: string
  readonly destination: string
  /** Packets by kind (RFC 7983's first byte; RTCP by its packet type). */
  readonly rtp: number
  readonly rtcp: number
  readonly other: number
  readonly payloadTypes: ReadonlySet<number>
  /**
   * The share of 100 ms blocks that hold one of the tones when the payload is read as plain G.711: near 1 on a clear wire, near
   * 0 on an encrypted one. NaN when the flow has less than a block of payload type 0 or 8.
   */
  readonly clearTone: number
  /**
   * The share of the other RTP packets whose payload begins as clear VP8 must (RFC 7741 §4.2: both reserved bits of the first
   * byte are 0): 1 on a clear wire, about a quarter on an encrypted one. NaN when there is none.
   */
  readonly clearVideo: number
}

interface Tally {
  source: string
  destination: string
  rtp: number
  rtcp: number
  other: number
  payloadTypes: Set<number>
  samples: number[]
  video: number
  clearVideo: number
}

/** Samples of 100 ms of G.711. */
const block = 800
const rate = 8000

export interface MediaFlowsOptions {
  /** Frequencies that count as clear. */
  readonly tones: readonly number[]
  /** Picks flows by source and destination (address:port); SIP is best left out here. */
  readonly wanted?: (source: string, destination: string) => boolean
  /** Only what came after this moment, in seconds since 1970. */
  readonly since?: number
}

/** The media of a capture, flow by flow. */
export function mediaFlows(file: string, options: MediaFlowsOptions): MediaFlow[] {
  const { tones, wanted = () => true, since = 0 } = options
  const flows = new Map<string, Tally>()
  for (const { time, protocol, source, destination, data } of packets(file)) {
    if (protocol !== 'udp' || time < since || !wanted(source, destination)) continue
    const key = `${source} ${destination}`
    let flow = flows.get(key)
    if (!flow) {
      flow = {
        source,
        destination,
        rtp: 0,
        rtcp: 0,
        other: 0,
        payloadTypes: new Set(),
        samples: [],
        video: 0,
        clearVideo: 0,
      }
      flows.set(key, flow)
    }
    add(flow, data)
  }
  return [...flows.values()].map(({ samples, video, clearVideo, ...flow }) => ({
    ...flow,
    clearTone: toneBlocks(samples, tones),
    clearVideo: clearVideo / video,
  }))
}

function add(flow: Tally, packet: Buffer): void {
  if (packet.length < 12 || packet[0]! >> 6 !== 2) {
    flow.other++
    return
  }
  if (packet[1]! >= 192 && packet[1]! <= 223) {
    flow.rtcp++
    return
  }
  flow.rtp++
  const payloadType = packet[1]! & 127
  flow.payloadTypes.add(payloadType)
  const payload = packet.subarray(payloadOffset(packet))
  const table = g711[payloadType]
  // an encrypted packet is longer by its authentication tag: only the first 20 ms are payload
  if (table) {
    for (const code of payload.subarray(0, 160)) flow.samples.push(table[code]!)
    return
  }
  flow.video++
  if (looksLikeVp8(payload)) flow.clearVideo++
}

/** The bits that must be 0 in the payload descriptor (RFC 7741 §4.2) and its extension: one packet in eight of any other has them so. */
function looksLikeVp8(payload: Buffer): boolean {
  const extended = (payload[0]! & 0x80) !== 0
  return (payload[0]! & 0x48) === 0 && (!extended || (payload[1]! & 0x0f) === 0)
}

/** Fixed header, contributing sources and header extension (RFC 3550 §5.1, §5.3.1). */
function payloadOffset(packet: Buffer): number {
  const fixed = 12 + (packet[0]! & 15) * 4
  if ((packet[0]! & 0x10) === 0 || fixed + 4 > packet.length) return fixed
  return fixed + 4 + packet.readUInt16BE(fixed + 2) * 4
}

function toneBlocks(samples: readonly number[], tones: readonly number[]): number {
  let blocks = 0
  let hits = 0
  for (let at = 0; at + block <= samples.length; at += block) {
    const part = samples.slice(at, at + block)
    blocks++
    if (tones.some((hz) => toneShare(part, rate, hz) > 0.6)) hits++
  }
  return blocks === 0 ? NaN : hits / blocks
}
