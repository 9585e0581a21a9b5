import { isIP } from 'node:net'
import { headerPolicy } from '../header-policy-type.ts'
import { type Fault } from '../problem.ts'
import { boolean, durationMs, durationS, integer, oneOf, path, string, stringList } from '../value-type.ts'
import { parameter } from './parameter.ts'

/** The help of the section, for `--dump-default`. */
export const companionHelp =
  'Settings of this program that a Flexisip does not know: they live in flexisip-b2bua.conf, beside flexisip.conf, because a Flexisip refuses to start on a key that it does not know.'

/** [b2bua] of the companion file. */
export const companion = {
  'shutdown-grace': parameter({
    type: durationS,
    default: '5s',
    help: 'How long calls in progress may go on after the server was told to stop; then they are ended.',
    reload: 'live',
  }),
  'strict-rules': parameter({
    type: boolean,
    default: 'false',
    help: 'Refuse to start when a rule of the trenscrypter is invalid, as Flexisip since 2.5 does. Otherwise the rule is skipped with an error in the log, as before 2.5. A reload never takes an invalid rule.',
    reload: 'restart',
  }),
  'max-call-rate': parameter({
    type: integer,
    default: '0',
    help: 'Highest number of new calls a second; as many may come at once. Those beyond are answered 503 Service Unavailable with Retry-After. 0: no limit.',
    reload: 'next call',
    check: checkRate,
  }),
  'max-call-rate-per-source': parameter({
    type: integer,
    default: '0',
    help: 'The same for each IP address (of IPv6, each /64) that sends INVITEs to this server: beside a proxy that is the proxy, from which all calls come. 0: no limit.',
    reload: 'next call',
    check: checkRate,
  }),
  'max-event-loop-delay': parameter({
    type: durationMs,
    default: '500ms',
    help: 'New calls are answered 503 while the server is so far behind with its work, so that the calls in progress are served. 0: never.',
    reload: 'next call',
  }),
  'media-address': parameter({
    type: string,
    default: '',
    help: 'IP address on which media is sent and received, and which calls are told. Empty: the host of b2bua-server/transport.',
    reload: 'next call',
    check: (address) =>
      address === '' || (isIP(address) !== 0 && address !== '0.0.0.0' && address !== '::')
        ? undefined
        : { what: 'this is not the IP address of an interface', instead: 'write the address that phones can reach' },
  }),
  'packet-io': parameter({
    type: oneOf('auto', 'linux', 'dgram'),
    default: 'auto',
    help: "How media is received and sent: 'linux' is a loop of its own over the system's calls, 'dgram' are Node's sockets, which cost one and a half times to twice as much. 'auto' and 'linux' are the same: where the loop does not run, Node's sockets take its place, and the log says why.",
    reload: 'restart',
  }),
  'media-pause': parameter({
    type: durationMs,
    default: '1ms',
    help: 'How long a media worker with much to do lets packets gather before it looks at them: it saves up to half of its time, and delays media by half of the pause. Nothing waits in a worker with little to do. 0: never.',
    reload: 'restart',
    check: (pause) =>
      pause <= 10
        ? undefined
        : { what: 'media would wait for longer than phones put up with', instead: 'write 0 to 10 milliseconds' },
  }),
  'audio-dscp': parameter({
    type: integer,
    default: '0',
    help: 'Differentiated services code point (RFC 2474) of the packets of audio, and of any stream that is not video, e.g. 46 for expedited forwarding. Without effect with packet-io=dgram.',
    reload: 'next call',
    check: checkDscp,
  }),
  'video-dscp': parameter({
    type: integer,
    default: '0',
    help: 'The same for video, e.g. 34.',
    reload: 'next call',
    check: checkDscp,
  }),
  'dtls-certificate': parameter({
    type: oneOf('ecdsa', 'rsa'),
    default: 'ecdsa',
    help: 'Which of its two certificates the server shows in DTLS-SRTP. Both are made in data-directory. Every phone of today takes ECDSA; rsa is for old ones.',
    reload: 'restart',
  }),
  'zrtp-cache': parameter({
    type: oneOf('file', 'memory'),
    default: 'file',
    help: "Where the server keeps what ZRTP retains of a call for the next one: in zrtp-secrets.sqlite of data-directory, or in memory, as Flexisip does, where a restart forgets it and phones show that. A phone's key agreement is as good either way, as long as its user compares the authentication string.",
    reload: 'restart',
  }),
  'zrtp-unanswered': parameter({
    type: oneOf('end', 'clear'),
    default: 'end',
    help: 'What becomes of a call with a leg of ZRTP whose phone speaks none, which shows after 4 seconds: it ends, or goes on in clear on that leg. There is nothing to hear until then.',
    reload: 'next call',
  }),
  'zrtp-opportunistic': parameter({
    type: boolean,
    default: 'false',
    help: 'Take ZRTP on a leg whose encryption is none, from a phone that begins it by itself. Media is in clear until there are keys, and never again after.',
    reload: 'next call',
  }),
  'zrtp-trusted-mitm': parameter({
    type: boolean,
    default: 'false',
    help: "Say in ZRTP that this server is a man in the middle whom phones may trust (RFC 6189, 7.3): a phone that can enrol asks its user whether to, in every call until she agrees, and is told the other phone's authentication string from then on, so that both users read the same. Linphone cannot enrol.",
    reload: 'restart',
  }),
  'follow-redirects': parameter({
    type: boolean,
    default: 'false',
    help: 'Follow a redirection (300, 301, 302, 305) of the recipient, once, to the contact that is named first or with the greatest q, through outbound-proxy as ever; the caller is told with 181. Otherwise it goes to the caller as it is, whose phone may follow it.',
    reload: 'next call',
  }),
  'header-policy': parameter({
    type: headerPolicy,
    default: '',
    help: "Headers that do not cross from one leg of a call to the other, in whatever request or response: '-' and a name each, and a '*' at its end for whatever follows. '+' and a name is an exception. Empty: everything crosses that is end to end; docs/headers.md has the table. What a call needs always crosses, Privacy among it, and what belongs to a leg never does: neither can be written here.\nExample: -P-Asserted-Identity -X-* +X-Tenant\nExample: -* +Subject +Alert-Info +Reason",
    reload: 'next call',
  }),
  fallback: parameter({
    type: stringList,
    default: '',
    help: 'What the outgoing call is tried with again, as a new INVITE, when the recipient answers 488, 415 or 606, or an answer without the encryption that was offered: <modes> <regex> pairs, where modes are separated by semicolons and tried in order, and the regex is matched as those of outgoing-enc-regex. Never less secure than what is written here: without none in the list a call does not go on in clear.\nExample: sdes;dtls-srtp sip:.*@old\\.example\\.org(;.*)?',
    reload: 'next call',
  }),
  'tls-certificates-file': parameter({
    type: path,
    default: '',
    help: 'PEM file of the certificate chain with which the server speaks TLS.',
    reload: 'restart',
    namesFile: 'needed',
  }),
  'tls-certificates-private-key': parameter({
    type: path,
    default: '',
    help: 'PEM file of the private key that belongs to the certificate.',
    reload: 'restart',
    namesFile: 'needed',
  }),
  'tls-certificates-ca-file': parameter({
    type: path,
    default: '',
    help: "PEM file of the certificate authorities that sign the peers' certificates. Empty: those of the system.",
    reload: 'restart',
    namesFile: 'needed',
  }),
} as const

function checkDscp(value: number): Fault | undefined {
  if (value >= 0 && value <= 63) return undefined
  return { what: `${value} is no code point`, instead: 'write 0 to 63' }
}

function checkRate(calls: number): Fault | undefined {
  return calls >= 0
    ? undefined
    : { what: `${calls} calls a second cannot be`, instead: 'write 0 for no limit, or more' }
}
