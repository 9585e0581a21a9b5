import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const flows = fileURLToPath(new URL('../sipp/flows', import.meta.url))

/** `begins`: does what the flow is about; `follows`: is asked for it. */
export type FlowRole = 'begins' | 'follows'
export type FlowSide = 'caller' | 'callee'

/**
 * The scenario of one side of a flow in a call that is up: the call is set up, then comes `sipp/flows/<flow>.<role>.xml`, and who has begun hangs up.
 *
 * @param values what stands for `%name%` in the files
 */
export function inCallScenario(
  flow: string,
  side: FlowSide,
  role: FlowRole,
  values: Readonly<Record<string, string>> = {},
): string {
  return complete(`@include parts/${side}\n@include ${flow}.${role}\n@include parts/bye.${role}`, values)
}

/** The scenario of one side of a flow that is about the call's beginning, or has more sides: `sipp/flows/<flow>.<side>.xml`. */
export function callScenario(
  flow: string,
  side: FlowSide | 'target',
  values: Readonly<Record<string, string>> = {},
): string {
  return complete(`@include ${flow}.${side}`, values)
}

/** The whole file: what is written with `@` made into what SIPp understands. */
function complete(text: string, values: Readonly<Record<string, string>>): string {
  const included = include(text).replaceAll(/%(\w+)%/g, (all, name: string) => values[name] ?? all)
  const written = included
    .split('\n')
    .map((line) => {
      const [, macro = '', rest = ''] = /^@(\w+) ?(.*)$/.exec(line) ?? []
      return macro === '' ? line : (macros[macro] ?? unknown(macro))(rest)
    })
    .join('\n')
  // SIPp takes a variable that nobody reads for a mistake
  const assigned = [...written.matchAll(/assign_to="([^"]*)"/g)].flatMap(([, names = '']) => names.split(','))
  const reference = assigned.length === 0 ? '' : `<Reference variables="${[...new Set(assigned)].join(',')}"/>\n`
  return `<?xml version="1.0" encoding="ISO-8859-1" ?>\n<scenario name="flow">\n${written}\n<timewait milliseconds="200"/>\n${reference}</scenario>\n`
}

/** What follows the name of a part stands in it as `%rest%`. */
function include(text: string): string {
  return text.replaceAll(/^@include (\S+) ?(.*)$/gm, (_, name: string, rest: string) =>
    include(
      readFileSync(join(flows, `${name}.xml`), 'utf8')
        .replaceAll(/<!--[^]*?-->\n?/g, '')
        .replaceAll('%rest%', rest)
        .trimEnd(),
    ),
  )
}

function unknown(macro: string): never {
  throw new Error(`no such macro: @${macro}`)
}

const contact = 'Contact: <sip:flow@[local_ip]:[local_port]>'
// a branch that CANCEL and the ACK of a refusal can repeat: it says which request of which call it is
const via = (method: string, cseq: string): string =>
  `Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=z9hG4bK-[pid]-[call_number]-[local_port]-${cseq}-${method}`

/** The head of a request in the dialog. */
function request(method: string, cseq: string, branch = method): string {
  return [
    `${method} [next_url] SIP/2.0`,
    via(branch, cseq),
    '[routes]',
    'From: [$me]',
    'To: [$peer]',
    'Call-ID: [call_id]',
    `CSeq: ${cseq} ${method}`,
    contact,
    'Max-Forwards: 70',
  ].join('\n')
}

/** The head of one outside of a dialog. */
function firstRequest(method: string, cseq = '[cseq]', branch = method, to = ''): string {
  return [
    `${method} sip:[service]@[domain] SIP/2.0`,
    via(branch, cseq),
    'From: <sip:flow@load.example>;tag=[pid]from[call_number]',
    `To: <sip:[service]@[domain]>${to}`,
    'Call-ID: [call_id]',
    `CSeq: ${cseq} ${method}`,
    contact,
    'Max-Forwards: 70',
    'User-Agent: sipp',
  ].join('\n')
}

/** The head of a response to what came last. */
function response(status: string, to: string, more: readonly string[] = []): string {
  return [
    `SIP/2.0 ${status}`,
    '[last_Via:]',
    ...more,
    '[last_From:]',
    to,
    '[last_Call-ID:]',
    '[last_CSeq:]',
    // a redirection has a Contact of its own
    ...(status.startsWith('3') ? [] : [contact]),
  ].join('\n')
}

