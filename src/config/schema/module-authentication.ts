import { boolean, durationS, oneOf, path, stringList } from '../value-type.ts'
import { parameter } from './parameter.ts'

/** The help of the section, for `--dump-default`. */
export const moduleAuthenticationHelp =
  "The proxy's module that asks for passwords. This program reads it where it is the proxy itself; without a password file only phones on this machine may then use it."

const hashes: ReadonlySet<string> = new Set(['MD5', 'SHA-256'])

/** Those parameters of [module::Authentication] that the standalone proxy honours. */
export const moduleAuthentication = {
  enabled: parameter({
    type: boolean,
    default: 'false',
    help: 'Whether the module is at work.',
    reload: 'live',
    alias: 'enable',
  }),
  'auth-domains': parameter({
    type: stringList,
    default: 'localhost',
    help: "Domains whose users have passwords here, separated by spaces; '*' stands for all.",
    reload: 'live',
  }),
  'trusted-hosts': parameter({
    type: stringList,
    default: '',
    help: 'IP addresses from which requests need no password, separated by spaces.',
    reload: 'live',
  }),
  'db-implementation': parameter({
    type: oneOf('file', 'soci'),
    default: 'file',
    help: "Where passwords are: 'file', or 'soci' for an SQL database, which this program does not read.",
    reload: 'restart',
  }),
  'file-path': parameter({
    type: path,
    default: '',
    help: 'The password file.',
    reload: 'live',
    namesFile: true,
  }),
  'available-algorithms': parameter({
    type: stringList,
    default: 'MD5',
    help: 'Hash functions of digest authentication that are offered: MD5, SHA-256, or both. Some phones give up when SHA-256 is offered at all.',
    reload: 'live',
    check: (list) =>
      list.length > 0 && list.every((one) => hashes.has(one))
        ? undefined
        : { what: 'this is not a list of hash functions', instead: 'write MD5, SHA-256, or both' },
  }),
  'nonce-expires': parameter({
    type: durationS,
    default: '3600s',
    help: 'How long a challenge can be answered.',
    reload: 'restart',
  }),
} as const
