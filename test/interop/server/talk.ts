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

/**
 * Runs a scenario under a capture.
 * @returns the pcap file
 */
export async function captured(folder: string, scenario: () => Promise<void>): Promise<string> {
  const capture = await Capture.start(join(folder, `${++captures}.pcap`))
  try {
    await scenario()
  } finally {
    await capture.stop()
  }
  return capture.file
}

/** Places one call, lets both sides talk, ends it, and returns what crossed the wire. */
export async function talk(options: TalkOptions): Promise<Talk> {
  const { caller, callee, uri, folder, talk = 2000, hangup = caller } = options
  const file = await captured(folder, async () => {
    await ring(caller, callee, uri)
    callee.answer()
    await Promise.all([caller.established(), callee.established()])
    await sleep(talk)
    await end(hangup, caller, callee)
  })
  return seen(file, caller, callee)
}

/** Dials, until the far end rings. */
export async function ring(caller: Phone, callee: Phone, uri: string): Promise<void> {
  await Promise.all([caller.listen(), callee.listen()])
  caller.dial(uri)
  await callee.incoming()
}

/** One of two phones ends the call, or the attempt, of both. */
export async function end(by: Phone, caller: Phone, callee: Phone): Promise<void> {
  by.hangup()
  await Promise.all([caller.ended(), callee.ended()])
}

/**
 * Reads a capture of a call between two phones.
 *
 * @param since leaves out media before this moment, in seconds since 1970
 */
export function seen(file: string, caller: Phone, callee: Phone, since = 0): Talk {
  const tones = [caller.toneHz, callee.toneHz]
  const flowsOf = (phone: Phone): MediaFlow[] =>
    mediaFlows(file, { tones, since, wanted: (...ends) => ends.some((end) => phone.ownsPort(portOf(end))) })
  return { sip: sipMessages(file), callerMedia: flowsOf(caller), calleeMedia: flowsOf(callee) }
}

/** Port of an address:port. */
function portOf(end: string): number {
  return Number(end.split(':')[1])
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

/** Ports of this server, which takes ephemeral ones: phones are told lower ones. */
const isOfServer = (source: string): boolean => portOf(source) >= 32_768

/**
 * RTP went both ways, and its payload can, or cannot, be read without a key. baresip speaks in clear until its handshake is finished,
 * which takes 0.2 s when its first flight gets lost; that is not held against the server.
 */
export function assertWire(media: readonly MediaFlow[], expected: 'clear' | 'encrypted'): void {
  const audio = media.filter((flow) => flow.payloadTypes.has(0) && flow.rtp > 20)
  assert.equal(audio.length, 2, `audio both ways: ${describe(media)}`)
  for (const flow of audio) {
    const readable =
      expected === 'clear' ? flow.clearTone > 0.9 : flow.clearTone < (isOfServer(flow.source) ? 0.05 : 0.25)
    assert.ok(readable, `${flow.source} > ${flow.destination} should be ${expected}: ${describe(media)}`)
  }
}

/** VP8 went both ways, and can, or cannot, be read without a key; linphone sends its first picture in clear while a handshake is under way. */
export function assertVideoWire(media: readonly MediaFlow[], expected: 'clear' | 'encrypted'): void {
  const video = media.filter((flow) => flow.rtp > 0 && !flow.payloadTypes.has(0))
  assert.equal(video.length, 2, `video both ways: ${describe(media)}`)
  for (const flow of video) {
    const readable =
      expected === 'clear'
        ? flow.clearVideo === 1
        : flow.clearVideo < 0.7 || (flow.rtp < 10 && !isOfServer(flow.source))
    assert.ok(readable, `${flow.source} > ${flow.destination} should be ${expected}: ${describe(media)}`)
  }
}

/**
 * VP8 went both ways on a leg in ZRTP, and cannot be read without a key. A linphone itself sends its first picture in clear
 * while ZRTP of the new stream is under way, which is not held against the server.
 *
 * @param phone of this leg
 */
export function assertZrtpVideo(media: readonly MediaFlow[], phone: Phone): void {
  const video = media.filter((flow) => flow.rtp > 0 && !flow.payloadTypes.has(0))
  assert.equal(video.length, 2, `video both ways: ${describe(media)}`)
  for (const { destination, clearVideo } of video)
    if (phone.ownsPort(portOf(destination))) assert.ok(clearVideo < 0.7, `readable: ${describe(media)}`)
}

/** The suite of the last `a=crypto` answer that a phone sent or got, audio first; `undefined` on a clear leg. */
export function answeredSuite(sip: readonly TracedMessage[], phonePort: number): string | undefined {
  return /^a=crypto:\d+ (\S+)/m.exec(answerAt(sip, phonePort))?.[1]
}

/** The profile of the last answer that a phone sent or got, audio first. */
export function answeredProfile(sip: readonly TracedMessage[], phonePort: number): string | undefined {
  return /^m=\S+ \d+ (\S+)/m.exec(answerAt(sip, phonePort))?.[1]
}

/** The last answer to an INVITE that a phone sent or got. */
export function answerAt(sip: readonly TracedMessage[], phonePort: number): string {
  const answer = sip.findLast(
    ({ status, method, body, source, destination }) =>
      status === 200 &&
      method === 'INVITE' &&
      body !== '' &&
      [source, destination].some((end) => portOf(end) === phonePort),
  )
  assert.ok(answer, `no answer to an INVITE at port ${phonePort}`)
  return answer.body
}

/** The status of the last final response to an INVITE that a phone got. */
export function finalStatus(sip: readonly TracedMessage[], phonePort: number): number | undefined {
  return sip.findLast(
    ({ status, method, destination }) =>
      status !== undefined && status >= 200 && method === 'INVITE' && portOf(destination) === phonePort,
  )?.status
}

/** The requests of a method that a phone got. */
export function requestsTo(sip: readonly TracedMessage[], phonePort: number, method: string): TracedMessage[] {
  return sip.filter(
    (message) => message.status === undefined && message.method === method && portOf(message.destination) === phonePort,
  )
}

/** The direction of the first m-line of a session description (RFC 3264 §5.1: sendrecv when nothing is said). */
export function audioDirection(body: string): string {
  const audio = body.split(/^m=/m)[1] ?? ''
  return /^a=(sendrecv|sendonly|recvonly|inactive)\r?$/m.exec(audio)?.[1] ?? 'sendrecv'
}

function describe(media: readonly MediaFlow[]): string {
  return JSON.stringify(media.map((flow) => ({ ...flow, payloadTypes: [...flow.payloadTypes] })))
}
