import { compileFilter, FilterError } from '../filter/filter.ts'
import {
  comment,
  checkedServer,
  type DiversionSource,
  TranslationError,
  userAgentWarning,
  variablesOf,
} from './translation.ts'
import { unwritable, writeCondition } from './route-condition.ts'

/**
 * Writes a routes file for Flexisip's `module::Forward/routes-config-path` that diverts as `module::B2bua` does, as far as
 * such a file can (reference: proxy-module §2, §4).
 * @returns the file, one char per byte (latin1)
 * @throws {TranslationError} for a filter or server that such a file cannot hold
 */
export function forwardRoutes(diversion: DiversionSource): string {
  const { filter } = diversion
  // Brackets: without them the URI's parameters would be the Route's
  const route = `<${checkedServer(diversion.server)}>`
  return [
    comment(
      "Routes to the B2BUA for Flexisip's module::Forward: name this file in [module::Forward] routes-config-path.",
      'Only for a proxy without module::B2bua.',
      '',
      'Not as module::B2bua does it:',
      '- Flexisip 2.5 and later look here only outside of dialogs. A re-INVITE follows the route set of its dialog: it reaches',
      '  the B2BUA because the B2BUA is the other end. Before 2.5 re-INVITEs are diverted, as by the module.',
      '- The module stands before Router, this file is read behind it. A call to a user without registration never comes here,',
      '  one to several devices comes once for each, and the Request-URI is the contact of the device: it is what the B2BUA',
      '  takes for the recipient, so its rules see it, and what it sends to the proxy is no longer looked up.',
      '- Flexisip adds ;lr to the Route, the module does not.',
      '- Requests of all methods are looked up here, so the condition says which: INVITE and CANCEL.',
      '- CANCEL is there for a proxy without transaction: it computes the branch from the Routes, too, so a CANCEL goes where its',
      '  INVITE went, and is known there, only with the same Route. Both must therefore be decided alike.',
      `- The B2BUA's own requests are told by their User-Agent, as by Flexisip 2.4 and later; [b2bua-server] user-agent must`,
      '  stay what it was when this file was printed. A phone that sends the same is not diverted either, as with the module.',
    ),
    unlikeForCancel(filter.root),
    requestUriNote(filter.root),
    userAgentWarning(diversion),
    `${route} ${condition(diversion)}\n`,
  ].join('')
}

/** The file of a module that is disabled: it diverts nothing. */
export function noForwardRoutes(): string {
  return comment('[module::B2bua] enabled is false: nothing is diverted, and this file has no routes.')
}

function unlikeForCancel(root: DiversionSource['filter']['root']): string {
  const names = variablesOf(root, ['request.method', 'contact.', 'content-type', 'user-agent'])
  if (names.length === 0) return ''
  return comment(`- CAUTION: ${names.join(', ')} may differ in a CANCEL: it may then not follow its INVITE.`)
}

function requestUriNote(root: DiversionSource['filter']['root']): string {
  const names = variablesOf(root, ['request.uri.'])
  if (names.length === 0) return ''
  return comment(
    `- CAUTION: ${names.join(', ')} is compared with the contact of the device, not with what the caller dialled.`,
  )
}

/**
 * The condition of the route. What is added stands before the filter: the right side of `&&` is everything that remains,
 * so the filter needs no parentheses around it, which those in its quotes would upset.
 */
function condition({ filter, userAgent }: DiversionSource): string {
  const foreign = writeCondition({
    kind: 'comparison',
    operator: '!=',
    left: { kind: 'variable', name: 'user-agent', column: 1 },
    right: { kind: 'literal', text: userAgent },
  })
  const added = `request.method in 'INVITE CANCEL' && ${foreign}`
  if (filter.source === '') return added
  const own = unwritable.test(filter.source) ? writeCondition(filter.root) : filter.source.replace(/^[ \t]+/, '')
  const text = `${added} && ${own}`
  try {
    compileFilter(text)
  } catch (error) {
    if (!(error instanceof FilterError)) throw error
    throw new TranslationError(undefined, `no condition can say this filter (${error.what})`, 'write it without #')
  }
  return text
}
