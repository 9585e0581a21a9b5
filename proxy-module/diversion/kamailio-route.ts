import { kamailioCondition, kamailioParameter, kamailioString } from './kamailio-condition.ts'
import { checkedServer, comment, type DiversionSource, userAgentWarning } from './translation.ts'

/**
 * Writes a fragment of a Kamailio 5 configuration, `route[B2BUA]`, that diverts as `module::B2bua` does, as far as Kamailio
 * can (reference: proxy-module §2).
 * @returns the fragment, one char per byte (latin1)
 * @throws {TranslationError} for a filter or server that Kamailio cannot express
 */
export function kamailioRoute(diversion: DiversionSource): string {
  const server = checkedServer(diversion.server)
  const { text, remarks } = kamailioCondition(diversion.filter.root)
  // Without ;lr Kamailio itself would take it for a strict router, where it comes by again
  const route = /;lr(;|=|$)/i.test(server) ? server : `${server};lr`
  return [
    comment(
      'Diverts calls to the B2BUA, for Kamailio 5. Needs the modules tm, sl, pv and textops.',
      '',
      'Where to call it, in request_route:',
      '',
      '    loose_route();         # in the branch for requests without To tag: takes our own Route headers away',
      '    record_route();        # for INVITE, as for every call',
      '    route(B2BUA);',
      '    lookup("location");    # behind it: the B2BUA is to get the address that was dialled',
      '',
      'and route(B2BUA) before what else handles CANCEL, too. It ends the processing of what it diverts, and returns for all',
      'else. What the B2BUA sends must not be challenged: it has the From of the caller, but no credentials.',
      '',
      'Not as module::B2bua does it:',
      '- A CANCEL goes where its INVITE went: tm knows. One without INVITE is left to the rest of the configuration.',
      '- The module diverts re-INVITEs, too. Here they reach the B2BUA by the route set of their dialog, of which it is the',
      '  other end. To have them diverted call route(B2BUA) behind loose_route() in the branch for requests with To tag.',
      '- The Route has ;lr, that of the module has not.',
      '- The Route is not added twice if it is the first one of the request as received. The module looks behind its own, too.',
      `- The B2BUA's own requests are told by their User-Agent, as by Flexisip 2.4 and later; [b2bua-server] user-agent must`,
      '  stay what it was when this was printed, or calls go round without end. A phone that sends the same is not diverted.',
      ...remarks.map((remark) => `- ${remark}`),
      '',
      'Texts are compared with eq and ne: these heed case and take what is missing for empty, as the filter does.',
      'Regular expressions (=~) are POSIX extended ones. They search, so they are anchored with ^ and $.',
    ),
    userAgentWarning(diversion),
    'route[B2BUA] {\n',
    ...guards(diversion, text).map((line) => `\t${line}\n`),
    ...(text === false ? [] : actions(server, route).map((line) => `${line}\n`)),
    '}\n',
  ].join('')
}

/** The fragment of a module that is disabled: a route that diverts nothing, so that calls of it stay valid. */
export function noKamailioRoute(): string {
  return `${comment('[module::B2bua] enabled is false: nothing is diverted.')}route[B2BUA] {\n\treturn;\n}\n`
}

function guards({ userAgent }: DiversionSource, filter: string | boolean): string[] {
  if (filter === false) return ['# the filter is false for every request', 'return;']
  return [
    'if (!($rm eq "INVITE" || $rm eq "CANCEL")) return;',
    "# the B2BUA's own",
    `if ($ua eq ${kamailioString(userAgent)}) return;`,
    ...(filter === true ? [] : ['# the filter of module::B2bua', `if (!(${filter})) return;`]),
  ]
}

function actions(server: string, route: string): string[] {
  const header = kamailioParameter(`Route: <${route}>\r\n`)
  return [
    '',
    '\tif ($rm eq "CANCEL") {',
    '\t\tif (!t_check_trans()) return;',
    '\t\tt_relay();',
    '\t\texit;',
    '\t}',
    '',
    `\tif ($(hdr(Route)[0]{nameaddr.uri}) ne ${kamailioString(route)}) {`,
    `\t\tif (is_present_hf("Route")) insert_hf(${header}, "Route");`,
    `\t\telse append_hf(${header});`,
    '\t}',
    `\t$du = ${kamailioString(server)};`,
    '\tif (!t_relay()) sl_reply_error();',
    '\texit;',
  ]
}
