import { isKem, kemLengths, publicValueLength, type HelloAlgorithms } from '../algorithms.ts'
import { hmac } from '../key-derivation.ts'
import { ZrtpError } from '../zrtp-error.ts'
import { Fields } from './fields.ts'
import { messageHeaderLength, writeMessage } from './packet.ts'

const macLength = 8

/** Appends the MAC that ends Hello, Commit and DHPart: HMAC-SHA256 over all before it, 64 bits (RFC 6189 §9). */
export function seal(message: Buffer, key: Buffer): Buffer {
  message.set(mac(message, key), message.length - macLength)
  return message
}

/** Says whether a message's MAC was made with this key. */
export function isSealed(message: Buffer, key: Buffer): boolean {
  return message.subarray(-macLength).equals(mac(message, key))
}

function mac(message: Buffer, key: Buffer): Buffer {
  return hmac('S256', key, message.subarray(0, -macLength)).subarray(0, macLength)
}

/** Hello (RFC 6189 §5.2). */
export interface Hello {
  readonly version: string
  readonly client: string
  readonly h3: Buffer
  readonly zid: Buffer
  /** The peer is a trusted man in the middle, such as a PBX. */
  readonly mitm: boolean
  /** It never commits. */
  readonly passive: boolean
  readonly algorithms: HelloAlgorithms
}

export function readHello(message: Buffer): Hello {
  const fields = new Fields(message, messageHeaderLength)
  const version = fields.name()
  const client = fields.take(16).toString('latin1').trimEnd()
  const h3 = fields.take(32)
  const zid = fields.take(12)
  const flags = fields.word()
  const list = (shift: number): string[] => {
    const count = (flags >>> shift) & 15
    if (count > 7) throw new ZrtpError('ZRTP_MALFORMED', 'a Hello lists more than 7 algorithms')
    return Array.from({ length: count }, () => fields.name())
  }
  const algorithms = { hash: list(16), cipher: list(12), authTag: list(8), keyAgreement: list(4), sas: list(0) }
  fields.take(macLength)
  fields.end()
  return {
    ...{ version, client, h3, zid, algorithms },
    mitm: (flags & 0x20000000) !== 0,
    passive: (flags & 0x10000000) !== 0,
  }
}

/** Writes a Hello, its MAC still to be made. */
export function writeHello({ version, client, h3, zid, mitm, passive, algorithms }: Hello): Buffer {
  const { hash, cipher, authTag, keyAgreement, sas } = algorithms
  const counts = [hash, cipher, authTag, keyAgreement, sas].reduce((word, list) => word * 16 + list.length, 0)
  const flags = Buffer.alloc(4)
  flags.writeUInt32BE((counts | (mitm ? 0x20000000 : 0) | (passive ? 0x10000000 : 0)) >>> 0)
  const names = [...hash, ...cipher, ...authTag, ...keyAgreement, ...sas].join('')
  return writeMessage(
    'Hello',
    ...[Buffer.from(version + client.padEnd(16).slice(0, 16), 'latin1'), h3, zid, flags, Buffer.from(names, 'latin1')],
    Buffer.alloc(macLength),
  )
}

/** Commit (RFC 6189 §5.4). */
export interface Commit {
  readonly h2: Buffer
  readonly zid: Buffer
  readonly hash: string
  readonly cipher: string
  readonly authTag: string
  readonly keyAgreement: string
  readonly sas: string
  /** hvi, 32 bytes, in DH mode; in multistream and preshared mode a nonce of 16. */
  readonly proof: Buffer
  /** Of preshared mode: which key it is, 8 bytes. */
  readonly keyId?: Buffer
  /** Of a KEM only (draft-zrtp-pq). */
  readonly publicKey?: Buffer
}

export function readCommit(message: Buffer): Commit {
  const fields = new Fields(message, messageHeaderLength)
  const commit = {
    ...{ h2: fields.take(32), zid: fields.take(12), hash: fields.name(), cipher: fields.name() },
    ...{ authTag: fields.name(), keyAgreement: fields.name(), sas: fields.name() },
  }
  const proof = fields.take(commit.keyAgreement === 'Mult' || commit.keyAgreement === 'Prsh' ? 16 : 32)
  const preshared = commit.keyAgreement === 'Prsh' && { keyId: fields.take(8) }
  const publicKey = fields.take(publicKeyLength(commit.keyAgreement) ?? Math.max(0, fields.left - macLength))
  fields.take(macLength)
  fields.end()
  return { ...commit, proof, ...preshared, ...(publicKey.length > 0 && { publicKey }) }
}

