import { createRequire } from 'node:module'
import type * as Koffi from 'koffi'
import { MediaError } from '../media-error.ts'

/** An address in native memory; 0n or null is NULL. Nothing but the functions here may take one. */
export type Address = bigint | null

/** What a C function that takes `void *` is handed: an address, or memory of JavaScript for the length of that call. */
type Memory = Address | Uint8Array

/**
 * The C functions of OpenSSL 3 that this project calls, as its manual pages name and describe them. Only what `koffi`
 * cannot see is up to the caller: that a length is that of the memory, and that an address is alive.
 */
export interface OpenSsl {
  ERR_clear_error(): void
  ERR_get_error(): number | bigint
  ERR_reason_error_string(error: number | bigint): string | null

  BIO_new(method: Address): Address
  BIO_s_mem(): Address
  BIO_read(bio: Address, data: Uint8Array, length: number): number
  BIO_write(bio: Address, data: Uint8Array, length: number): number
  BIO_ctrl(bio: Address, command: number, number: number, memory: Memory): number
  BIO_free(bio: Address): number

  d2i_PrivateKey_bio(bio: Address, key: null): Address
  EVP_PKEY_free(key: Address): void
  EVP_sha256(): Address
  X509_new(): Address
  X509_free(certificate: Address): void
  X509_set_version(certificate: Address, version: number): number
  X509_get_serialNumber(certificate: Address): Address
  ASN1_INTEGER_set_uint64(integer: Address, value: bigint): number
  X509_getm_notBefore(certificate: Address): Address
  X509_getm_notAfter(certificate: Address): Address
  ASN1_TIME_set(time: Address, seconds: number): Address
  X509_get_subject_name(certificate: Address): Address
  X509_set_issuer_name(certificate: Address, name: Address): number
  X509_NAME_add_entry_by_txt(
    name: Address,
    field: string,
    type: number,
    bytes: Uint8Array,
    length: number,
    location: number,
    set: number,
  ): number
  X509_set_pubkey(certificate: Address, key: Address): number
  X509_sign(certificate: Address, key: Address, digest: Address): number
  d2i_X509_bio(bio: Address, certificate: null): Address
  i2d_X509_bio(bio: Address, certificate: Address): number

  DTLS_method(): Address
  SSL_CTX_new(method: Address): Address
  SSL_CTX_free(context: Address): void
  SSL_CTX_ctrl(context: Address, command: number, number: number, memory: Memory | string): number
  SSL_CTX_set_options(context: Address, options: bigint): bigint | number
  SSL_CTX_set_security_level(context: Address, level: number): void
  SSL_CTX_set_cipher_list(context: Address, list: string): number
  SSL_CTX_set_tlsext_use_srtp(context: Address, profiles: string): number
  SSL_CTX_set_verify(context: Address, mode: number, callback: null): void
  SSL_CTX_set_cert_verify_callback(context: Address, callback: Address, argument: null): void
  SSL_CTX_set_cookie_generate_cb(context: Address, callback: Address): void
  SSL_CTX_set_cookie_verify_cb(context: Address, callback: Address): void
  SSL_CTX_use_certificate(context: Address, certificate: Address): number
  SSL_CTX_use_PrivateKey(context: Address, key: Address): number
  SSL_CTX_check_private_key(context: Address): number

  SSL_new(context: Address): Address
  SSL_free(ssl: Address): void
  SSL_set_bio(ssl: Address, inbound: Address, outbound: Address): void
  SSL_set_accept_state(ssl: Address): void
  SSL_set_connect_state(ssl: Address): void
  SSL_ctrl(ssl: Address, command: number, number: number, memory: Memory): number
  DTLS_set_timer_cb(ssl: Address, callback: Address): void
  SSL_do_handshake(ssl: Address): number
  SSL_read(ssl: Address, data: Uint8Array, length: number): number
  SSL_shutdown(ssl: Address): number
  SSL_get_error(ssl: Address, result: number): number
  SSL_alert_desc_string_long(alert: number): string
  SSL_get_selected_srtp_profile(ssl: Address): Address
  SSL_get1_peer_certificate(ssl: Address): Address
  SSL_export_keying_material(
    ssl: Address,
    out: Uint8Array,
    length: number,
    label: string,
    labelLength: number,
    context: null,
    contextLength: number,
    useContext: number,
  ): number
}

