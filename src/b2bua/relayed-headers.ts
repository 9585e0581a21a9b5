import { crossesWhole, type HeaderPolicy } from '../base/header-policy.ts'
import { headerKey } from '../sip/message/header-names.ts'
import { type Headers } from '../sip/message/headers.ts'
import { relayedOptions } from './option-tags.ts'
import { rewriteReplaces, rewriteTargetDialog, type BridgedDialogs } from './replaces.ts'

/** What decides which header fields of a call cross, and as what. */
export interface HeaderRules {
  /** `header-policy`, as it was when the call began. */
  readonly policy: HeaderPolicy
  readonly dialogs: BridgedDialogs
}

/**
 * The header fields of a message that cross to the other leg by the table in src/base/header-table.ts and `header-policy`, in
 * their order, names spelled as they came; and of the extensions that it supports or requires those that are between the
 * phones. Of those that are rewritten, Event and Refer-To are not: they need to know more.
 * @param options option tags of these extensions
 */
export function relayedHeaders(
  headers: Headers,
  rules: HeaderRules,
  options: readonly string[] = relayedOptions,
): [string, string][] {
  const result: [string, string][] = []
  for (const { name, value } of headers) {
    const key = headerKey(name)
    if (crossesWhole(key, rules.policy)) result.push([name, rewritten(key, value, rules.dialogs)])
  }
  for (const name of ['Supported', 'Require']) {
    const tags = headers.values(name).filter((tag) => options.includes(tag.toLowerCase()))
    if (tags.length > 0) result.push([name, tags.join(', ')])
  }
  return result
}

/** A phone that names a dialog names the one that it knows. */
function rewritten(key: string, value: string, dialogs: BridgedDialogs): string {
  if (key === 'replaces' || key === 'join') return rewriteReplaces(value, dialogs)
  return key === 'target-dialog' ? rewriteTargetDialog(value, dialogs) : value
}

/**
 * The caller's answers to challenges. They cross to the outbound proxy, whose challenge has crossed to the caller: a proxy
 * that asks the B2BUA for a password asks the caller (reference: b2bua-server §7).
 */
export function credentialsOf(headers: Headers): [string, string][] {
  return ['Authorization', 'Proxy-Authorization'].flatMap((name) =>
    headers.all(name).map((value): [string, string] => [name, value]),
  )
}

/** The fields that describe a body which crosses as it is (RFC 3261 §20.11 to §20.15), but for Content-Type. */
export function bodyHeaders(headers: Headers): [string, string][] {
  const result: [string, string][] = []
  for (const name of ['Content-Encoding', 'Content-Disposition', 'Content-Language', 'MIME-Version']) {
    const value = headers.get(name)
    if (value !== undefined) result.push([name, value])
  }
  return result
}
