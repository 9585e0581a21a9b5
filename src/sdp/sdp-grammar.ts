import * as sdpTransform from 'sdp-transform'

/** One row of `sdp-transform`'s table: how a line is recognised, decoded and written. */
interface GrammarRow {
  readonly push?: string
  readonly name?: string
  readonly reg?: RegExp
  readonly names?: readonly string[]
  readonly format?: string | ((values: Readonly<Record<string, unknown>>) => string)
}

const configuration = (name: string) => (values: Readonly<Record<string, unknown>>) =>
  values['configuration'] === undefined ? `${name}:%s` : `${name}:%s %s`

/**
 * The rows that `sdp-transform` lacks. Its table is one for the process, so rows are only added, in front of the
 * catch-all that ends it: other users of the package (jssip) see what they saw before.
 */
const rows: readonly GrammarRow[] = [
  // a=zrtp-hash:1.10 5d3e7a…  (RFC 6189 §8)
  { push: 'zrtpHashes', reg: /^zrtp-hash:(\S+) (\S+)$/, names: ['version', 'hash'], format: 'zrtp-hash:%s %s' },
  // a=tcap:1 RTP/SAVP UDP/TLS/RTP/SAVP  (RFC 5939 §3.4.1)
  { push: 'tcap', reg: /^tcap:(\d+) (\S.*)$/, names: ['id', 'protocols'], format: 'tcap:%s %s' },
  // a=acap:1 crypto:1 AES_CM_128_HMAC_SHA1_80 inline:…  (§3.4.2)
  { push: 'acap', reg: /^acap:(\d+) (\S.*)$/, names: ['id', 'attribute'], format: 'acap:%s %s' },
  // a=pcfg:1 a=1|2|3|4 t=1  (§3.5.1)
  { push: 'pcfg', reg: /^pcfg:(\d+)(?: (\S.*))?$/, names: ['id', 'configuration'], format: configuration('pcfg') },
  // a=acfg:1 a=1|2|3|4 t=1  (§3.5.2)
  { push: 'acfg', reg: /^acfg:(\d+)(?: (\S.*))?$/, names: ['id', 'configuration'], format: configuration('acfg') },
  // a=csup:cap-v0, a=creq:cap-v0  (§3.3.1, §3.3.2)
  { push: 'csup', reg: /^csup:(\S+)$/, names: ['tags'], format: 'csup:%s' },
  { push: 'creq', reg: /^creq:(\S+)$/, names: ['tags'], format: 'creq:%s' },
  // a=tls-id:abc3de65cddef001be82  (RFC 8842 §4)
  { name: 'tlsId', reg: /^tls-id:(\S+)$/, format: 'tls-id:%s' },
]

const attributeRows = (sdpTransform as unknown as { readonly grammar: { readonly a: GrammarRow[] } }).grammar.a
attributeRows.splice(-1, 0, ...rows)

/** Parser of `sdp-transform`, for text whose lines have been checked. */
export const parseRaw = sdpTransform.parse
/** Writer of `sdp-transform`. */
export const writeRaw = sdpTransform.write
