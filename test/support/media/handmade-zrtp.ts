import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import {
  ownAlgorithms,
  type Algorithms,
  type DhAgreement,
  type HelloAlgorithms,
} from '../../../src/media/zrtp/algorithms.ts'
import { encryptConfirm } from '../../../src/media/zrtp/confirm-cipher.ts'
import { newKeyPair } from '../../../src/media/zrtp/key-agreement.ts'
import {
  deriveKeys,
  dhSecret,
  digest,
  hashChain,
  hmac,
  type DerivedKeys,
} from '../../../src/media/zrtp/key-derivation.ts'
import {
  readDhPart,
  readHello,
  seal,
  writeCommit,
  writeConfirm,
  writeConfirmation,
  writeDhPart,
  writeHello,
  type Confirmation,
} from '../../../src/media/zrtp/message/messages.ts'
import { parsePacket, writePacket } from '../../../src/media/zrtp/message/packet.ts'
import { MemorySecretCache, type SecretCache } from '../../../src/media/zrtp/secret-cache.ts'
import { type ZrtpError } from '../../../src/media/zrtp/zrtp-error.ts'
import { type ZrtpResult } from '../../../src/media/zrtp/zrtp-exchange.ts'
import { ZrtpSession } from '../../../src/media/zrtp/zrtp-session.ts'
import { ZrtpStream } from '../../../src/media/zrtp/zrtp-stream.ts'

/** Whom a peer made by hand speaks to. */
export interface Target {
  readonly stream: Pick<ZrtpStream, 'receive'>
  /** All packets that it has sent. */
  readonly sent: Buffer[]
}

export interface Victim extends Target {
  readonly session: ZrtpSession
  readonly stream: ZrtpStream
  readonly result: ZrtpResult | undefined
  readonly error: ZrtpError | undefined
  /** Milliseconds. */
  now: number
}

/** A stream of this server's own, against which a peer made by hand is played. */
export function victim(
  options: {
    zid?: Buffer
    cache?: SecretCache
    session?: ZrtpSession
    peerHash?: Buffer
    /** In place of what this server offers. */
    keyAgreement?: DhAgreement
  } = {},
): Victim {
  const { zid = randomBytes(12), cache = new MemorySecretCache(), peerHash, keyAgreement } = options
  const algorithms = { ...ownAlgorithms, ...(keyAgreement !== undefined && { keyAgreement: [keyAgreement, 'Mult'] }) }
  const session = options.session ?? new ZrtpSession({ zid, cache, party: 'sip:a@example.org', algorithms })
  const state: { -readonly [Key in keyof Victim]: Victim[Key] } = {
    ...{ session, sent: [], now: 0, result: undefined, error: undefined },
    stream: new ZrtpStream(session, {
      ...{ ssrc: 1, seed: randomBytes(32), now: () => state.now },
      ...(peerHash !== undefined && { peerHash }),
      onSend: (packet) => state.sent.push(Buffer.from(packet)),
      onSecured: (result) => (state.result = result),
      onFailed: (error) => (state.error = error),
    }),
  }
  state.stream.start()
  return state
}

const defaults: Algorithms = { hash: 'S256', cipher: 'AES1', authTag: 'HS80', keyAgreement: 'X255', sas: 'B32 ' }

/** What the peer does otherwise than an honest one. */
export interface Whims {
  readonly zid?: Buffer
  readonly seed?: Buffer
  readonly offered?: Partial<HelloAlgorithms>
  readonly keyAgreement?: DhAgreement
  /** In place of its public value. */
  readonly publicValue?: Buffer
  /** In place of its hvi. */
  readonly hvi?: Buffer
  readonly confirmation?: Partial<Confirmation>
}

/** A peer whose every message can be another than the protocol wants: it knows the protocol, and is played step by step. */
export class HandmadePeer {
  readonly chain: ReturnType<typeof hashChain>
  readonly zid: Buffer
  readonly hello: Buffer
  readonly algorithms: Algorithms
  readonly #whims: Whims
  readonly #victim: Target
  readonly #keyPair
  #sequence = 0

  constructor(target: Target, whims: Whims = {}) {
    this.#victim = target
    this.#whims = whims
    this.zid = whims.zid ?? randomBytes(12)
    this.chain = hashChain(whims.seed ?? randomBytes(32))
    const keyAgreement = whims.keyAgreement ?? 'X255'
    this.algorithms = { ...defaults, keyAgreement }
    this.#keyPair = newKeyPair(keyAgreement)
    const algorithms = { ...ownAlgorithms, keyAgreement: [keyAgreement], authTag: ['HS80'], ...whims.offered }
    const hello = { version: '1.10', client: 'handmade', h3: this.chain[3], zid: this.zid, mitm: false, passive: false }
    this.hello = seal(writeHello({ ...hello, algorithms }), this.chain[2])
  }

