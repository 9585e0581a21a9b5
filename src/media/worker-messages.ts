import { type MessagePort } from 'node:worker_threads'
import { type ClearBeforeZrtp, type EndpointDescription, type Protection } from '../base/endpoint-description.ts'
import { type FingerprintHash } from '../base/fingerprint.ts'
import { fromKeyMessage, toKeyMessage, type KeyMessage } from './key-message.ts'
import { type DtmfKey } from './dtmf/telephone-event.ts'
import { type DtmfReport, type KeyExchangeReport, type MediaLeg } from './media-engine.ts'
import { type PacketIoSettings } from './packet-io/open-packet-io.ts'

/** {@link EndpointDescription} as it travels between threads. */
export type EndpointMessage = Omit<EndpointDescription, 'protection'> & {
  readonly protection:
    | { readonly mode: 'none' }
    | { readonly mode: 'sdes'; readonly send: KeyMessage; readonly receive?: KeyMessage }
    | (Omit<Extract<Protection, { mode: 'dtls-srtp' }>, 'fingerprints'> & {
        readonly fingerprints: readonly { readonly hash: FingerprintHash; readonly digest: Uint8Array }[]
      })
    | {
        readonly mode: 'zrtp'
        readonly association: string
        readonly seed: Uint8Array
        readonly peerHash?: Uint8Array
        readonly party: string
        readonly clear: ClearBeforeZrtp
      }
}

/** What the main thread asks of a worker. `session` and `stream` are the engine's numbers. */
export type WorkerRequest =
  | {
      /** Binds both legs' port pairs; answered by `opened` or `refused`. */
      readonly type: 'open'
      readonly request: number
      readonly session: number
      readonly stream: number
      readonly address: string
      /** RTP port of each leg; RTCP is one above. */
      readonly ports: Record<MediaLeg, number>
      readonly counters: SharedArrayBuffer
      /** Differentiated services code point. */
      readonly dscp: number
    }
  | {
      readonly type: 'update'
      readonly session: number
      readonly stream: number
      readonly leg: MediaLeg
      readonly endpoint: EndpointMessage | undefined
    }
  /** Sends a key to a leg's phone. */
  | {
      readonly type: 'dtmf'
      readonly session: number
      readonly stream: number
      readonly leg: MediaLeg
      readonly key: DtmfKey
    }
  /** Closes all of a session's ports, an `open` in progress included; answered by `closed`. */
  | { readonly type: 'close'; readonly request: number; readonly session: number }
  /** Heartbeat; answered by `pong`. */
  | { readonly type: 'ping' }
  /** The way to the key exchange worker, which has just been started. */
  | { readonly type: 'link'; readonly port: MessagePort }
  /** The thread is to end. */
  | { readonly type: 'end' }

/** What a worker answers. */
export type WorkerAnswer =
  | { readonly type: 'opened'; readonly request: number }
  | {
      readonly type: 'refused'
      readonly request: number
      /** The operating system's code, e.g. `EADDRINUSE`. */
      readonly code: string
      readonly leg: MediaLeg
    }
  | { readonly type: 'closed'; readonly request: number }
  | { readonly type: 'pong' }
  /** Not asked for: OpenSSL's own functions cannot be called, SRTP runs on node:crypto. */
  | { readonly type: 'cipher-fallback'; readonly why: string }
  /** Not asked for: the worker has no precedence over other threads. */
  | { readonly type: 'ordinary-priority'; readonly why: string }
  /** Not asked for: the worker has not the driver that it was told to have. */
  | { readonly type: 'packet-io-fallback'; readonly why: string }
  /** Not asked for: a handshake of a session has ended. */
  | { readonly type: 'keys'; readonly session: number; readonly report: KeyExchangeReport }
  /** Not asked for: a phone has pressed a key. */
  | { readonly type: 'dtmf'; readonly session: number; readonly report: DtmfReport }

/** What a worker is started with. */
export interface WorkerStart {
  /** Where `performance.now()` of the engine's thread began, in milliseconds of the machine's monotonic clock. */
  readonly clockOrigin: number
  readonly packetIo: PacketIoSettings
  /** Of the {@link DescriptorLedger}. */
  readonly descriptors: SharedArrayBuffer
}

/** Where `performance.now()` of this thread began, in milliseconds of the monotonic clock that all threads share. */
export function clockOrigin(): number {
  // the thread may be interrupted between the two clocks, which makes a sample too small: the greatest is the best
  let origin = -Infinity
  for (let i = 0; i < 5; i++) origin = Math.max(origin, Number(process.hrtime.bigint()) / 1e6 - performance.now())
  return origin
}

/** Puts a description into the form that travels. */
export function toEndpointMessage(endpoint: EndpointDescription): EndpointMessage {
  const { protection } = endpoint
  if (protection.mode === 'none') return { ...endpoint, protection: { mode: 'none' } }
  if (protection.mode === 'dtls-srtp') {
    const fingerprints = protection.fingerprints.map(({ hash, digest }) => ({ hash, digest: Uint8Array.from(digest) }))
    return { ...endpoint, protection: { ...protection, fingerprints } }
  }
  if (protection.mode === 'zrtp') {
    const { seed, peerHash, ...rest } = protection
    const copy = { ...rest, seed: Uint8Array.from(seed) }
    return { ...endpoint, protection: peerHash === undefined ? copy : { ...copy, peerHash: Uint8Array.from(peerHash) } }
  }
  const send = toKeyMessage(protection.send)
  const keys = protection.receive === undefined ? { send } : { send, receive: toKeyMessage(protection.receive) }
  return { ...endpoint, protection: { mode: 'sdes', ...keys } }
}

/** The description that travelled. */
export function fromEndpointMessage(message: EndpointMessage): EndpointDescription {
  const { protection } = message
  if (protection.mode === 'none') return { ...message, protection: { mode: 'none' } }
  if (protection.mode === 'dtls-srtp') {
    const fingerprints = protection.fingerprints.map(({ hash, digest }) => ({ hash, digest: Buffer.from(digest) }))
    return { ...message, protection: { ...protection, fingerprints } }
  }
  if (protection.mode === 'zrtp') {
    const { seed, peerHash, ...rest } = protection
    const whole = { ...rest, seed: Buffer.from(seed) }
    return { ...message, protection: peerHash === undefined ? whole : { ...whole, peerHash: Buffer.from(peerHash) } }
  }
  const send = fromKeyMessage(protection.send)
  const keys = protection.receive === undefined ? { send } : { send, receive: fromKeyMessage(protection.receive) }
  return { ...message, protection: { mode: 'sdes', ...keys } }
}
