import { writeFileSync } from 'node:fs'

export interface ToneOptions {
  readonly hz: number
  /** Length of the file. */
  readonly seconds?: number
  /** Samples a second. */
  readonly rate?: number
  readonly channels?: number
}

/** Half of full scale: loud enough for every codec, far from clipping. */
const level = 0.5

/** Writes a WAV file (16-bit PCM) that holds one sine, the same on every channel. */
export function writeTone(file: string, options: ToneOptions): void {
  const { hz, seconds = 60, rate = 16_000, channels = 1 } = options
  const samples = Math.round(seconds * rate)
  const frame = 2 * channels
  const wav = Buffer.alloc(44 + samples * frame)
  wav.write('RIFF', 0)
  wav.writeUInt32LE(36 + samples * frame, 4)
  wav.write('WAVEfmt ', 8)
  wav.writeUInt32LE(16, 16) // length of the format chunk
  wav.writeUInt16LE(1, 20) // PCM
  wav.writeUInt16LE(channels, 22)
  wav.writeUInt32LE(rate, 24)
  wav.writeUInt32LE(rate * frame, 28)
  wav.writeUInt16LE(frame, 32)
  wav.writeUInt16LE(16, 34) // bits a sample
  wav.write('data', 36)
  wav.writeUInt32LE(samples * frame, 40)
  for (let i = 0; i < samples; i++) {
    const value = Math.round(32_767 * level * Math.sin((2 * Math.PI * hz * i) / rate))
    for (let channel = 0; channel < channels; channel++) wav.writeInt16LE(value, 44 + i * frame + channel * 2)
  }
  writeFileSync(file, wav)
}

/**
 * The power at one frequency as a share of the whole power of a block (Goertzel's algorithm): 1 for a pure sine of that
 * frequency, near 0 for noise.
 *
 * @param samples the block, -1 to 1
 * @param rate samples a second
 */
export function toneShare(samples: ArrayLike<number>, rate: number, hz: number): number {
  const count = samples.length
  const k = 2 * Math.cos((2 * Math.PI * hz) / rate)
  let previous = 0
  let beforeThat = 0
  let power = 0
  for (let i = 0; i < count; i++) {
    const sample = samples[i]!
    const next = sample + k * previous - beforeThat
    beforeThat = previous
    previous = next
    power += sample * sample
  }
  const magnitude = previous * previous + beforeThat * beforeThat - k * previous * beforeThat
  return power > 0 ? (2 * magnitude) / (count * power) : 0
}
