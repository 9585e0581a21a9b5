import { cryptoSuites, isCryptoSuite, type CryptoSuite, type SrtpMasterKey } from '../base/encryption.ts'
import { SdpError, type SdpErrorCode } from './sdp-error.ts'

/** One `a=crypto` line, read in full (RFC 4568 §9.1). */
export type CryptoLine = UsableCryptoLine | UnusableCryptoLine

/** A line that media can work with. */
export interface UsableCryptoLine {
  readonly usable: true
  readonly tag: number
  readonly suite: CryptoSuite
  /** Of several inline keys the first, with which a sender begins. */
  readonly key: SrtpMasterKey
}

/** A line to pass over in an offer, and to refuse in an answer. */
export interface UnusableCryptoLine {
  readonly usable: false
  /** Absent when not even the tag can be read. */
  readonly tag?: number
  readonly code: SdpErrorCode
  /** Why it cannot be used. Never holds the key, nor any text that might be one. */
  readonly why: string
}

/**
 * Reads the value of an `a=crypto` attribute:
 *
 *     <tag> <suite> inline:<key‖salt in base64>[|<lifetime>][|<MKI>:<length>][;inline:…] [<session parameter> …]
 *
 * Base64 is taken with and without its padding: 256-bit and GCM keys are where phones differ.
 */
export function readCrypto(value: string): CryptoLine {
  const fields = value.split(/[ \t]+/).filter((field) => field.length > 0)
  const [tagText = '', suite = '', keys = '', ...parameters] = fields
  if (!/^\d{1,9}$/.test(tagText)) return { usable: false, code: 'SDES_UNUSABLE', why: 'no tag' }
  const tag = Number(tagText)
  try {
    if (!isCryptoSuite(suite)) throw new SdpError('SDES_UNUSABLE', `unknown suite${printable(suite)}`)
    checkParameters(parameters)
    const [key] = keys.split(';').map((text) => readKey(text, suite))
    return { usable: true, tag, suite, key: key! }
  } catch (error) {
    if (!(error instanceof SdpError)) throw error
    return { usable: false, tag, code: error.code, why: error.message }
  }
}

/** Writes the value of an `a=crypto` attribute, base64 with its padding and no optional part. */
export function writeCrypto(tag: number, { suite, key, salt }: SrtpMasterKey): string {
  return `${tag} ${suite} inline:${Buffer.concat([key, salt]).toString('base64')}`
}

/** Only what looks like the name of a suite is shown: a broken line may have its key in that place. */
function printable(suite: string): string {
  return /^[A-Z0-9_]{1,32}$/.test(suite) ? ` ${suite}` : ''
}

/**
 * A session parameter that is not understood makes the line unusable, unless it begins with `-` (RFC 4568 §6.3.7). WSH
 * is a hint about the replay window (§6.3.6) that changes nothing on the wire.
 */
function checkParameters(parameters: readonly string[]): void {
  for (const parameter of parameters) {
    if (parameter.startsWith('-') || /^WSH=\d{1,9}$/.test(parameter)) continue
    throw new SdpError('SDES_PARAMETER_UNSUPPORTED', `session parameter${printable(parameter.split('=', 1)[0]!)}`)
  }
}

/** One key parameter; lifetime and MKI may each be absent (RFC 4568 §6.1). */
function readKey(text: string, suite: CryptoSuite): SrtpMasterKey {
  const unusable = (what: string): SdpError => new SdpError('SDES_KEY_UNUSABLE', what)
  if (text.slice(0, 7).toLowerCase() !== 'inline:') throw unusable('key method is not inline')
  const [base64 = '', ...rest] = text.slice(7).split('|')
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) throw unusable('key is not base64')
  const bytes = Buffer.from(base64, 'base64')
  const { keyLength, saltLength } = cryptoSuites[suite]
  if (bytes.length !== keyLength + saltLength) {
    throw unusable(`key and salt of ${bytes.length} bytes where ${suite} has ${keyLength + saltLength}`)
  }
  const mkiText = rest.find((part) => part.includes(':'))
  const lifetimes = rest.filter((part) => part !== mkiText)
  if (lifetimes.length > 1 || lifetimes.some((part) => !isLifetime(part))) throw unusable('lifetime cannot be read')
  const key = bytes.subarray(0, keyLength)
  const salt = bytes.subarray(keyLength)
  return mkiText === undefined ? { suite, key, salt } : { suite, key, salt, mki: readMki(mkiText) }
}

/** `2^20` or a number of packets. It is checked, not kept: no call lives for the 2^48 packets of a key's default. */
function isLifetime(text: string): boolean {
  const power = /^2\^(\d{1,2})$/.exec(text)?.[1]
  return power === undefined ? /^\d{1,15}$/.test(text) && Number(text) > 0 : Number(power) <= 48
}

/** `value:length`: the value as a big-endian number of that many bytes (RFC 4568 §6.1, RFC 3711 §3.1). */
function readMki(text: string): Buffer {
  const [, value, length] = /^(\d{1,309}):(\d{1,3})$/.exec(text) ?? []
  const bytes = Number(length)
  const hex = value === undefined ? '' : BigInt(value).toString(16)
  if (value === undefined || bytes < 1 || bytes > 128 || hex.length > 2 * bytes) {
    throw new SdpError('SDES_KEY_UNUSABLE', 'MKI cannot be read')
  }
  return Buffer.from(hex.padStart(2 * bytes, '0'), 'hex')
}
