import { boolean, durationS, integer, stringList } from '../value-type.ts'
import { parameter } from './parameter.ts'

/** The help of the section, for `--dump-default`. */
export const moduleRegistrarHelp =
  "The proxy's module that knows where phones are. This program reads it only where it is the proxy itself; it keeps bindings in memory."

const atLeastOne = (value: number) =>
  value >= 1 ? undefined : { what: `${value} is too few`, instead: 'write a number of at least 1' }

/** Those parameters of [module::Registrar] that the standalone proxy honours. */
export const moduleRegistrar = {
  enabled: parameter({
    type: boolean,
    default: 'true',
    help: 'Whether the module is at work.',
    reload: 'live',
    alias: 'enable',
  }),
  'reg-domains': parameter({
    type: stringList,
    default: 'localhost',
    help: "Domains whose users may register, separated by spaces; '*' stands for all.",
    reload: 'live',
  }),
  'max-contacts-per-registration': parameter({
    type: integer,
    default: '12',
    help: 'Most contacts in one REGISTER.',
    reload: 'live',
    check: atLeastOne,
  }),
  'max-contacts-by-aor': parameter({
    type: integer,
    default: '12',
    help: 'Most contacts of one address; the one that was refreshed longest ago makes room.',
    reload: 'live',
    check: atLeastOne,
  }),
  'default-expires': parameter({
    type: durationS,
    default: '600s',
    help: 'How long a registration holds that does not say it.',
    reload: 'live',
  }),
  'min-expires': parameter({
    type: durationS,
    default: '60s',
    help: 'Shortest registration; shorter ones are refused with 423.',
    reload: 'live',
  }),
  'max-expires': parameter({
    type: durationS,
    default: '86400s',
    help: 'Longest registration; longer ones are shortened.',
    reload: 'live',
  }),
} as const
