import {
  boolean,
  durationS,
  integer,
  integerRange,
  oneOf,
  path,
  type Range,
  string,
  stringList,
} from '../value-type.ts'
import { type Fault } from '../problem.ts'
import { checkAddresses, checkSipUri, checkTransport } from '../sip-uri-shape.ts'
import { parameter } from './parameter.ts'

/** The help of the section, for `--dump-default`. */
export const b2buaServerHelp = 'Parameters of the back-to-back user agent server.'

/** [b2bua-server], as of Flexisip 2.7 (reference: b2bua-server §1). */
export const b2buaServer = {
  application: parameter({
    type: oneOf('trenscrypter', 'sip-bridge'),
    default: 'trenscrypter',
    help: "What the server does with a call: 'trenscrypter' bridges different media encryptions, 'sip-bridge' bridges to accounts of other SIP providers.",
    reload: 'restart',
  }),
  transport: parameter({
    type: string,
    default: 'sip:127.0.0.1:6067;transport=tcp',
    help: 'SIP URI on which the server listens: scheme, host, port and transport count.\nsip: with transport udp (or none), tcp or tls; sips: with transport tcp (or none) for TLS.',
    reload: 'restart',
    check: checkTransport,
    alias: 'transports',
  }),
  'outbound-proxy': parameter({
    type: string,
    default: 'sip:127.0.0.1:5060;transport=tcp',
    help: 'SIP URI of the Flexisip proxy through which every outgoing call of the trenscrypter goes.',
    reload: 'next call',
    check: checkSipUri,
  }),
  'user-agent': parameter({
    type: string,
    default: 'Flexisip-B2BUA/{version}',
    help: "Value of the User-Agent header of every request: <name>[/<version>]. The proxy tells the server's own requests by it, so both must have the same value; '{version}' is replaced by the version of the program that reads it.",
    reload: 'restart',
    check: checkUserAgent,
  }),
  'data-directory': parameter({
    type: path,
    default: '/var/opt/belledonne-communications/flexisip/b2b',
    help: 'Directory of what the server keeps, such as the certificate of its DTLS-SRTP. It is made when it is missing.',
    reload: 'restart',
    check: (directory) =>
      directory === '' ? { what: 'no directory is named', instead: 'write the path of a directory' } : undefined,
  }),
  'audio-port': parameter({
    type: integerRange,
    default: '0',
    help: 'UDP port of the audio streams, or a range min-max of ports. 0 lets the system choose.',
    reload: 'next call',
    check: checkPorts,
  }),
  'video-port': parameter({
    type: integerRange,
    default: '0',
    help: 'UDP port of the video streams, or a range min-max of ports. 0 lets the system choose.',
    reload: 'next call',
    check: checkPorts,
  }),
  'audio-codec': parameter({
    type: string,
    default: '',
    help: 'The only audio codec of calls, as <name>/<rate>, e.g. opus/48000. Empty: all that both sides have.',
    reload: 'next call',
    check: (codec) =>
      codec === '' || /^[A-Za-z0-9-]+\/[0-9]+$/.test(codec)
        ? undefined
        : { what: 'this is not a codec with its rate', instead: "write <name>/<rate>, e.g. 'opus/48000'" },
  }),
  'video-codec': parameter({
    type: string,
    default: '',
    help: 'The only video codec of calls, by its name, e.g. VP8. Empty: all that both sides have.',
    reload: 'next call',
    check: (codec) =>
      codec === '' || /^[A-Za-z0-9-]+$/.test(codec)
        ? undefined
        : { what: 'this is not the name of a codec', instead: "write its name alone, e.g. 'VP8'" },
  }),
  'enable-ice': parameter({
    type: boolean,
    default: 'true',
    help: 'Use ICE on both sides of a call when the peer does. The server is an ICE-lite agent: phones check, it answers.',
    reload: 'next call',
  }),
  'nat-addresses': parameter({
    type: stringList,
    default: '',
    help: 'Public addresses of the server behind a NAT, at most one IPv4 and one IPv6, for ICE candidates.',
    reload: 'next call',
    check: checkAddresses,
  }),
  'enable-keepalive': parameter({
    type: boolean,
    default: 'true',
    help: 'Keep connections alive with small packets.',
    reload: 'restart',
  }),
  'one-connection-per-account': parameter({
    type: boolean,
    default: 'false',
    help: 'Give every account of the sip-bridge a connection of its own. Without effect in this version, which has no sip-bridge yet.',
    reload: 'restart',
  }),
  'no-rtp-timeout': parameter({
    type: durationS,
    default: '30',
    help: 'A call whose media is silent for this time is ended.',
    reload: 'next call',
    check: (timeout) => (timeout > 0 ? undefined : { what: 'the time-out is 0', instead: "write e.g. '30s'" }),
  }),
  'max-call-duration': parameter({
    type: durationS,
    default: '0',
    help: 'Longest duration of a call. 0: no limit.',
    reload: 'next call',
  }),
  'max-calls': parameter({
    type: integer,
    default: '500',
    help: 'Highest number of calls at a time. Those beyond are answered 486 Busy Here.',
    reload: 'next call',
    check: (calls) => (calls > 0 ? undefined : { what: `${calls} calls are no service`, instead: 'write 1 or more' }),
  }),
} as const

/** Reference: b2bua-server §1, user-agent. */
function checkUserAgent(text: string): Fault | undefined {
  if (/^[A-Za-z0-9.!%*_+`'~-]+(\/([A-Za-z0-9.!%*_+`'~-]+|\{version\}))?$/.test(text)) return undefined
  return {
    what: 'the user agent is ill-formed',
    instead: "write <name> or <name>/<version> of letters, digits and - . ! % * _ + ` ' ~, e.g. 'Flexisip-B2BUA/1.0'",
  }
}

function checkPorts({ min, max }: Range): Fault | undefined {
  if (min === 0 && max === 0) return undefined
  if (min >= 1 && max >= min && max <= 65535) return undefined
  return {
    what: 'this is no range of ports',
    instead: "write 0, a port, or min-max within 1 to 65535, e.g. '10000-20000'",
  }
}
