// The page of a browser phone: one JsSIP user agent, a tone for a microphone, a moving picture for a camera, and an ear for
// the far side. browser-phone.ts drives it over the DevTools protocol.
import JsSIP from 'jssip'
import { type RTCSession } from 'jssip/lib/RTCSession.js'
import { Hearing } from './hearing.ts'

/** What happened, in order. */
interface Note {
  readonly event: string
  readonly detail?: string
}

interface StartOptions {
  /** URI of the proxy's WebSocket. */
  readonly socket: string
  /** Address of record. */
  readonly uri: string
  readonly password?: string
  /** Of the tone that the microphone hears. */
  readonly hz: number
}

let notes: Note[] = []
const note = (event: string, detail?: string): void => {
  notes.push(detail === undefined ? { event } : { event, detail })
}

const hearing = new Hearing()
let ua: InstanceType<typeof JsSIP.UA>
let session: RTCSession | undefined
let sound: MediaStreamTrack
let picture: MediaStreamTrack

function microphone(hz: number): MediaStreamTrack {
  const context = new AudioContext()
  const tone = new OscillatorNode(context, { frequency: hz })
  const out = new MediaStreamAudioDestinationNode(context)
  tone.connect(new GainNode(context, { gain: 0.5 })).connect(out)
  tone.start()
  return out.stream.getAudioTracks()[0]!
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

/** Tracks of their own for each call: a hold disables them. */
function media(video: boolean): { readonly mediaStream: MediaStream; readonly pcConfig: RTCConfiguration } {
  const tracks = (video ? [sound, picture] : [sound]).map((track) => track.clone())
  return { mediaStream: new MediaStream(tracks), pcConfig: { iceServers: [] } }
}

function attach(one: RTCSession): void {
  session = one
  one.on('sdp', ({ originator, type, sdp }) => note(`sdp ${originator} ${type}`, sdp))
  one.on('accepted', () => note('accepted'))
  one.on('confirmed', () => note('confirmed'))
  one.on('hold', ({ originator }) => note(`hold ${originator}`))
  one.on('unhold', ({ originator }) => note(`unhold ${originator}`))
  one.on('failed', ({ cause }) => note('failed', cause))
  one.on('ended', ({ cause }) => note('ended', cause))
  one.on('peerconnection:setremotedescriptionfailed', (error) => {
    // of a first offer it has said already that the call failed
    if (!one.isEnded()) note('problem', String(error))
  })
  const follow = (peer: RTCPeerConnection): void => {
    peer.addEventListener('track', ({ track }) => {
      if (track.kind === 'audio') hearing.attend(track)
    })
    peer.addEventListener('connectionstatechange', () => note(`connection ${peer.connectionState}`))
  }
  // an outgoing call has its connection from the start, or almost
  const connection = one.connection as RTCPeerConnection | null | undefined
  if (connection) follow(connection)
  else one.on('peerconnection', ({ peerconnection }) => follow(peerconnection))
}

/** Offers what the connection has now. */
function renegotiate(): void {
  if (!session!.renegotiate({}, () => note('renegotiated'))) note('problem', 'JsSIP is not ready for another offer')
}

const phone = {
  async start(options: StartOptions): Promise<void> {
    const { socket, uri, password, hz } = options
    await hearing.open()
    sound = microphone(hz)
    picture = camera()
    ua = new JsSIP.UA({
      sockets: [new JsSIP.WebSocketInterface(socket)],
      uri,
      ...(password !== undefined && { password }),
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
  call: (target: string, video: boolean) => void ua.call(target, media(video)),
  answer: (video: boolean) => session!.answer(media(video)),
  hangup: () => session!.terminate(),
  hold: () => session!.hold(),
  resume: () => session!.unhold(),
  addVideo: () => {
    session!.connection.addTrack(picture, new MediaStream([picture]))
    renegotiate()
  },
  removeVideo: () => {
    const { connection } = session!
    connection
      .getTransceivers()
      .find(({ sender }) => sender.track === picture)!
      .stop()
    renegotiate()
  },
  restartIce: () => {
    session!.connection.restartIce()
    renegotiate()
  },
  notes: () => notes,
  forget: () => {
    notes = notes.filter(({ event }) => event === 'registered')
    hearing.forget()
  },
  recording: () => hearing.recording(),
  async stats(): Promise<unknown[]> {
    const report = await session!.connection.getStats()
    return [...(report as unknown as ReadonlyMap<string, unknown>).values()]
  },
}

export type PhonePage = typeof phone
Object.assign(globalThis, { phone })
