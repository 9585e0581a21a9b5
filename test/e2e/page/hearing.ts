/** Samples a second of what is recorded. */
const rate = 16_000

/** Runs in the audio thread: hands on every block that comes in. The engine reuses its memory. */
const worklet = `registerProcessor('recorder', class extends AudioWorkletProcessor {
  process([[channel]]) {
    if (channel) this.port.postMessage(channel.slice())
    return true
  }
})`

/** Records the far side. */
export class Hearing {
  readonly #context = new AudioContext({ sampleRate: rate })
  #recorder: AudioWorkletNode | undefined
  #source: MediaStreamAudioSourceNode | undefined
  #blocks: Float32Array[] = []

  async open(): Promise<void> {
    const module = URL.createObjectURL(new Blob([worklet], { type: 'text/javascript' }))
    await this.#context.audioWorklet.addModule(module)
    URL.revokeObjectURL(module)
    this.#recorder = new AudioWorkletNode(this.#context, 'recorder')
    this.#recorder.port.onmessage = ({ data }: MessageEvent<Float32Array>) => this.#blocks.push(data)
    // a node that leads nowhere is not run; it gives out silence
    this.#recorder.connect(this.#context.destination)
    await this.#context.resume()
  }

  /** Listens to this track from now on, and to no other. */
  attend(track: MediaStreamTrack): void {
    const stream = new MediaStream([track])
    // without an element that plays it, Chromium hands WebAudio nothing but silence
    const element = new Audio()
    element.srcObject = stream
    element.muted = true
    void element.play()
    this.#source?.disconnect()
    this.#source = this.#context.createMediaStreamSource(stream)
    this.#source.connect(this.#recorder!)
  }

  forget(): void {
    this.#blocks = []
  }

  /** What was heard: base64 of 16-bit PCM, little endian, mono. */
  recording(): { readonly rate: number; readonly pcm: string } {
    const samples = this.#blocks.flatMap((block) => [...block])
    const bytes = new Uint8Array(2 * samples.length)
    const view = new DataView(bytes.buffer)
    samples.forEach((sample, index) => {
      view.setInt16(2 * index, Math.round(32_767 * Math.max(-1, Math.min(1, sample))), true)
    })
    let text = ''
    for (const byte of bytes) text += String.fromCharCode(byte)
    return { rate, pcm: btoa(text) }
  }
}
