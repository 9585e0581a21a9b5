import { type LegCounters } from './session-counters.ts'

/** Where each counter of a leg stands in shared memory. */
export const Cell = {
  rtpPacketsReceived: 0,
  rtpBytesReceived: 1,
  rtpPacketsSent: 2,
  rtpBytesSent: 3,
  rtcpPacketsReceived: 4,
  rtcpBytesReceived: 5,
  rtcpPacketsSent: 6,
  rtcpBytesSent: 7,
  authenticationFailures: 8,
  replays: 9,
  plainPackets: 10,
  unknownSource: 11,
  malformed: 12,
  controlPackets: 13,
  notReady: 14,
  undeliverable: 15,
  repeatsNotSent: 16,
  sendErrors: 17,
  lastReceivedAt: 18,
  controlRefused: 19,
  keyExchanges: 20,
  keyExchangeFailures: 21,
} as const satisfies Record<keyof LegCounters, number>

const names = Object.keys(Cell) as (keyof LegCounters)[]
const bytesPerLeg = names.length * Float64Array.BYTES_PER_ELEMENT

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
  return new Float64Array(memory, leg === 'a' ? 0 : bytesPerLeg, names.length)
}

/** The counters of one leg as they are at this moment. */
export function readCounters(cells: Float64Array): LegCounters {
  return Object.fromEntries(names.map((name) => [name, cells[Cell[name]]!])) as Record<keyof LegCounters, number>
}