/** The same functions as C declares them (openssl/ssl.h, err.h, bio.h, x509.h of 3.5). */
const declarations: Readonly<Record<keyof OpenSsl, string>> = {
  ERR_clear_error: 'void ERR_clear_error()',
  ERR_get_error: 'unsigned long ERR_get_error()',
  ERR_reason_error_string: 'const char *ERR_reason_error_string(unsigned long e)',

  BIO_new: 'void *BIO_new(void *type)',
  BIO_s_mem: 'void *BIO_s_mem()',
  BIO_read: 'int BIO_read(void *b, void *data, int dlen)',
  BIO_write: 'int BIO_write(void *b, void *data, int dlen)',
  BIO_ctrl: 'long BIO_ctrl(void *bp, int cmd, long larg, void *parg)',
  BIO_free: 'int BIO_free(void *a)',

  d2i_PrivateKey_bio: 'void *d2i_PrivateKey_bio(void *bp, void *a)',
  EVP_PKEY_free: 'void EVP_PKEY_free(void *key)',
  EVP_sha256: 'void *EVP_sha256()',
  X509_new: 'void *X509_new()',
  X509_free: 'void X509_free(void *a)',
  X509_set_version: 'int X509_set_version(void *x, long version)',
  X509_get_serialNumber: 'void *X509_get_serialNumber(void *x)',
  ASN1_INTEGER_set_uint64: 'int ASN1_INTEGER_set_uint64(void *a, uint64_t r)',
  X509_getm_notBefore: 'void *X509_getm_notBefore(void *x)',
  X509_getm_notAfter: 'void *X509_getm_notAfter(void *x)',
  ASN1_TIME_set: 'void *ASN1_TIME_set(void *s, int64_t t)',
  X509_get_subject_name: 'void *X509_get_subject_name(void *a)',
  X509_set_issuer_name: 'int X509_set_issuer_name(void *x, void *name)',
  X509_NAME_add_entry_by_txt:
    'int X509_NAME_add_entry_by_txt(void *name, const char *field, int type, void *bytes, int len, int loc, int set)',
  X509_set_pubkey: 'int X509_set_pubkey(void *x, void *pkey)',
  X509_sign: 'int X509_sign(void *x, void *pkey, void *md)',
  d2i_X509_bio: 'void *d2i_X509_bio(void *bp, void *x509)',
  i2d_X509_bio: 'int i2d_X509_bio(void *bp, void *x509)',

  DTLS_method: 'void *DTLS_method()',
  SSL_CTX_new: 'void *SSL_CTX_new(void *meth)',
  SSL_CTX_free: 'void SSL_CTX_free(void *ctx)',
  SSL_CTX_ctrl: 'long SSL_CTX_ctrl(void *ctx, int cmd, long larg, void *parg)',
  SSL_CTX_set_options: 'uint64_t SSL_CTX_set_options(void *ctx, uint64_t op)',
  SSL_CTX_set_security_level: 'void SSL_CTX_set_security_level(void *ctx, int level)',
  SSL_CTX_set_cipher_list: 'int SSL_CTX_set_cipher_list(void *ctx, const char *str)',
  SSL_CTX_set_tlsext_use_srtp: 'int SSL_CTX_set_tlsext_use_srtp(void *ctx, const char *profiles)',
  SSL_CTX_set_verify: 'void SSL_CTX_set_verify(void *ctx, int mode, void *callback)',
  SSL_CTX_set_cert_verify_callback: 'void SSL_CTX_set_cert_verify_callback(void *ctx, void *cb, void *arg)',
  SSL_CTX_set_cookie_generate_cb: 'void SSL_CTX_set_cookie_generate_cb(void *ctx, void *cb)',
  SSL_CTX_set_cookie_verify_cb: 'void SSL_CTX_set_cookie_verify_cb(void *ctx, void *cb)',
  SSL_CTX_use_certificate: 'int SSL_CTX_use_certificate(void *ctx, void *x)',
  SSL_CTX_use_PrivateKey: 'int SSL_CTX_use_PrivateKey(void *ctx, void *pkey)',
  SSL_CTX_check_private_key: 'int SSL_CTX_check_private_key(void *ctx)',

  SSL_new: 'void *SSL_new(void *ctx)',
  SSL_free: 'void SSL_free(void *ssl)',
  SSL_set_bio: 'void SSL_set_bio(void *s, void *rbio, void *wbio)',
  SSL_set_accept_state: 'void SSL_set_accept_state(void *s)',
  SSL_set_connect_state: 'void SSL_set_connect_state(void *s)',
  SSL_ctrl: 'long SSL_ctrl(void *ssl, int cmd, long larg, void *parg)',
  DTLS_set_timer_cb: 'void DTLS_set_timer_cb(void *s, void *cb)',
  SSL_do_handshake: 'int SSL_do_handshake(void *s)',
  SSL_read: 'int SSL_read(void *ssl, void *buf, int num)',
  SSL_shutdown: 'int SSL_shutdown(void *s)',
  SSL_get_error: 'int SSL_get_error(void *s, int ret_code)',
  SSL_alert_desc_string_long: 'const char *SSL_alert_desc_string_long(int value)',
  SSL_get_selected_srtp_profile: 'void *SSL_get_selected_srtp_profile(void *s)',
  SSL_get1_peer_certificate: 'void *SSL_get1_peer_certificate(void *s)',
  SSL_export_keying_material:
    'int SSL_export_keying_material(void *s, void *out, size_t olen, const char *label, size_t llen, void *context, size_t contextlen, int use_context)',
}