/** Bytes of the public key in a Commit; `undefined` for a key agreement that is not spoken here. */
function publicKeyLength(keyAgreement: string): number | undefined {
  if (isKem(keyAgreement)) return kemLengths[keyAgreement].publicKey
  return ['Mult', 'Prsh', ...Object.keys(publicValueLength)].includes(keyAgreement) ? 0 : undefined
}

/** Writes a Commit, its MAC still to be made. */
export function writeCommit(commit: Commit): Buffer {
  const { h2, zid, hash, cipher, authTag, keyAgreement, sas, proof } = commit
  const names = Buffer.from(hash + cipher + authTag + keyAgreement + sas, 'latin1')
  const more = commit.keyId ?? commit.publicKey ?? Buffer.alloc(0)
  return writeMessage('Commit', h2, zid, names, proof, more, Buffer.alloc(macLength))
}

/** DHPart1 and DHPart2 (RFC 6189 §5.5, §5.6). */
export interface DhPart {
  readonly h1: Buffer
  /** 8 bytes each. */
  readonly rs1Id: Buffer
  readonly rs2Id: Buffer
  readonly auxId: Buffer
  readonly pbxId: Buffer
  readonly publicValue: Buffer
}

export function readDhPart(message: Buffer): DhPart {
  const fields = new Fields(message, messageHeaderLength)
  const part = {
    ...{ h1: fields.take(32), rs1Id: fields.take(8), rs2Id: fields.take(8) },
    ...{ auxId: fields.take(8), pbxId: fields.take(8) },
  }
  return { ...part, publicValue: fields.take(Math.max(0, fields.left - macLength)) }
}

/** Writes a DHPart, its MAC still to be made. */
export function writeDhPart(type: 'DHPart1' | 'DHPart2', part: DhPart): Buffer {
  const { h1, rs1Id, rs2Id, auxId, pbxId, publicValue } = part
  return writeMessage(type, h1, rs1Id, rs2Id, auxId, pbxId, publicValue, Buffer.alloc(macLength))
}

/** Confirm1 and Confirm2 (RFC 6189 §5.7), and SASrelay (§5.13), their hidden part still encrypted. */
export interface Confirm {
  /** HMAC over the encrypted part, 64 bits. */
  readonly mac: Buffer
  readonly iv: Buffer
  readonly encrypted: Buffer
}

export function readConfirm(message: Buffer): Confirm {
  const fields = new Fields(message, messageHeaderLength)
  return { mac: fields.take(8), iv: fields.take(16), encrypted: fields.take(fields.left) }
}

export function writeConfirm(type: 'Confirm1' | 'Confirm2' | 'SASrelay', { mac, iv, encrypted }: Confirm): Buffer {
  return writeMessage(type, mac, iv, encrypted)
}

/** The hidden part of a Confirm. */
export interface Confirmation {
  readonly h0: Buffer
  /** The sender's user has compared the SAS (V). */
  readonly verified: boolean
  /** It would take GoClear (A). */
  readonly allowClear: boolean
  /** It may disclose the keys (D). */
  readonly disclosure: boolean
  /** It offers to enrol with a PBX (E). */
  readonly enrolment: boolean
  /** Seconds for which the sender keeps the retained secret; 0xffffffff is for ever. */
  readonly expiration: number
}

export function readConfirmation(plain: Buffer): Confirmation {
  const fields = new Fields(plain, 0)
  const h0 = fields.take(32)
  const flags = fields.word()
  return {
    ...{ h0, enrolment: (flags & 8) !== 0, verified: (flags & 4) !== 0, allowClear: (flags & 2) !== 0 },
    ...{ disclosure: (flags & 1) !== 0, expiration: fields.word() },
  }
}

export function writeConfirmation(confirmation: Confirmation): Buffer {
  const { h0, enrolment, verified, allowClear, disclosure, expiration } = confirmation
  const words = Buffer.alloc(8)
  words.writeUInt32BE((enrolment ? 8 : 0) | (verified ? 4 : 0) | (allowClear ? 2 : 0) | (disclosure ? 1 : 0), 0)
  words.writeUInt32BE(expiration, 4)
  return Buffer.concat([h0, words])
}

/** Error (RFC 6189 §5.9). */
export function writeError(number: number): Buffer {
  const code = Buffer.alloc(4)
  code.writeUInt32BE(number)
  return writeMessage('Error', code)
}

export function readError(message: Buffer): number {
  return new Fields(message, messageHeaderLength).word()
}

/** A PingACK (RFC 6189 §5.16) for a Ping that came with this SSRC. */
export function writePingAck(ping: Buffer, ownHash: Buffer, ssrc: number): Buffer {
  const fields = new Fields(ping, messageHeaderLength)
  const version = fields.take(4)
  const received = fields.take(8)
  const source = Buffer.alloc(4)
  source.writeUInt32BE(ssrc)
  return writeMessage('PingACK', version, ownHash, received, source)
}
