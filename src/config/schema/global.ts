import { booleanExpr, boolean, durationMs, durationS, integer, oneOf, path, stringList } from '../value-type.ts'
import { parameter } from './parameter.ts'

const logLevel = oneOf('debug', 'message', 'warning', 'error')

/**
 * Those parameters of [global] that this program honours: logs, the watchdog, which servers run, and where the proxy
 * listens. What the proxy alone reads is not checked: a Flexisip that shares the file may understand more of it, and its
 * certificates need not be readable to the user of this program.
 */
export const global = {
  'default-servers': parameter({
    type: stringList,
    default: 'proxy',
    help: 'Servers started by default when --server is not on the command line. Those that this program does not have are left to Flexisip.',
    reload: 'restart',
  }),
  transports: parameter({
    type: stringList,
    default: 'sip:*',
    help: "SIP URIs on which the proxy listens; the host '*' stands for all addresses. 'sip:' without a transport is UDP and TCP both, 'sips:' is TLS.\nExample: sip:192.0.2.1:5060 sips:sip.example.org:5061;maddr=192.0.2.1",
    reload: 'restart',
  }),
  aliases: parameter({
    type: stringList,
    default: 'localhost',
    help: 'Names and addresses of the proxy beside the hosts of its transports.',
    reload: 'restart',
  }),
  'idle-timeout': parameter({
    type: durationS,
    default: '3600',
    help: 'The proxy closes connections on which nothing was received for this time.',
    reload: 'restart',
  }),
  'tls-certificates-file': parameter({
    type: path,
    default: '/etc/flexisip/tls/agent.pem',
    help: 'PEM file of the certificate chain with which the proxy speaks TLS.',
    reload: 'restart',
  }),
  'tls-certificates-private-key': parameter({
    type: path,
    default: '/etc/flexisip/tls/agent.pem',
    help: 'PEM file of the private key that belongs to the certificate.',
    reload: 'restart',
  }),
  'tls-certificates-ca-file': parameter({
    type: path,
    default: '',
    help: "PEM file of the certificate authorities that sign the certificates of the proxy's peers. Empty: those of the system.",
    reload: 'restart',
  }),
  'watchdog-notify-interval': parameter({
    type: durationMs,
    default: '1s',
    help: "Interval between two signs of life to systemd's watchdog. It must be shorter than WatchdogSec of the unit.",
    reload: 'restart',
    check: (interval) => (interval > 0 ? undefined : { what: 'no interval is left', instead: "write e.g. '1s'" }),
  }),
  'log-directory': parameter({
    type: path,
    default: '/var/opt/belledonne-communications/log/flexisip',
    help: 'Directory of the log files.',
    reload: 'restart',
  }),
  'log-filename': parameter({
    type: path,
    default: 'flexisip-{server}.log',
    help: "Name of the log file. '{server}' stands for the server type, or for several joined by '+'.",
    reload: 'restart',
    check: (name) =>
      name === '' || name.includes('/')
        ? { what: 'this is not the name of a file', instead: 'write a name without a slash; log-directory says where' }
        : undefined,
  }),
  'log-level': parameter({
    type: logLevel,
    default: 'error',
    help: "Verbosity of the logs: 'debug', 'message', 'warning' or 'error'.",
    reload: 'live',
  }),
  'syslog-level': parameter({
    type: logLevel,
    default: 'error',
    help: "Verbosity of what goes to syslog: 'debug', 'message', 'warning' or 'error'.",
    reload: 'live',
  }),
  'sofia-level': parameter({
    type: integer,
    default: '5',
    help: "Verbosity of Flexisip's SIP stack, 1 to 9. This server has another stack and ignores it.",
    reload: 'live',
    check: (level) =>
      level >= 1 && level <= 9 ? undefined : { what: `${level} is not a level`, instead: 'write 1 to 9' },
  }),
  'user-errors-logs': parameter({
    type: boolean,
    default: 'false',
    help: "Log what users do wrong, such as failed authentications, in a domain of its own. Flexisip's proxy uses it; this server ignores it.",
    reload: 'live',
  }),
  'contextual-log-filter': parameter({
    type: booleanExpr,
    default: '',
    help: "A boolean expression over SIP requests: where it is true, 'contextual-log-level' holds for what is logged while the request is handled. This server ignores it.",
    reload: 'live',
  }),
  'contextual-log-level': parameter({
    type: logLevel,
    default: 'debug',
    help: "Verbosity of the logs that 'contextual-log-filter' selects. This server ignores it.",
    reload: 'live',
  }),
  'show-body-for': parameter({
    type: booleanExpr,
    default: "content-type == 'application/sdp'",
    help: "A boolean expression over SIP requests: where it is true, the body is logged. It cannot be empty: write 'true' or 'false'. This server never logs bodies: they hold keys.",
    reload: 'live',
    check: (expression) =>
      expression === '' ? { what: 'the expression is empty', instead: "write 'true' or 'false'" } : undefined,
  }),
} as const

/** The help of the section, for `--dump-default`. */
export const globalHelp = 'Global settings of Flexisip: those that this program honours.'
