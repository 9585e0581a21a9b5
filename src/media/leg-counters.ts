import { type LegCounters, type SourceCounters } from './session-counters.ts'

/** Where each counter of a leg stands in shared memory. */
export const Cell = {
  // what every packet of RTP changes comes first, and so close together
  rtpPacketsReceived: 0,
  rtpBytesReceived: 1,
  rtpPacketsSent: 2,
  rtpBytesSent: 3,
  lastReceivedAt: 4,
  rtcpPacketsReceived: 5,
  rtcpBytesReceived: 6,
  rtcpPacketsSent: 7,
  rtcpBytesSent: 8,
  authenticationFailures: 9,
  replays: 10,
  plainPackets: 11,
  unknownSource: 12,
  malformed: 13,
  controlPackets: 14,
  notReady: 15,
  undeliverable: 16,
  repeatsNotSent: 17,
  sendErrors: 18,
  controlRefused: 19,
  keyExchanges: 20,
  keyExchangeFailures: 21,
  lost: 22,
  late: 23,
  duplicates: 24,
} as const satisfies Record<Exclude<keyof LegCounters, 'sources'>, number>

/** Where each counter of a source stands among its {@link sourceCells}. A source that has sent nothing is none. */
export const SourceCell = {
  // likewise
  packets: 0,
  bytes: 1,
  jitter: 2,
  lastReceivedAt: 3,
  ssrc: 4,
  lost: 5,
  late: 6,
  duplicates: 7,
  replays: 8,
  authenticationFailures: 9,
} as const satisfies Record<keyof SourceCounters, number>

/** Sources of a leg that have figures of their own: a phone has one or two at a time, and takes a new one on each hold. */
export const sourcesPerLeg = 4

const names = Object.keys(Cell) as (keyof typeof Cell)[]
const sourceNames = Object.keys(SourceCell) as (keyof SourceCounters)[]
const cellsPerLeg = names.length + sourcesPerLeg * sourceNames.length
const bytesPerLeg = cellsPerLeg * Float64Array.BYTES_PER_ELEMENT

/**
 * Memory for the counters of both legs of a stream, written by the worker only and read by the main thread whenever it
 * likes. Doubles, because an aligned one is read and written whole on every machine that Node runs on, and BigInts would
 * be allocated.
 */
export function allocateCounters(): SharedArrayBuffer {
  return new SharedArrayBuffer(2 * bytesPerLeg)
}

/** The cells of one leg in the memory of {@link allocateCounters}, indexed by {@link Cell}. */
export function counterCells(memory: SharedArrayBuffer, leg: 'a' | 'b'): Float64Array {
  return new Float64Array(memory, leg === 'a' ? 0 : bytesPerLeg, cellsPerLeg)
}

/** The cells of one source among those of its leg, indexed by {@link SourceCell}; @param slot below {@link sourcesPerLeg} */
export function sourceCells(leg: Float64Array, slot: number): Float64Array {
  const start = names.length + slot * sourceNames.length
  return leg.subarray(start, start + sourceNames.length)
}

/** The counters of one leg as they are at this moment. */
export function readCounters(cells: Float64Array): LegCounters {
  const counters = Object.fromEntries(names.map((name) => [name, cells[Cell[name]]!]))
  const sources = Array.from({ length: sourcesPerLeg }, (_, slot) => sourceCells(cells, slot))
    .filter((source) => source[SourceCell.packets]! > 0)
    .map((source) => Object.fromEntries(sourceNames.map((name) => [name, source[SourceCell[name]]!])))
  return {
    ...(counters as Record<keyof typeof Cell, number>),
    sources: (sources as unknown as SourceCounters[]).sort((a, b) => a.lastReceivedAt - b.lastReceivedAt),
  }
}
