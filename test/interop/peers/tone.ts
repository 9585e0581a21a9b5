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
  const pcm = Buffer.alloc(samples * frame)
  for (let i = 0; i < samples; i++) {
    const value = Math.round(32_767 * level * Math.sin((2 * Math.PI * hz * i) / rate))
    for (let channel = 0; channel < channels; channel++) pcm.writeInt16LE(value, i * frame + channel * 2)
  }
  writeWav(file, pcm, { rate, channels })
}

/**
 * Writes a WAV file.
 *
 * @param pcm 16-bit samples, little endian
 */
export function writeWav(
  file: string,
  pcm: Buffer,
  { rate, channels = 1 }: { readonly rate: number; readonly channels?: number },
): void {
  const frame = 2 * channels
  const head = Buffer.alloc(44)
  head.write('RIFF', 0)
  head.writeUInt32LE(36 + pcm.length, 4)
  head.write('WAVEfmt ', 8)
  head.writeUInt32LE(16, 16) // length of the format chunk
  head.writeUInt16LE(1, 20) // PCM
  head.writeUInt16LE(channels, 22)
  head.writeUInt32LE(rate, 24)
  head.writeUInt32LE(rate * frame, 28)
  head.writeUInt16LE(frame, 32)
  head.writeUInt16LE(16, 34) // bits a sample
  head.write('data', 36)
  head.writeUInt32LE(pcm.length, 40)
  writeFileSync(file, Buffer.concat([head, pcm]))
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
