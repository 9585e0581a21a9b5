import assert from 'node:assert/strict'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Capture } from '../peers/capture.ts'
import { mediaFlows, type MediaFlow } from '../peers/media-flows.ts'
import { type Phone } from '../peers/phone.ts'
import { sipMessages, type TracedMessage } from '../peers/sip-trace.ts'

export interface TalkOptions {
  readonly caller: Phone
  readonly callee: Phone
  /** What is called; its domain chooses the rule. */
  readonly uri: string
  /** Where the capture goes. */
  readonly folder: string
  /** How long both talk, in milliseconds. */
  readonly talk?: number
  /** Who hangs up; the caller by default. */
  readonly hangup?: Phone
  /** What happens once the call is up, before {@link talk} begins. */
  readonly meanwhile?: () => Promise<void>
}

/** What was seen of one call. */
export interface Talk {
  readonly sip: readonly TracedMessage[]
  /** Media on leg A: between the caller and the server. */
  readonly callerMedia: readonly MediaFlow[]
  /** Media on leg B: between the server and the callee. */
  readonly calleeMedia: readonly MediaFlow[]
}

let captures = 0

/** Places one call, lets both sides talk, ends it, and returns what crossed the wire. */
export async function talk(options: TalkOptions): Promise<Talk> {
  const { caller, callee, uri, folder, talk = 2000, hangup = caller, meanwhile } = options
  const capture = await Capture.start(join(folder, `${++captures}.pcap`))
  try {
    await Promise.all([caller.listen(), callee.listen()])
    caller.dial(uri)
    await callee.incoming()
    callee.answer()
    await Promise.all([caller.established(), callee.established()])
    await meanwhile?.()
    await sleep(talk)
    hangup.hangup()
    await Promise.all([caller.ended(), callee.ended()])
  } finally {
    await capture.stop()
  }
  return seen(capture.file, caller, callee)
}

/** Reads a capture of a call between two phones. */
export function seen(file: string, caller: Phone, callee: Phone): Talk {
  const tones = [caller.toneHz, callee.toneHz]
  const flowsOf = (phone: Phone): MediaFlow[] =>
    mediaFlows(file, tones, (...ends) => ends.some((end) => phone.ownsPort(Number(end.split(':')[1]))))
  return { sip: sipMessages(file), callerMedia: flowsOf(caller), calleeMedia: flowsOf(callee) }
}

/** Both heard the other's tone for a second on end, and hardly anything else that is loud. */
export function assertBothHeard(caller: Phone, callee: Phone): void {
  for (const [phone, other] of [
    [caller, callee],
    [callee, caller],
  ] as const) {
    const heard = phone.heard(other.toneHz)
    const said = `${phone.name} heard of ${other.toneHz} Hz: ${JSON.stringify(heard)}`
    assert.ok(heard.longestMs >= 1000, said)
    assert.ok(heard.other <= 3, `noise: ${said}`)
  }
}

/** RTP went both ways, and its payload can, or cannot, be read without a key. */
export function assertWire(media: readonly MediaFlow[], expected: 'clear' | 'encrypted'): void {
  const audio = media.filter((flow) => flow.payloadTypes.has(0) && flow.rtp > 20)
  assert.equal(audio.length, 2, `audio both ways: ${describe(media)}`)
  for (const flow of audio) {
    const readable = expected === 'clear' ? flow.clearTone > 0.9 : flow.clearTone < 0.1
    assert.ok(readable, `${flow.source} > ${flow.destination} should be ${expected}: ${describe(media)}`)
  }
}

/** VP8 went both ways, and its key frames can, or cannot, be seen without a key. */
export function assertVideoWire(media: readonly MediaFlow[], expected: 'clear' | 'encrypted'): void {
  const video = media.filter((flow) => flow.rtp > 0 && !flow.payloadTypes.has(0))
  assert.equal(video.length, 2, `video both ways: ${describe(media)}`)
  for (const flow of video) {
    const readable = expected === 'clear' ? flow.clearKeyFrames > 0 : flow.clearKeyFrames === 0
    assert.ok(readable, `${flow.source} > ${flow.destination} should be ${expected}: ${describe(media)}`)
  }
}

/** The suite of the last `a=crypto` answer that a phone sent or got, audio first; `undefined` on a clear leg. */
export function answeredSuite(sip: readonly TracedMessage[], phonePort: number): string | undefined {
  const answer = sip.findLast(
    ({ status, method, body, source, destination }) =>
      status === 200 &&
      method === 'INVITE' &&
      body !== '' &&
      [source, destination].some((end) => end.endsWith(`:${phonePort}`)),
  )
  assert.ok(answer, `no answer to an INVITE at port ${phonePort}`)
  return /^a=crypto:\d+ (\S+)/m.exec(answer.body)?.[1]
}

function describe(media: readonly MediaFlow[]): string {
  return JSON.stringify(media.map((flow) => ({ ...flow, payloadTypes: [...flow.payloadTypes] })))
}
