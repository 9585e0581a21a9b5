import { endianness } from 'node:os'
import { MediaError } from '../media-error.ts'
import { nodeFunctions, type Address } from './library.ts'

/**
 * The functions of OpenSSL 3 that packets need, as its manual pages name and describe them. Addresses of memory come from
 * `NativeMemory.at`, for at least as many bytes as the call is told.
 */
export interface CipherLibrary {
  EVP_aes_128_ecb(): Address
  EVP_aes_192_ecb(): Address
  EVP_aes_256_ecb(): Address
  EVP_aes_128_ctr(): Address
  EVP_aes_192_ctr(): Address
  EVP_aes_256_ctr(): Address
  EVP_aes_128_gcm(): Address
  EVP_aes_256_gcm(): Address
  EVP_CIPHER_CTX_new(): Address
  EVP_CIPHER_CTX_free(context: Address): void
  EVP_EncryptInit_ex2(context: Address, cipher: Address, key: Address, iv: Address, parameters: Address): number
  EVP_DecryptInit_ex2(context: Address, cipher: Address, key: Address, iv: Address, parameters: Address): number
  /** Negative when it fails; without `out` it takes associated data, without `input` it ends. */
  EVP_Cipher(context: Address, out: Address, input: Address, length: number): number
  EVP_CIPHER_CTX_get_params(context: Address, parameters: Address): number

  /** `state` is a `SHA_CTX`, of sha.h. */
  SHA1_Update(state: Address, data: Address, length: number): number
  /** One block of 64 bytes. */
  SHA1_Transform(state: Address, block: Address): void
}

/** A function that names a cipher, of AES with keys of so many bits. */
export type CipherName = Extract<keyof CipherLibrary, `EVP_aes_${string}`>

/** NULL, which koffi takes quicker than `null`. */
export const nothing = 0n

/** The same functions as C declares them (openssl/evp.h and sha.h of 3.5). */
const declarations: Readonly<Record<keyof CipherLibrary, string>> = {
  EVP_aes_128_ecb: 'void *EVP_aes_128_ecb()',
  EVP_aes_192_ecb: 'void *EVP_aes_192_ecb()',
  EVP_aes_256_ecb: 'void *EVP_aes_256_ecb()',
  EVP_aes_128_ctr: 'void *EVP_aes_128_ctr()',
  EVP_aes_192_ctr: 'void *EVP_aes_192_ctr()',
  EVP_aes_256_ctr: 'void *EVP_aes_256_ctr()',
  EVP_aes_128_gcm: 'void *EVP_aes_128_gcm()',
  EVP_aes_256_gcm: 'void *EVP_aes_256_gcm()',
  EVP_CIPHER_CTX_new: 'void *EVP_CIPHER_CTX_new()',
  EVP_CIPHER_CTX_free: 'void EVP_CIPHER_CTX_free(void *c)',
  EVP_EncryptInit_ex2: 'int EVP_EncryptInit_ex2(void *ctx, void *cipher, void *key, void *iv, void *params)',
  EVP_DecryptInit_ex2: 'int EVP_DecryptInit_ex2(void *ctx, void *cipher, void *key, void *iv, void *params)',
  EVP_Cipher: 'int EVP_Cipher(void *c, void *out, void *in, unsigned int inl)',
  EVP_CIPHER_CTX_get_params: 'int EVP_CIPHER_CTX_get_params(void *ctx, void *params)',
  SHA1_Update: 'int SHA1_Update(void *c, void *data, size_t len)',
  SHA1_Transform: 'void SHA1_Transform(void *c, void *data)',
}

let loaded: CipherLibrary | undefined

/**
 * The functions, looked up once a thread.
 * @throws MediaError `MEDIA_OPENSSL_UNAVAILABLE` when koffi has no build for this platform, a function is missing, or
 *   C's structures look otherwise here than `OpenSslScratch` writes them
 */
export function cipherLibrary(): CipherLibrary {
  return (loaded ??= load())
}

function load(): CipherLibrary {
  if ((process.arch !== 'x64' && process.arch !== 'arm64') || endianness() !== 'LE') {
    throw new MediaError('MEDIA_OPENSSL_UNAVAILABLE', `the processor is ${process.arch}, neither x64 nor arm64`)
  }
  return nodeFunctions(declarations)
}
