import { type HelloAlgorithms } from './algorithms.ts'
import { hashChain, sha256 } from './key-derivation.ts'
import { seal, writeHello } from './message/messages.ts'

/** What this server's Hello is made of. */
export interface OwnHello {
  /** H0 of the stream, 32 bytes. */
  readonly seed: Buffer
  /** 12 bytes. */
  readonly zid: Buffer
  readonly algorithms: HelloAlgorithms
  /** This server is a man in the middle whom phones may trust (RFC 6189 §7.3): the flag M. */
  readonly trustedMitm?: boolean
}

/** This server's Hello for a stream: whoever has the seed makes the same. */
export function ownHello({ seed, zid, algorithms, trustedMitm = false }: OwnHello): Buffer {
  const [, , h2, h3] = hashChain(seed)
  const hello = { version: '1.10', client: 'flexisip-b2bua', h3, zid, mitm: trustedMitm, passive: false, algorithms }
  return seal(writeHello(hello), h2)
}

/** The value of `a=zrtp-hash` for a Hello (RFC 6189 §8.1): `1.10 <SHA-256 in hex>`. */
export function zrtpHash(hello: Buffer): string {
  return `1.10 ${sha256(hello).toString('hex')}`
}
