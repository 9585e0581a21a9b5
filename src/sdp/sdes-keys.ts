import { cryptoSuites, type CryptoSuite, type SrtpMasterKey } from '../base/encryption.ts'
import { writeCrypto, type CryptoLine, type UsableCryptoLine } from './crypto-attribute.ts'
import { SdpError } from './sdp-error.ts'

/** Where random bytes come from. */
export type RandomBytes = (size: number) => Buffer

/** What SDES has agreed on for one m-line of one leg. */
export interface SdesAgreement {
  readonly tag: number
  /** This server's key; its suite is the suite of both. */
  readonly send: SrtpMasterKey
  /** The peer's key, with the length of its MKI if it has one. */
  readonly receive: SrtpMasterKey
}

/**
 * The SDES state of one m-line of one leg (RFC 4568). Values are never changed, so that a failed re-offer is undone by
 * going back to the former one.
 */
export interface SdesKeys {
  /**
   * This server's key of each suite that it has offered or answered with, in the order of the last offer. A suite keeps
   * its key in every later offer and answer of a live m-line: a new key would start a new roll-over counter for nothing.
   */
  readonly own: ReadonlyMap<CryptoSuite, SrtpMasterKey>
  readonly agreed?: SdesAgreement
  /** Suites whose own key has encrypted media. Once such a key was left, it is never taken up again: that would repeat
   * its keystream from roll-over counter 0. */
  readonly used: ReadonlySet<CryptoSuite>
}

/** An m-line without a past. */
export const noSdesKeys: SdesKeys = { own: new Map(), used: new Set() }

/**
 * The keys for an offer: the suite in use first, so that the peer has reason to stay with it, then the others.
 * @throws SdpError `SDES_UNUSABLE` when there is no suite to offer
 */
export function offerSdes(before: SdesKeys, suites: readonly CryptoSuite[], random: RandomBytes): SdesKeys {
  const current = before.agreed?.send.suite
  const order = new Set(current === undefined ? suites : [current, ...suites])
  if (order.size === 0) throw new SdpError('SDES_UNUSABLE', 'no crypto suite to offer')
  const keys = withoutSpent(before)
  return { ...before, own: new Map([...order].map((suite) => [suite, keys.get(suite) ?? newKey(suite, random)])) }
}

/** The `a=crypto` values of an offer; tags count from 1. */
export function offeredLines({ own }: SdesKeys): readonly string[] {
  return [...own.values()].map((key, index) => writeCrypto(index + 1, key))
}

/**
 * Chooses the line of an offer to answer with: the suite in use if it is offered again, else the first that can be used.
 * @throws SdpError `SDES_MISSING`, `SDES_UNUSABLE`
 */
export function answerSdes(
  before: SdesKeys,
  offered: readonly CryptoLine[],
  acceptable: (suite: CryptoSuite) => boolean,
  random: RandomBytes,
): SdesKeys {
  if (offered.length === 0) throw new SdpError('SDES_MISSING', 'no a=crypto')
  const usable = offered.filter((line): line is UsableCryptoLine => line.usable && acceptable(line.suite))
  const line = usable.find(({ suite }) => suite === before.agreed?.send.suite) ?? usable[0]
  if (line === undefined) {
    throw new SdpError('SDES_UNUSABLE', `no usable a=crypto: ${offered.map(whyNot).slice(0, 8).join('; ')}`)
  }
  const own = withoutSpent(before)
  const send = own.get(line.suite) ?? newKey(line.suite, random)
  return agree({ ...before, own: own.set(line.suite, send) }, line.tag, send, line.key)
}

/**
 * Takes the answer to what {@link offerSdes} offered. Some phones answer with a suite that they were not offered, or
 * with tag 1 whatever they chose: what does not match the offer is refused, as nobody could say which key is meant.
 * @param offered what was offered; several answers to one offer (forks) each start from it
 * @param answered keys after an earlier answer to the same offer, if there was one
 * @throws SdpError `SDES_MISSING`, `SDES_TAG_NOT_OFFERED`, `SDES_SUITE_NOT_OFFERED` or the reason of an unusable line
 */
export function acceptSdes(offered: SdesKeys, answered: SdesKeys, lines: readonly CryptoLine[]): SdesKeys {
  const [line] = lines
  if (line === undefined) throw new SdpError('SDES_MISSING', 'no a=crypto in the answer')
  const send = line.tag === undefined ? undefined : [...offered.own.values()][line.tag - 1]
  if (line.tag !== undefined && send === undefined) {
    throw new SdpError('SDES_TAG_NOT_OFFERED', `a=crypto with tag ${line.tag}, which was not offered`)
  }
  if (!line.usable) throw new SdpError(line.code, `a=crypto cannot be used: ${line.why}`)
  if (send?.suite !== line.suite) {
    throw new SdpError(
      'SDES_SUITE_NOT_OFFERED',
      `a=crypto with tag ${line.tag} and ${line.suite}, offered with ${send!.suite}`,
    )
  }
  return agree({ ...offered, used: answered.used }, line.tag, send, line.key)
}

function agree(keys: SdesKeys, tag: number, send: SrtpMasterKey, receive: SrtpMasterKey): SdesKeys {
  return { own: keys.own, used: new Set([...keys.used, send.suite]), agreed: { tag, send, receive } }
}

/** Own keys but those that have encrypted and were left for another suite. */
function withoutSpent({ own, used, agreed }: SdesKeys): Map<CryptoSuite, SrtpMasterKey> {
  return new Map([...own].filter(([suite]) => suite === agreed?.send.suite || !used.has(suite)))
}

function newKey(suite: CryptoSuite, random: RandomBytes): SrtpMasterKey {
  const { keyLength, saltLength } = cryptoSuites[suite]
  return { suite, key: random(keyLength), salt: random(saltLength) }
}

function whyNot(line: CryptoLine): string {
  const why = line.usable ? `${line.suite} is not allowed here` : line.why
  return line.tag === undefined ? why : `tag ${line.tag}: ${why}`
}
