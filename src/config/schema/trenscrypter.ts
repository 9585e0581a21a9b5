import { stringList } from '../value-type.ts'
import { parameter } from './parameter.ts'

/** The help of the section, for `--dump-default`. */
export const trenscrypterHelp =
  'Rules of the application that bridges different media encryptions. The patterns are ECMAScript regular expressions, matched against the whole SIP URI of the recipient; the first that matches decides. A pattern cannot contain a space: write \\x20.'

/** [b2bua-server::trenscrypter] (reference: trenscrypter). */
export const trenscrypter = {
  'outgoing-enc-regex': parameter({
    type: stringList,
    default: '',
    help: "Media encryption of outgoing calls: mode1 regex1 mode2 regex2 ...\nModes: 'zrtp', 'dtls-srtp', 'sdes', 'none'. Without a match the outgoing call is encrypted as the incoming one.\nExample: zrtp .*@sip\\.secure-example\\.org dtls-srtp .*dtls@sip\\.example\\.org sdes .*@sip\\.example\\.org",
    reload: 'next call',
  }),
  'outgoing-srtp-regex': parameter({
    type: stringList,
    default: '',
    help: "Crypto suites of outgoing calls whose mode is 'sdes', in the order of preference: suites1 regex1 suites2 regex2 ..., suites separated by semicolons.\nSuites: AES_CM_128_HMAC_SHA1_80, AES_CM_128_HMAC_SHA1_32, AES_192_CM_HMAC_SHA1_80, AES_192_CM_HMAC_SHA1_32, AES_256_CM_HMAC_SHA1_80, AES_256_CM_HMAC_SHA1_32, AEAD_AES_128_GCM, AEAD_AES_256_GCM.\nExample: AES_256_CM_HMAC_SHA1_80;AES_256_CM_HMAC_SHA1_32 .*@sip\\.secure-example\\.org AES_CM_128_HMAC_SHA1_80 .*@sip\\.example\\.org",
    reload: 'next call',
  }),
} as const