/** The callbacks that OpenSSL makes. They must not throw, and `ssl` is one that lives for the length of the call. */
export interface OpenSslCallbacks {
  /** Whether the chain that the peer showed will do: 1 or 0 (SSL_CTX_set_cert_verify_callback). */
  verifyCertificate(): number
  /** The next retransmission timeout after one of `microseconds`, or the first when that is 0 (DTLS_set_timer_cb). */
  nextTimeout(ssl: bigint, microseconds: number): number
  /** A HelloVerifyRequest's cookie, of at most 255 bytes, or nothing when there is none. */
  makeCookie(ssl: bigint): Uint8Array | undefined
  /** Whether a ClientHello's cookie is the one that was made. */
  checkCookie(ssl: bigint, cookie: Uint8Array): boolean
}

/** Addresses of registered callbacks; they live as long as the thread. */
export interface CallbackAddresses {
  readonly verifyCertificate: Address
  readonly nextTimeout: Address
  readonly makeCookie: Address
  readonly checkCookie: Address
}

let koffi: typeof Koffi | undefined
let loaded: OpenSsl | undefined

/**
 * The functions, looked up once a thread.
 * @throws MediaError `MEDIA_OPENSSL_UNAVAILABLE` when koffi has no build for this platform, or Node was linked without them
 */
export function openSsl(): OpenSsl {
  return (loaded ??= load())
}

function load(): OpenSsl {
  return nodeFunctions(declarations)
}

/**
 * Functions that Node exports, by their names and C declarations.
 * @throws MediaError `MEDIA_OPENSSL_UNAVAILABLE` when koffi has no build for this platform, or one of them is missing
 */
export function nodeFunctions<Functions>(declared: Readonly<Record<keyof Functions, string>>): Functions {
  const library = loadKoffi()
  const functions: Record<string, unknown> = {}
  try {
    const node = library.load(null)
    for (const [name, declaration] of Object.entries<string>(declared)) functions[name] = node.func(declaration)
  } catch (cause) {
    const what = `OpenSSL cannot be called, Node ${process.version} does not export all that is needed of version 3`
    throw new MediaError('MEDIA_OPENSSL_UNAVAILABLE', `${what}: ${String(cause)}`, { cause })
  }
  return functions as unknown as Functions
}

/**
 * Where memory of JavaScript begins. Only memory outside of JavaScript's heap stays there: that of an ArrayBuffer.
 * @throws MediaError `MEDIA_OPENSSL_UNAVAILABLE`
 */
export function addressOf(memory: Uint8Array): bigint {
  return loadKoffi().address(memory)
}

function loadKoffi(): typeof Koffi {
  try {
    return (koffi ??= createRequire(import.meta.url)('koffi') as typeof Koffi)
  } catch (cause) {
    const what = 'OpenSSL cannot be called, the package koffi does not load here'
    throw new MediaError('MEDIA_OPENSSL_UNAVAILABLE', `${what}: ${String(cause)}`, { cause })
  }
}

/**
 * Gives `callbacks` addresses that native code can call on this thread. They are never taken back: call it once a thread.
 * @throws MediaError `MEDIA_OPENSSL_UNAVAILABLE`
 */
export function registerCallbacks(callbacks: OpenSslCallbacks): CallbackAddresses {
  openSsl()
  const k = koffi!
  const register = (result: string, parameters: string[], callback: (...values: never[]) => number): bigint =>
    k.register(callback, k.pointer(k.proto(result, parameters)))
  return {
    verifyCertificate: register('int', ['void *', 'void *'], () => callbacks.verifyCertificate()),
    nextTimeout: register('unsigned int', ['void *', 'unsigned int'], (ssl: bigint, microseconds: number) =>
      callbacks.nextTimeout(ssl, microseconds),
    ),
    makeCookie: register('int', ['void *', 'void *', 'void *'], (ssl: bigint, out: bigint, length: bigint) => {
      const cookie = callbacks.makeCookie(ssl)
      if (cookie === undefined || cookie.length > 255) return 0 // OpenSSL's array has DTLS1_COOKIE_LENGTH bytes
      k.encode(out, 'uint8_t', [...cookie], cookie.length)
      k.encode(length, 'unsigned int', cookie.length)
      return 1
    }),
    checkCookie: register('int', ['void *', 'void *', 'unsigned int'], (ssl: bigint, data: bigint, length: number) => {
      if (length === 0 || length > 255) return 0
      const cookie = k.decode(data, k.array('uint8_t', length, 'Typed')) as Uint8Array
      return callbacks.checkCookie(ssl, cookie) ? 1 : 0
    }),
  }
}

/** The `id` of a `SRTP_PROTECTION_PROFILE { const char *name; unsigned long id }` at `address`. */
export function srtpProfileId(address: bigint): number {
  openSsl()
  return Number(koffi!.decode(address, koffi!.sizeof('void *'), 'unsigned long'))
}

/** Empties the thread's queue of errors and gives the oldest, which is the cause of the others; 0 when there was none. */
export function takeError(): number {
  const ssl = openSsl()
  const first = Number(ssl.ERR_get_error())
  if (first !== 0) ssl.ERR_clear_error()
  return first
}

/** Whether a C function gave NULL. */
export function isNull(pointer: Address): pointer is null | 0n {
  return pointer === null || pointer === 0n
}
