import { boolean, booleanExpr, durationMs, durationS, integer, path, string, stringList } from '../value-type.ts'
import { parameter } from './parameter.ts'

// Sections of the proxy of which only some keys are read here. Their values are not checked beyond their types: a Flexisip
// that shares the file may well understand more than this program does, and its own program refuses what is wrong.

// a parameter belongs to one key: these make a new one each time

function enabledBy(value: 'true' | 'false') {
  return parameter({ type: boolean, default: value, help: 'Whether the module is at work.', reload: 'restart' })
}

function trustedHosts(reload: 'live' | 'restart') {
  return parameter({
    type: stringList,
    default: '',
    help: 'IP addresses of hosts whose requests are not challenged.',
    reload,
  })
}

/** The help of the section, for `--dump-default`. */
export const moduleRegistrarHelp =
  "The proxy's registrar: where the phones of its domains are. Those parameters that the proxy of this program honours; it keeps registrations in memory."

/** [module::Registrar], in part. */
export const moduleRegistrar = {
  enabled: enabledBy('true'),
  'reg-domains': parameter({
    type: stringList,
    default: 'localhost',
    help: "Domains whose registrar this is; '*' stands for all.",
    reload: 'live',
  }),
  'max-contacts-by-aor': parameter({
    type: integer,
    default: '12',
    help: 'Highest number of contacts that are registered for one address of record.',
    reload: 'live',
  }),
  'max-contacts-per-registration': parameter({
    type: integer,
    default: '12',
    help: 'Highest number of contacts in one REGISTER. One with more is refused.',
    reload: 'live',
  }),
  'enable-gruu': parameter({
    type: boolean,
    default: 'true',
    help: 'Give phones that support it a public GRUU. The proxy of this program gives none.',
    reload: 'restart',
  }),
  'max-expires': parameter({
    type: durationS,
    default: '86400',
    help: 'Longest time for which a contact is registered.',
    reload: 'live',
  }),
  'min-expires': parameter({
    type: durationS,
    default: '60',
    help: 'Shortest time for which a contact is registered.',
    reload: 'live',
  }),
  'default-expires': parameter({
    type: durationMs,
    default: '10min',
    help: 'Time for which a contact is registered when the REGISTER names none.',
    reload: 'live',
  }),
} as const

/** The help of the section, for `--dump-default`. */
export const moduleAuthenticationHelp =
  "The proxy's digest authentication: those parameters that the proxy of this program honours."

/** [module::Authentication], in part. */
export const moduleAuthentication = {
  enabled: enabledBy('false'),
  'trusted-hosts': trustedHosts('live'),
  'auth-domains': parameter({
    type: stringList,
    default: 'localhost',
    help: "Domains whose users are challenged; users of others are refused. '*' stands for all.",
    reload: 'live',
  }),
  'available-algorithms': parameter({
    type: stringList,
    default: 'MD5',
    help: 'Digest algorithms that are offered to phones, in the order of preference: MD5, SHA-256.',
    reload: 'live',
  }),
  'nonce-expires': parameter({
    type: durationS,
    default: '3600',
    help: 'Time after which a phone is challenged anew.',
    reload: 'restart',
  }),
  'db-implementation': parameter({
    type: string,
    default: 'file',
    help: "Where passwords are kept: 'file' or 'soci'. The proxy of this program reads files only.",
    reload: 'restart',
  }),
  'file-path': parameter({
    type: path,
    default: '',
    help: "File of the passwords. Its first line is 'version:1', others are:\nuser@domain clrtxt:password md5:hash sha256:hash ;",
    reload: 'restart',
    namesFile: 'watched',
  }),
} as const

/** The help of the section, for `--dump-default`. */
export const moduleAuthTrustedHostsHelp =
  "The proxy's module that tells requests of trusted hosts (Flexisip 2.5 and later). check-config reads it."

/** [module::AuthTrustedHosts], in part. */
export const moduleAuthTrustedHosts = {
  enabled: enabledBy('false'),
  'trusted-hosts': trustedHosts('restart'),
} as const

/** The help of the section, for `--dump-default`. */
export const moduleMediaRelayHelp =
  "The proxy's media relay. check-config reads it; the proxy of this program has none."

/** [module::MediaRelay], in part. */
export const moduleMediaRelay = {
  enabled: enabledBy('true'),
  filter: parameter({
    type: booleanExpr,
    default: '',
    help: 'A boolean expression over SIP requests: the module handles only those for which it is true. Empty: all.',
    reload: 'restart',
  }),
  'prevent-loops': parameter({
    type: boolean,
    default: 'true',
    help: "Keep the relay's ports from sending to each other. Must be false when phones or a back-to-back user agent are on the proxy's host.",
    reload: 'restart',
  }),
} as const

/** The help of the section, for `--dump-default`. */
export const clusterHelp = 'The proxies of a cluster. check-config reads it; the proxy of this program is alone.'

/** [cluster], in part. */
export const cluster = {
  enabled: parameter({
    type: boolean,
    default: 'false',
    help: 'Whether the proxy is one of a cluster.',
    reload: 'restart',
  }),
  nodes: parameter({
    type: stringList,
    default: '',
    help: 'IP addresses of all proxies of the cluster. Their requests are not challenged.',
    reload: 'restart',
  }),
  'internal-transport': parameter({
    type: string,
    default: '',
    help: 'SIP URI on which the proxy listens for the others of the cluster.',
    reload: 'restart',
  }),
} as const
