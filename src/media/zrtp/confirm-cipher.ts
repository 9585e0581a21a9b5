import { createCipheriv, createDecipheriv } from 'node:crypto'
import { type CipherAlgorithm } from './algorithms.ts'

const modes: Readonly<Record<CipherAlgorithm, string>> = { AES1: 'aes-128-cfb', AES3: 'aes-256-cfb' }

/** Encrypts the hidden part of a Confirm (RFC 6189 §5.7): AES in CFB mode with 128 bits of feedback. */
export function encryptConfirm(cipher: CipherAlgorithm, key: Buffer, iv: Buffer, plain: Buffer): Buffer {
  const machine = createCipheriv(modes[cipher], key, iv)
  return Buffer.concat([machine.update(plain), machine.final()])
}

/** Decrypts it. */
export function decryptConfirm(cipher: CipherAlgorithm, key: Buffer, iv: Buffer, encrypted: Buffer): Buffer {
  const machine = createDecipheriv(modes[cipher], key, iv)
  return Buffer.concat([machine.update(encrypted), machine.final()])
}
