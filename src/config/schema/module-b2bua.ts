import { boolean, booleanExpr, string } from '../value-type.ts'
import { checkSipUriWithoutBrackets } from '../sip-uri-shape.ts'
import { parameter } from './parameter.ts'

/** The help of the section, for `--dump-default`. */
export const moduleB2buaHelp =
  "The proxy's module that sends calls to the back-to-back user agent. It tells that server's own requests by their User-Agent header, so b2bua-server/user-agent must have the same value on both."

/** [module::B2bua] (reference: proxy-module §1). */
export const moduleB2bua = {
  enabled: parameter({
    type: boolean,
    default: 'false',
    help: 'Whether the module is at work.',
    reload: 'live',
    alias: 'enable',
  }),
  filter: parameter({
    type: booleanExpr,
    default: '',
    help: 'A boolean expression over SIP requests: only those for which it is true are sent to the server. Empty: all.',
    reload: 'live',
  }),
  'b2bua-server': parameter({
    type: string,
    default: 'sip:127.0.0.1:6067;transport=tcp',
    help: 'SIP URI of the back-to-back user agent server.',
    reload: 'live',
    check: checkSipUriWithoutBrackets,
  }),
  'from-domains': parameter({
    type: string,
    default: '*',
    help: "Deprecated: write a filter. Only requests from these domains are sent to the server; '*' stands for all.",
    reload: 'live',
    deprecated: true,
  }),
  'to-domains': parameter({
    type: string,
    default: '*',
    help: "Deprecated: write a filter. Only requests to these domains are sent to the server; '*' stands for all.",
    reload: 'live',
    deprecated: true,
  }),
} as const
