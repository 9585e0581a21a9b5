/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
// The page of a browser phone: one JsSIP user agent, a tone for a microphone, a moving picture for a camera, and an ear for
// the far side's tone. browser-phone.ts drives it over the DevTools protocol.
import JsSIP from 'jssip'
import { type RTCSession } from 'jssip/lib/RTCSession.js'

/** What happened, in order. */
interface Note {
  readonly event: string
  readonly detail?: string
}

let notes: Note[] = []
const note = (event: string, detail?: string): void => {
  notes.push(detail === undefined ? { event } : { event, detail })
}

const context = new AudioContext()
let ua: InstanceType<typeof JsSIP.UA>
let session: RTCSession | undefined
let analyser: AnalyserNode | undefined
let media: { mediaStream: MediaStream; pcConfig: RTCConfiguration }
/** Samples of the ear in which the tone was, and in which something else was loud. */
const heard = { tone: 0, other: 0, silent: 0 }
let listenFor = 0

function microphone(hz: number): MediaStream {
  const tone = new OscillatorNode(context, { frequency: hz })
  const out = new MediaStreamAudioDestinationNode(context)
  tone.connect(new GainNode(context, { gain: 0.5 })).connect(out)
  tone.start()
  return out.stream
}

function camera(): MediaStreamTrack {
  const canvas = document.createElement('canvas')
  canvas.width = 320
  canvas.height = 240
  const paint = canvas.getContext('2d')!
  let step = 0
  setInterval(() => {
    paint.fillStyle = `hsl(${(step += 7) % 360} 80% 50%)`
    paint.fillRect(0, 0, 320, 240)
    paint.fillStyle = 'black'
    paint.fillRect(step % 300, 100, 20, 20)
  }, 66)
  return canvas.captureStream(15).getVideoTracks()[0]!
}

function listenTo(track: MediaStreamTrack): void {
  if (track.kind !== 'audio') return
  const stream = new MediaStream([track])
  // without an element that plays it, Chromium hands WebAudio nothing but silence
  const element = new Audio()
  element.srcObject = stream
  element.muted = true
  void element.play()
  analyser = new AnalyserNode(context, { fftSize: 8192, smoothingTimeConstant: 0 })
  context.createMediaStreamSource(stream).connect(analyser)
}

setInterval(() => {
  if (analyser === undefined || listenFor === 0) return
  const bins = new Float32Array(analyser.frequencyBinCount)
  analyser.getFloatFrequencyData(bins)
  let top = 1
  for (let i = 2; i < bins.length; i++) if (bins[i]! > bins[top]!) top = i
  const hz = (top * context.sampleRate) / analyser.fftSize
  if (bins[top]! < -60) heard.silent++
  else if (Math.abs(hz - listenFor) < 30) heard.tone++
  else heard.other++
}, 100)

function attach(one: RTCSession): void {
  session = one
  one.on('sdp', ({ originator, type, sdp }) => note(`sdp ${originator} ${type}`, sdp))
  one.on('accepted', () => note('accepted'))
  one.on('confirmed', () => note('confirmed'))
  one.on('hold', () => note('hold'))
  one.on('unhold', () => note('unhold'))
  one.on('failed', ({ cause }) => note('failed', cause))
  one.on('ended', ({ cause }) => note('ended', cause))
  const follow = (peer: RTCPeerConnection): void => {
    peer.addEventListener('track', ({ track }) => listenTo(track))
    peer.addEventListener('connectionstatechange', () => note(`connection ${peer.connectionState}`))
  }
  // an outgoing call has its connection from the start, or almost
  const connection = one.connection as RTCPeerConnection | null | undefined
  if (connection) follow(connection)
  else one.on('peerconnection', ({ peerconnection }) => follow(peerconnection))
}

const phone = {
  async start(options: { socket: string; uri: string; password?: string; hz: number; video: boolean }): Promise<void> {
    await context.resume()
    const stream = microphone(options.hz)
    if (options.video) stream.addTrack(camera())
    media = { mediaStream: stream, pcConfig: { iceServers: [] } }
    ua = new JsSIP.UA({
      sockets: [new JsSIP.WebSocketInterface(options.socket)],
      uri: options.uri,
      ...(options.password !== undefined && { password: options.password }),
      session_timers: false,
    })
    ua.on('registered', () => note('registered'))
    ua.on('registrationFailed', ({ cause }) => note('registrationFailed', String(cause)))
    ua.on('newRTCSession', ({ originator, session: one }: { originator: string; session: RTCSession }) => {
      attach(one)
      if (originator === 'remote') note('incoming')
    })
    ua.start()
  },
  stop: () => ua.stop(),
  call: (target: string) => void ua.call(target, media),
  answer: () => session!.answer(media),
  hangup: () => session!.terminate(),
  hold: () => session!.hold(),
  resume: () => session!.unhold(),
  notes: () => notes,
  forget: (hz: number) => {
    notes = notes.filter(({ event }) => event === 'registered')
    analyser = undefined
    listenFor = hz
    Object.assign(heard, { tone: 0, other: 0, silent: 0 })
  },
  heard: () => heard,
  async stats(): Promise<unknown[]> {
    const report = await session!.connection.getStats()
    return [...(report as unknown as ReadonlyMap<string, unknown>).values()]
  },
}

export type PhonePage = typeof phone
Object.assign(globalThis, { phone })
