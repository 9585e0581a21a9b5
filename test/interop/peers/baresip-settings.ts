/**
 * Clear, SDES or DTLS-SRTP; baresip's words. srtp: RTP/AVP with a=crypto (RFC 8643); srtp-mand: RTP/SAVP, and 488 for
 * anything else; srtp-mandf: RTP/SAVPF; dtls_srtp: UDP/TLS/RTP/SAVPF.
 */
export type BaresipEncryption = 'none' | 'srtp' | 'srtp-mand' | 'srtp-mandf' | 'dtls_srtp'

export interface BaresipAccount {
  /** User part of its address. */
  readonly name: string
  readonly encryption?: BaresipEncryption
  readonly password?: string
  /** Sends 183 with its tone while it rings. */
  readonly earlyMedia?: boolean
  readonly rtcpMux?: boolean
  readonly ice?: boolean
  /** Its registrar and outbound proxy, when it is not that of the settings. */
  readonly proxy?: string
}

export interface BaresipSettings {
  /** Several accounts share one process: the user that is called, or chosen to call, says the encryption. */
  readonly accounts: readonly BaresipAccount[]
  readonly domain: string
  /** The registrar and outbound proxy, such as sip:127.0.0.1:5060. */
  readonly proxy: string
  /** What it is bound to; 127.0.0.1 by default. */
  readonly address?: string
  /** UDP and TCP; it takes the next TCP port too, for TLS. */
  readonly sipPort: number
  /** First of 20 media ports. */
  readonly rtpPort: number
  /** TCP port of its remote control. */
  readonly controlPort: number
  /** Calls at once; one more is answered 486. */
  readonly maxCalls?: number
  /** Offers and takes VP8 video, a test picture, in every call. */
  readonly video?: boolean
}

/** Where Debian's baresip-core keeps its modules. */
const modules = '/usr/lib/baresip/modules'

export const mediaPorts = 20

/**
 * The text of baresip's `config`.
 *
 * @param folder its scratch folder
 * @param tone the file that is its microphone (8 kHz, mono)
 */
export function baresipConfig(settings: BaresipSettings, folder: string, tone: string): string {
  const { address = '127.0.0.1', sipPort, rtpPort, controlPort, maxCalls = 20, video = false } = settings
  const lines = [
    'poll_method epoll',
    `sip_listen ${address}:${sipPort}`,
    'call_local_timeout 60',
    `call_max_calls ${maxCalls}`,
    `audio_source aufile,${tone}`,
    // a player that needs no device; without any player nothing is decoded
    'audio_player aubridge,speaker',
    'audio_alert aubridge,alert',
    'ausrc_srate 8000',
    'auplay_srate 8000',
    'ausrc_channels 1',
    'auplay_channels 1',
    'ausrc_format s16',
    'auplay_format s16',
    'auenc_format s16',
    'audec_format s16',
    'audio_buffer 20-160',
    ...(video ? ['video_source fakevideo', 'video_display fakevideo', 'video_size 176x144', 'video_fps 5'] : []),
    `rtp_ports ${rtpPort}-${rtpPort + mediaPorts - 1}`,
    'jitter_buffer_delay 5-10',
    'rtp_stats yes',
    `net_interface ${address}`,
    `module_path ${modules}`,
    'module g711.so',
    'module aubridge.so',
    'module aufile.so',
    // writes what is sent and heard to snd_path
    'module sndfile.so',
    `snd_path ${folder}/snd`,
    'module srtp.so',
    'module dtls_srtp.so',
    'module ice.so',
    ...(video ? ['module vp8.so', 'module fakevideo.so'] : []),
    'module_tmp uuid.so',
    'module_tmp account.so',
    'module_app menu.so',
    'module_app ctrl_tcp.so',
    `ctrl_tcp_listen 127.0.0.1:${controlPort}`,
  ]
  return `${lines.join('\n')}\n`
}

/** The text of baresip's `accounts`. */
export function baresipAccounts(settings: BaresipSettings): string {
  const { domain } = settings
  return settings.accounts
    .map(
      ({
        name,
        password,
        encryption = 'none',
        earlyMedia = false,
        rtcpMux = false,
        ice = false,
        proxy = settings.proxy,
      }) =>
        [
          `<sip:${name}@${domain}>`,
          'regint=600',
          `outbound="${proxy}"`,
          ...(password === undefined ? [] : [`auth_pass=${password}`]),
          ...(encryption === 'none' ? [] : [`mediaenc=${encryption}`]),
          ...(rtcpMux ? ['rtcp_mux=yes'] : []),
          ...(ice ? ['medianat=ice'] : []),
          'audio_codecs=pcmu/8000/1',
          `answermode=${earlyMedia ? 'early' : 'manual'}`,
        ].join(';'),
    )
    .map((line) => `${line}\n`)
    .join('')
}
