/** Clear, SDES, DTLS-SRTP or ZRTP; linphone's words. */
export type LinphoneEncryption = 'none' | 'srtp' | 'dtls' | 'zrtp'

/** Key agreements of ZRTP that Debian's build has. */
export type LinphoneKeyAgreement = 'DH3k' | 'X255' | 'X448'

export interface LinphoneSettings {
  /** User part of its address. */
  readonly name: string
  /** Domain of its address. */
  readonly domain: string
  readonly password?: string
  /** The registrar and outbound proxy, such as sip:127.0.0.1:5060. */
  readonly proxy: string
  /** Its SIP port, UDP. */
  readonly sipPort: number
  /** First of eight media ports: audio RTP and RTCP, then video. */
  readonly rtpPort: number
  /** What it is bound to; 127.0.0.1 by default. With ICE another one: linphone has no candidate of the loopback. */
  readonly address?: string
  readonly encryption?: LinphoneEncryption
  /** Takes no call without its encryption. */
  readonly mandatory?: boolean
  readonly avpf?: boolean
  readonly rtcpMux?: boolean
  readonly ice?: boolean
  /** Offers its encryption as a possibility, besides RTP/AVP (RFC 5939). */
  readonly capabilities?: boolean
  /** SDES suites that it offers, in order, comma separated; all that it has by default. */
  readonly suites?: string
  /** The key agreement of ZRTP that it lists, beside DH3k, which every phone has; DH3k alone by default. */
  readonly keyAgreement?: LinphoneKeyAgreement
  /** Sends a still picture as VP8 video with every call, or when it is told to. */
  readonly video?: boolean | 'on demand'
  /** Answers 183 with its tone while it rings. */
  readonly earlyMedia?: boolean
  /** How it sends keys: as events of RFC 4733, or in INFO; then it neither offers nor answers events. By default as events. */
  readonly keys?: 'events' | 'info'
}

type Sections = Record<string, Record<string, string | number>>

const off = 0
const on = 1

/** Every audio codec of Debian's build; all are named, because linphone adds those that it does not find, enabled. */
const codecs: readonly (readonly [mime: string, rate: number, channels: number])[] = [
  ['PCMU', 8000, 1],
  ['PCMA', 8000, 1],
  ['opus', 48_000, 2],
  ['G722', 8000, 1],
  ['speex', 32_000, 1],
  ['speex', 16_000, 1],
  ['speex', 8000, 1],
  ['G729', 8000, 1],
  ['GSM', 8000, 1],
  ['iLBC', 8000, 1],
  ['BV16', 8000, 1],
  ['L16', 44_100, 2],
  ['L16', 44_100, 1],
]

/** The text of a linphonerc: one registered account, PCMU only (so that a capture can be read), no STUN, no ICE. */
export function linphoneSettings(settings: LinphoneSettings): string {
  const {
    name,
    domain,
    password,
    proxy,
    sipPort,
    rtpPort,
    address = '127.0.0.1',
    encryption = 'none',
    mandatory = false,
    avpf = false,
    rtcpMux = false,
    ice = false,
    capabilities = false,
    suites,
    keyAgreement,
    video = false,
    earlyMedia = false,
    keys = 'events',
  } = settings
  const sections: Sections = {
    sip: {
      sip_port: sipPort,
      sip_tcp_port: 0,
      sip_tls_port: 0,
      bind_address: address,
      // without ipv6_migration_done, use_ipv6 is erased at start and the offer may hold "c=IN IP6"
      ipv6_migration_done: on,
      use_ipv6: off,
      guess_hostname: off,
      contact: `sip:${name}@${address}:${sipPort}`,
      media_encryption: encryption,
      media_encryption_mandatory: mandatory ? on : off,
      support_capability_negotiations: capabilities ? on : off,
      register_only_when_network_is_up: off,
      auto_net_state_mon: off,
      inc_timeout: 60,
      use_rfc2833: keys === 'events' ? on : off,
      use_info: keys === 'events' ? off : on,
      incoming_calls_early_media: earlyMedia ? on : off,
      default_proxy: 0,
      ...(keyAgreement && { zrtp_key_agreements_suites: `MS_ZRTP_KEY_AGREEMENT_${keyAgreement.toUpperCase()}` }),
      ...(suites === undefined ? {} : { srtp_crypto_suites: suites }),
    },
    rtp: {
      audio_rtp_port: rtpPort,
      video_rtp_port: rtpPort + 4,
      bind_address: address,
      rtcp_mux: rtcpMux ? on : off,
      bundle: off,
      avpf: avpf ? on : off,
    },
    net: ice ? { nat_policy_ref: 'nat' } : {},
    ...(ice ? { nat_policy_0: { ref: 'nat', protocols: 'ice' } } : {}),
    lime: {},
    video: video
      ? {
          capture: on,
          // no window to show it in: received video is counted and decrypted, but not decoded
          display: off,
          automatically_initiate: video === 'on demand' ? off : on,
          automatically_accept: on,
          device: 'StaticImage: Static picture',
          size: 'qcif',
        }
      : { capture: off, display: off },
    proxy_0: {
      reg_proxy: `<${proxy}>`,
      reg_route: `<${proxy};lr>`,
      reg_identity: `sip:${name}@${domain}`,
      reg_expires: 600,
      reg_sendregister: on,
      publish: off,
      avpf: avpf ? on : off,
    },
  }
  if (password !== undefined) sections['auth_info_0'] = { username: name, passwd: password, realm: domain, domain }
  codecs.forEach(([mime, rate, channels], index) => {
    sections[`audio_codec_${index}`] = { mime, rate, channels, enabled: mime === 'PCMU' ? on : off }
  })
  if (video) sections['video_codec_0'] = { mime: 'VP8', rate: 90_000, enabled: on }
  return Object.entries(sections)
    .map(([section, values]) => {
      const lines = Object.entries(values).map(([key, value]) => `${key}=${value}\n`)
      return `[${section}]\n${lines.join('')}`
    })
    .join('\n')
}