/** The head of a response to a request whose Via and number are kept. */
function later(status: string, method: string, to: string, more: readonly string[] = []): string {
  return [
    `SIP/2.0 ${status}`,
    '[$via1]',
    '[$via2]',
    ...more,
    ...['From: [$peer]', `To: ${to}`, 'Call-ID: [call_id]', `CSeq: [$cseq] ${method}`, contact],
  ].join('\n')
}

const macros: Readonly<Record<string, (rest: string) => string>> = {
  /** METHOD: in the dialog. */
  request: (method) => request(method, '[cseq]'),
  /** METHOD: in the dialog, by a phone that is at another address from now on. */
  moved: (method) => request(method, '[cseq]').replace('sip:flow@', 'sip:moved@'),
  /** The CANCEL of a re-INVITE. */
  cancelOffer: () => request('CANCEL', '[cseq]', 'INVITE'),
  /** The ACK of a 2xx to the INVITE that was sent last. */
  ack: () => request('ACK', '[cseq]'),
  /** The ACK of the INVITE whose CSeq number is in a variable. */
  ackOf: (name) => request('ACK', `[$${name}]`),
  /** The ACK of a refused re-INVITE. */
  ackRefusal: () => request('ACK', '[cseq]', 'INVITE'),
  /** METHOD: outside of a dialog. */
  first: (method) => firstRequest(method),
  /** Of the INVITE that was sent last. */
  cancel: () => firstRequest('CANCEL', '[cseq]', 'INVITE'),
  /** Those of the INVITE whose CSeq number is in a variable. */
  cancelOf: (name) => firstRequest('CANCEL', `[$${name}]`, 'INVITE'),
  ackFirstRefusalOf: (name) => firstRequest('ACK', `[$${name}]`, 'INVITE', '[peer_tag_param]'),
  /** The ACK of a refused INVITE outside of a dialog. */
  ackFirstRefusal: () => firstRequest('ACK', '[cseq]', 'INVITE', '[peer_tag_param]'),
  /** STATUS REASON: to a request in the dialog. */
  answer: (status) => response(status, '[last_To:]'),
  /** TAG STATUS REASON: to the INVITE, in a dialog of the callee by that tag. */
  tagged: (rest) => {
    const [, tag = '', status = ''] = /^(\S+) (.*)$/.exec(rest) ?? []
    return response(status, `[last_To:];tag=[pid]${tag}[call_number]`, ['[last_Record-Route:]'])
  },
  /** STATUS REASON: to the INVITE, whatever came after it. */
  invited: (status) => later(status, 'INVITE', '[$me]'),
  /** The same in the dialog of the other fork. */
  invitedOther: (status) => later(status, 'INVITE', '[$to];tag=[pid]other[call_number]', ['[$route1]', '[$route2]']),
  /** STATUS REASON: to the UPDATE whose Via and number are kept. */
  invitedUpdate: (status) => later(status, 'UPDATE', '[$me]'),
  empty: () => 'Content-Length: 0\n',
  /** VERSION DIRECTION [FORMATS [ADDRESS]]: audio. */
  sdp: (rest) => audio(rest),
  /** VERSION PORT: audio and video. */
  sdpVideo: (rest) => {
    const [version = '', port = ''] = rest.split(' ')
    return [audio(`${version} sendrecv`), `m=video ${port} RTP/AVP 96`, 'a=rtpmap:96 VP8/90000'].join('\n')
  },
}

function audio(rest: string): string {
  const [version = '1', direction = 'sendrecv', formats = '0,8', address = '[media_ip]'] = rest.split(' ')
  return [
    ...['Content-Type: application/sdp', 'Content-Length: [len]', ''],
    ...['v=0', `o=sipp 1 ${version} IN IP4 [local_ip]`, 's=-', `c=IN IP4 ${address}`, 't=0 0'],
    `m=audio [media_port] RTP/AVP ${formats.replaceAll(',', ' ')}`,
    ...formats.split(',').map((format) => `a=rtpmap:${format} ${format === '0' ? 'PCMU' : 'PCMA'}/8000`),
    `a=${direction}`,
  ].join('\n')
}
