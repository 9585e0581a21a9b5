import { existsSync, readFileSync } from 'node:fs'
import { toneShare } from './tone.ts'

/** What a recording holds, in blocks of 100 ms. */
export interface Heard {
  /** Length of the recording. */
  readonly seconds: number
  /** Blocks in which the tone has most of the power. */
  readonly tone: number
  /** Loud blocks of something else; media that was not decrypted, decoded as audio, is noise like this. */
  readonly other: number
  readonly silent: number
  /** The longest unbroken run of the tone. */
  readonly longestMs: number
}

const nothing: Heard = { seconds: 0, tone: 0, other: 0, silent: 0, longestMs: 0 }

/** Root mean square below which a block counts as silence. */
const silence = 0.003
/** Share of the power above which a block is the tone: codecs and lost packets leave some of it elsewhere. */
const share = 0.6
const blockMs = 100

/**
 * Measures a tone in a WAV file of 16-bit PCM.
 *
 * @param file may still be growing: recorders write the length when they close
 * @param from seconds of its beginning that are left out
 */
export function measureTone(file: string, hz: number, from = 0): Heard {
  if (!existsSync(file)) return nothing
  const { rate, samples } = readWav(file)
  if (rate === 0) return nothing
  const block = Math.round((rate * blockMs) / 1000)
  const counts = { tone: 0, other: 0, silent: 0 }
  let run = 0
  let longest = 0
  for (let at = Math.round(from * rate); at + block <= samples.length; at += block) {
    const part = samples.subarray(at, at + block)
    let power = 0
    for (const sample of part) power += sample * sample
    const quiet = Math.sqrt(power / block) < silence
    const kind = quiet ? 'silent' : toneShare(part, rate, hz) > share ? 'tone' : 'other'
    counts[kind]++
    run = kind === 'tone' ? run + 1 : 0
    longest = Math.max(longest, run)
  }
  return { seconds: samples.length / rate, ...counts, longestMs: longest * blockMs }
}

/** The first channel of a WAV file, -1 to 1; a missing data chunk gives no samples. */
function readWav(file: string): { rate: number; samples: Float32Array } {
  const bytes = readFileSync(file)
  let rate = 0
  let channels = 1
  for (let at = 12; at + 8 <= bytes.length;) {
    const id = bytes.toString('latin1', at, at + 4)
    let length = bytes.readUInt32LE(at + 4)
    const body = at + 8
    if (id === 'fmt ' && body + 8 <= bytes.length) {
      channels = bytes.readUInt16LE(body + 2)
      rate = bytes.readUInt32LE(body + 4)
    } else if (id === 'data') {
      // an unfinished header says 0 or more than there is
      if (length === 0 || body + length > bytes.length) length = bytes.length - body
      const frame = 2 * channels
      const samples = new Float32Array(Math.floor(length / frame))
      for (let i = 0; i < samples.length; i++) samples[i] = bytes.readInt16LE(body + i * frame) / 32_768
      return { rate, samples }
    }
    at = body + length + (length & 1)
  }
  return { rate, samples: new Float32Array(0) }
}
