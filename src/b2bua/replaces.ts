import { CodedError } from '../base/coded-error.ts'
import { findParameter, readParameters } from '../sip/message/parameters.ts'
import { parseNameAddr } from '../sip/message/name-addr.ts'
import { formatUri, parseUri } from '../sip/message/uri.ts'
import { type Dialog } from '../sip/dialog/dialog.ts'

/**
 * Finds calls of this server by the dialog of either leg. Where several servers share the calls, this is the place to ask
 * the others.
 */
export interface BridgedDialogs {
  /**
   * The dialog of the other leg of the call that has this one, both tags as this server sees them.
   * @returns undefined when there is none, or it is not established
   */
  farDialog(callId: string, localTag: string, remoteTag: string): Dialog | undefined
}

/** A Refer-To that cannot be read, or is absent or there twice (RFC 3515 §2.4.2): 400. */
export class ReferToError extends CodedError {
  constructor(why: string, cause?: unknown) {
    super('REFER_TO', `Refer-To: ${why}.`, { status: 400, cause })
  }
}

/**
 * A Replaces or Join value for the other leg (RFC 3891, RFC 3911): a phone names the dialog that it has with this server, but who
 * is called is the phone behind it, which knows another one (reference: b2bua-server §6).
 * @returns the value as it came where it names no dialog of this server: that of phones that called each other past it
 */
export function rewriteReplaces(value: string, dialogs: BridgedDialogs): string {
  return rewriteDialog(value, replacesTags, dialogs)
}

/** The same for a Target-Dialog value (RFC 4538). */
export function rewriteTargetDialog(value: string, dialogs: BridgedDialogs): string {
  return rewriteDialog(value, targetDialogTags, dialogs)
}

/** Names of the tag of who reads a header field that names a dialog, and of the other one. */
type TagNames = readonly [readers: string, others: string]

const replacesTags: TagNames = ['to-tag', 'from-tag']
const targetDialogTags: TagNames = ['local-tag', 'remote-tag']

function rewriteDialog(value: string, tags: TagNames, dialogs: BridgedDialogs): string {
  const far = farOf(value, tags, dialogs)
  if (far === undefined) return value
  const semicolon = value.indexOf(';')
  const rest = (readParameters(value, semicolon, value.length) ?? []).filter(
    ({ name }) => !tags.includes(name.toLowerCase()),
  )
  const others = rest.map(({ start, end }) => value.slice(start, end)).join('')
  return `${far.callId};${tags[0]}=${tagOrZero(far.remoteTag)};${tags[1]}=${far.localTag}${others}`
}

/**
 * A Refer-To value for the other leg. Of an attended transfer the target becomes the phone behind the dialog that is to be
 * replaced, and Replaces the dialog that this phone knows; a blind one's crosses as it is.
 * @throws ReferToError
 */
export function rewriteReferTo(value: string, dialogs: BridgedDialogs): string {
  try {
    const { display, uri, params } = parseNameAddr(value)
    const parsed = parseUri(uri)
    const fields = parsed.headers.split('&')
    const at = fields.findIndex((field) => /^replaces=/i.test(field))
    if (at < 0) return value
    const replaces = decodeURIComponent(fields[at]!.slice('replaces='.length))
    const far = farOf(replaces, replacesTags, dialogs)
    if (far === undefined) return value
    fields[at] = `Replaces=${encodeURIComponent(rewriteReplaces(replaces, dialogs))}`
    const target = parseUri(parseNameAddr(far.remoteUri).uri)
    const name = display === '' ? '' : `${display} `
    return `${name}<${formatUri({ ...target, headers: fields.join('&') })}>${params}`
  } catch (error) {
    if (!(error instanceof CodedError) && !(error instanceof URIError)) throw error
    throw new ReferToError(error.message, error)
  }
}

/** A dialog as a header field names it: the tag of who reads it, and the other one, empty for a peer of RFC 2543. */
interface DialogName {
  readonly callId: string
  readonly ownTag: string
  readonly otherTag: string
}

/** Reads a Target-Dialog value; undefined when it names no dialog. */
export function parseTargetDialog(value: string): DialogName | undefined {
  return nameOf(value, targetDialogTags)
}

function farOf(value: string, tags: TagNames, dialogs: BridgedDialogs): Dialog | undefined {
  const name = nameOf(value, tags)
  return name && dialogs.farDialog(name.callId, name.ownTag, name.otherTag)
}

function nameOf(value: string, tags: TagNames): DialogName | undefined {
  const semicolon = value.indexOf(';')
  if (semicolon < 0) return undefined
  const parameters = readParameters(value, semicolon, value.length) ?? []
  const [own, other] = tags.map((name) => findParameter(parameters, name)?.value)
  if (own === undefined || other === undefined) return undefined
  return { callId: value.slice(0, semicolon).trim(), ownTag: own, otherTag: other === '0' ? '' : other }
}

/** A peer of RFC 2543 has no tag, which is written as zero (RFC 3891 §3). */
const tagOrZero = (tag: string): string => (tag === '' ? '0' : tag)
