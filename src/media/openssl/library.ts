import koffi from 'koffi'
import { MediaError } from '../media-error.ts'

/** The address of something of OpenSSL's; 0 is null. Numbers, because a JavaScript object for each would be waste. */
export type Address = number

/** Every function of OpenSSL that is called, with its C declaration. */
const declarations = {
  DTLS_method: 'uintptr_t DTLS_method()',
  SSL_CTX_new: 'uintptr_t SSL_CTX_new(uintptr_t method)',
  SSL_CTX_free: 'void SSL_CTX_free(uintptr_t ctx)',
  SSL_CTX_ctrl: 'long SSL_CTX_ctrl(uintptr_t ctx, int cmd, long larg, void *parg)',
  SSL_CTX_set_options: 'uint64_t SSL_CTX_set_options(uintptr_t ctx, uint64_t options)',
  SSL_CTX_set_cipher_list: 'int SSL_CTX_set_cipher_list(uintptr_t ctx, const char *list)',
  SSL_CTX_set_tlsext_use_srtp: 'int SSL_CTX_set_tlsext_use_srtp(uintptr_t ctx, const char *profiles)',
  SSL_CTX_use_certificate: 'int SSL_CTX_use_certificate(uintptr_t ctx, uintptr_t x509)',
  SSL_CTX_use_PrivateKey: 'int SSL_CTX_use_PrivateKey(uintptr_t ctx, uintptr_t pkey)',
  SSL_CTX_set_verify: 'void SSL_CTX_set_verify(uintptr_t ctx, int mode, void *callback)',
  SSL_CTX_set_cookie_generate_cb: 'void SSL_CTX_set_cookie_generate_cb(uintptr_t ctx, void *callback)',
  SSL_CTX_set_cookie_verify_cb: 'void SSL_CTX_set_cookie_verify_cb(uintptr_t ctx, void *callback)',
  SSL_new: 'uintptr_t SSL_new(uintptr_t ctx)',
  SSL_free: 'void SSL_free(uintptr_t ssl)',
  SSL_ctrl: 'long SSL_ctrl(uintptr_t ssl, int cmd, long larg, void *parg)',
  SSL_set_options: 'uint64_t SSL_set_options(uintptr_t ssl, uint64_t options)',
  SSL_set_bio: 'void SSL_set_bio(uintptr_t ssl, uintptr_t rbio, uintptr_t wbio)',
  SSL_set_accept_state: 'void SSL_set_accept_state(uintptr_t ssl)',
  SSL_set_connect_state: 'void SSL_set_connect_state(uintptr_t ssl)',
  SSL_do_handshake: 'int SSL_do_handshake(uintptr_t ssl)',
  SSL_read: 'int SSL_read(uintptr_t ssl, void *buffer, int length)',
  SSL_shutdown: 'int SSL_shutdown(uintptr_t ssl)',
  SSL_get_error: 'int SSL_get_error(uintptr_t ssl, int result)',
  SSL_get_selected_srtp_profile: 'uintptr_t SSL_get_selected_srtp_profile(uintptr_t ssl)',
  SSL_export_keying_material:
    'int SSL_export_keying_material(uintptr_t ssl, void *out, size_t length, const char *label, size_t labelLength, void *context, size_t contextLength, int useContext)',
  SSL_get1_peer_certificate: 'uintptr_t SSL_get1_peer_certificate(uintptr_t ssl)',
  DTLS_set_timer_cb: 'void DTLS_set_timer_cb(uintptr_t ssl, void *callback)',
  BIO_new: 'uintptr_t BIO_new(uintptr_t type)',
  BIO_s_dgram_mem: 'uintptr_t BIO_s_dgram_mem()',
  BIO_new_mem_buf: 'uintptr_t BIO_new_mem_buf(void *buffer, int length)',
  BIO_free: 'int BIO_free(uintptr_t bio)',
  BIO_read: 'int BIO_read(uintptr_t bio, void *buffer, int length)',
  BIO_write: 'int BIO_write(uintptr_t bio, void *buffer, int length)',
  PEM_read_bio_X509: 'uintptr_t PEM_read_bio_X509(uintptr_t bio, void *out, void *callback, void *user)',
  PEM_read_bio_PrivateKey: 'uintptr_t PEM_read_bio_PrivateKey(uintptr_t bio, void *out, void *callback, void *user)',
  PEM_write_bio_X509: 'int PEM_write_bio_X509(uintptr_t bio, uintptr_t x509)',
  X509_new: 'uintptr_t X509_new()',
  X509_set_version: 'int X509_set_version(uintptr_t x509, long version)',
  X509_get_serialNumber: 'uintptr_t X509_get_serialNumber(uintptr_t x509)',
  ASN1_INTEGER_set_uint64: 'int ASN1_INTEGER_set_uint64(uintptr_t integer, uint64_t value)',
  X509_getm_notBefore: 'uintptr_t X509_getm_notBefore(uintptr_t x509)',
  X509_getm_notAfter: 'uintptr_t X509_getm_notAfter(uintptr_t x509)',
  ASN1_TIME_set: 'uintptr_t ASN1_TIME_set(uintptr_t time, int64_t seconds)',
  X509_get_subject_name: 'uintptr_t X509_get_subject_name(uintptr_t x509)',
  X509_NAME_add_entry_by_txt:
    'int X509_NAME_add_entry_by_txt(uintptr_t name, const char *field, int type, const char *bytes, int length, int loc, int set)',
  X509_set_issuer_name: 'int X509_set_issuer_name(uintptr_t x509, uintptr_t name)',
  X509_set_pubkey: 'int X509_set_pubkey(uintptr_t x509, uintptr_t pkey)',
  X509_sign: 'int X509_sign(uintptr_t x509, uintptr_t pkey, uintptr_t digest)',
  EVP_sha256: 'uintptr_t EVP_sha256()',
  X509_free: 'void X509_free(uintptr_t x509)',
  EVP_PKEY_free: 'void EVP_PKEY_free(uintptr_t pkey)',
  BIO_s_mem: 'uintptr_t BIO_s_mem()',
  i2d_X509_bio: 'int i2d_X509_bio(uintptr_t bio, uintptr_t x509)',
  ERR_get_error: 'unsigned long ERR_get_error()',
  ERR_clear_error: 'void ERR_clear_error()',
  ERR_error_string_n: 'void ERR_error_string_n(unsigned long code, void *out, size_t length)',
} as const

/** The functions: addresses, lengths and flags are numbers, also those that are returned. */
export type OpenSsl = Readonly<Record<keyof typeof declarations, (...parameters: readonly unknown[]) => number>>

let loaded: OpenSsl | undefined

/**
 * OpenSSL as Node brings it, called in this process.
 * @throws MediaError `MEDIA_OPENSSL_UNAVAILABLE` where koffi has no build or Node was built without the functions
 */
export function openSsl(): OpenSsl {
  if (loaded !== undefined) return loaded
  try {
    const library = koffi.load(null)
    const functions = Object.entries(declarations).map(([name, declaration]) => [name, library.func(declaration)])
    return (loaded = Object.fromEntries(functions) as OpenSsl)
  } catch (cause) {
    const text = `OpenSSL cannot be called in this process: ${cause instanceof Error ? cause.message : String(cause)}`
    throw new MediaError('MEDIA_OPENSSL_UNAVAILABLE', text, { cause })
  }
}
