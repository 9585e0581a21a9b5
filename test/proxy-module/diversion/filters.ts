import fc from 'fast-check'
import { type SipRequest } from '../../../src/sip/message/message.ts'
import { request } from '../filter/messages.ts'

/** Texts that are good and bad at being quoted; few, so that messages and filters often have the same. */
const texts = ['alice', 'Alice', 'a#b', '#', 'a)b', '(', '$rU', '$', '$$', '"', '\\', 'a\\"b', '0', '12', 'x y', '{', '}', '%', '\t', 'é'] // prettier-ignore
const text = fc.constantFrom(...texts.map((one) => Buffer.from(one, 'utf8').toString('latin1')))

/** What a URI can have for a user without escapes. */
const user = fc.constantFrom('alice', 'Alice', 'ALICE', '12', '0', '$rU', "a'b", 'x+y')
const literal = fc
  .oneof(
    text,
    user,
    fc.array(fc.oneof(text, user), { maxLength: 3 }).map((list) => list.join(' ')),
    fc.constant(''),
  )
  .map((one) => `'${one.replaceAll("'", '')}'`)

const variable = fc.constantFrom(
  'from.uri.user',
  'to.uri.user',
  'request.uri.user',
  'from.uri.domain',
  'request.uri.params',
  'contact.uri.user',
  'user-agent',
  'call-id',
  'content-type',
  'request.method',
  'status.code',
  'direction',
)
const operand = fc.oneof({ weight: 3, arbitrary: variable }, literal)
const pattern = fc.constantFrom('.*', 'a.*', '[#)]', '(a|b)#b', '\\#', '[^#]+', '\\(', 'a\\)b', 'A?lice', '[[:alpha:]]+', '\\d*', '(alice|#)?', '[$]rU') // prettier-ignore

const atom = fc.oneof(
  fc
    .tuple(operand, fc.constantFrom('==', '!=', 'contains', 'in', 'notin'), operand)
    .map((comparison) => comparison.join(' ')),
  fc.tuple(variable, pattern).map(([left, right]) => `${left} regex '${right}'`),
  fc.tuple(fc.constantFrom('defined', 'numeric'), operand).map((test) => test.join(' ')),
  fc.constantFrom('true', 'false', 'is_request', 'is_response'),
)

/** Filters; not each of them compiles, for parentheses in quotes count. */
export const filters: fc.Arbitrary<string> = fc.letrec<{ filter: string }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 3 },
    atom,
    atom.map((one) => `!${one}`),
    tie('filter').map((one) => `(${one})`),
    tie('filter').map((one) => `!(${one})`),
    fc.tuple(tie('filter'), fc.constantFrom('&&', '||'), tie('filter')).map((parts) => parts.join(' ')),
  ),
})).filter

const header = (name: string, value: fc.Arbitrary<string>) =>
  fc.option(
    value.map((one) => [name, one] as const),
    { nil: undefined },
  )

/** Requests outside of dialogs of the given methods. */
export function requests(...methods: readonly string[]): fc.Arbitrary<SipRequest> {
  return fc
    .record({
      method: fc.constantFrom(...methods),
      uri: fc.tuple(user, fc.constantFrom('', ';user=phone', ';a;b=c')).map(([name, params]) => `sip:${name}@x.example${params}`), // prettier-ignore
      from: user,
      to: user,
      headers: fc.tuple(
        header('User-Agent', fc.oneof(text, user, fc.constantFrom('B2BUA/1.0', 'b2bua/1.0'))),
        header(
          'Contact',
          user.map((name) => `<sip:${name}@192.0.2.1>`),
        ),
        header('Content-Type', fc.constant('application/sdp')),
      ),
      callId: fc.constantFrom('12', 'a#b', 'Alice'),
    }) // prettier-ignore
    .map(({ method, uri, from, to, headers, callId }) =>
      request(method, uri, [
        ['From', `<sip:${from}@from.example>;tag=1`],
        ['To', `<sip:${to}@to.example>`],
        ['Call-ID', callId],
        ...headers.filter((one) => one !== undefined),
      ]),
    )
}
