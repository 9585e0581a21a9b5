import { type CryptoSuite, type SrtpMasterKey } from '../base/encryption.ts'

/** A master key as it travels between threads: copies of the exact bytes, never the pool that a Buffer may lie in. */
export interface KeyMessage {
  readonly suite: CryptoSuite
  readonly key: Uint8Array
  readonly salt: Uint8Array
  readonly mki?: Uint8Array
}

/** Puts a key into the form that travels. */
export function toKeyMessage({ suite, key, salt, mki }: SrtpMasterKey): KeyMessage {
  const copy = { suite, key: Uint8Array.from(key), salt: Uint8Array.from(salt) }
  return mki === undefined ? copy : { ...copy, mki: Uint8Array.from(mki) }
}

/** The key that travelled. */
export function fromKeyMessage({ suite, key, salt, mki }: KeyMessage): SrtpMasterKey {
  const whole = { suite, key: Buffer.from(key), salt: Buffer.from(salt) }
  return mki === undefined ? whole : { ...whole, mki: Buffer.from(mki) }
}
