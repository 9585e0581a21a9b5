import { cryptoSuites, isCryptoSuite, type CryptoSuite, type SrtpMasterKey } from '../../../src/base/encryption.ts'

/** How one side of the calls of a measurement is encrypted. */
export type Side = 'none' | CryptoSuite

/** @throws RangeError for a word that is neither `none` nor a suite */
export function sideOf(word: string | undefined): Side {
  if (word === undefined || word === 'none') return 'none'
  if (isCryptoSuite(word)) return word
  throw new RangeError(`${word} is no crypto suite`)
}

/** The key of all phones, or of all legs of the relay: which it is does not change what a packet costs. */
export function keyOf(who: 'phones' | 'relay', suite: CryptoSuite): SrtpMasterKey {
  const { keyLength, saltLength } = cryptoSuites[suite]
  const byte = who === 'phones' ? 0x51 : 0xa7
  return { suite, key: Buffer.alloc(keyLength, byte), salt: Buffer.alloc(saltLength, byte + 1) }
}

/** The key as `a=crypto` says it (RFC 4568). */
export function cryptoLine(tag: number, { suite, key, salt }: SrtpMasterKey): string {
  return `a=crypto:${tag} ${suite} inline:${Buffer.concat([key, salt]).toString('base64')}`
}

/** A side's key as relay.c takes it. */
export function relayWord(who: 'phones' | 'relay', side: Side): string {
  if (side === 'none') return side
  const { key, salt } = keyOf(who, side)
  return `${side}:${Buffer.concat([key, salt]).toString('hex')}`
}