  /** Sends a message to the victim. */
  say(message: Buffer): void {
    this.#victim.stream.receive(writePacket(message, ++this.#sequence, 2))
  }

  /** The last message of a type that the victim has sent. */
  heard(type: string): Buffer | undefined {
    return this.#victim.sent.map(parsePacket).findLast((packet) => packet?.type === type)?.message
  }

  dhPart(type: 'DHPart1' | 'DHPart2'): Buffer {
    const { publicValue = this.#keyPair.publicValue } = this.#whims
    const id = Buffer.alloc(8, 7)
    const part = { h1: this.chain[1], rs1Id: id, rs2Id: id, auxId: id, pbxId: id, publicValue }
    return seal(writeDhPart(type, part), this.chain[0])
  }

  commit(): Buffer {
    const { hvi = digest('S256', this.dhPart('DHPart2'), this.heard('Hello')!) } = this.#whims
    const commit = { h2: this.chain[2], zid: this.zid, ...this.algorithms, proof: hvi }
    return seal(writeCommit(commit), this.chain[1])
  }

  confirm(type: 'Confirm1' | 'Confirm2', keys: DerivedKeys): Buffer {
    const { mac, zrtp } = type === 'Confirm1' ? keys.responder : keys.initiator
    const flags = { verified: false, allowClear: false, disclosure: false, enrolment: false, expiration: 0xffffffff }
    const plain = writeConfirmation({ h0: this.chain[0], ...flags, ...this.#whims.confirmation })
    const iv = randomBytes(16)
    const encrypted = encryptConfirm(this.algorithms.cipher, zrtp, iv, plain)
    return writeConfirm(type, { mac: hmac(this.algorithms.hash, mac, encrypted).subarray(0, 8), iv, encrypted })
  }

  /** The keys of the exchange, of which this peer is the initiator or the responder; without any retained secret. */
  keys(role: 'initiator' | 'responder'): DerivedKeys {
    const initiator = role === 'initiator'
    const { algorithms } = this
    const [hello, part] = [this.heard('Hello')!, this.heard(initiator ? 'DHPart1' : 'DHPart2')!]
    const theirZid = readHello(hello).zid
    const messages = initiator
      ? [hello, this.commit(), part, this.dhPart('DHPart2')]
      : [this.hello, this.heard('Commit')!, this.dhPart('DHPart1'), part]
    const context = {
      algorithms,
      initiatorZid: initiator ? this.zid : theirZid,
      responderZid: initiator ? theirZid : this.zid,
      totalHash: digest(algorithms.hash, ...messages),
    }
    const result = this.#keyPair.agree(readDhPart(part).publicValue)
    return deriveKeys(context, dhSecret(context, result, [undefined, undefined, undefined]))
  }

  /** Both have said Hello, and this one commits: the victim says DHPart1, or an error. */
  commitTo(): void {
    this.say(this.hello)
    this.say(this.commit())
  }

  /** Both have said Hello, and this one waits for the Commit: then says DHPart1. */
  awaitCommit(): void {
    this.say(this.hello)
    this.say(helloAck)
    this.say(this.dhPart('DHPart1'))
  }

  /** The whole of an exchange, in which it commits. */
  initiate(): void {
    this.commitTo()
    this.say(this.dhPart('DHPart2'))
    this.say(this.confirm('Confirm2', this.keys('initiator')))
  }

  /** The whole of an exchange, in which the victim commits. */
  respond(): void {
    this.awaitCommit()
    this.say(this.confirm('Confirm1', this.keys('responder')))
    this.say(conf2Ack)
  }
}

/** A message of nothing but its type. */
function bare(type: string): Buffer {
  const message = Buffer.from(`PZ\0\x03${type.padEnd(8)}`, 'latin1')
  return message
}

export const helloAck = bare('HelloACK')
export const conf2Ack = bare('Conf2ACK')

/** A victim, and a peer that is played against it. */
export function play(whims: Whims = {}): { readonly end: Victim; readonly peer: HandmadePeer } {
  const { keyAgreement } = whims
  const end = victim(keyAgreement && { keyAgreement })
  return { end, peer: new HandmadePeer(end, whims) }
}

/** It has ended with an error that the peer was told, and without keys. */
export function assertRefused(end: Victim, code: string, number: number): void {
  assert.equal(end.error?.code, code)
  const said = end.sent.filter((packet) => packet.includes('Error   ')).map((packet) => packet.readUInt32BE(24))
  assert.deepEqual(said, [number])
  assert.equal(end.result, undefined)
}

/** Nothing has ended and nothing is agreed on. */
export function assertUnmoved(end: Victim): void {
  assert.deepEqual([end.error, end.result], [undefined, undefined])
}
