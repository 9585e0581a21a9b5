import { type Headers } from '../sip/message/headers.ts'

/**
 * Option tags of extensions that are between the phones (RFC 3891, RFC 3911, RFC 4488, RFC 4538, RFC 7044, RFC 3262, RFC 6228): this server only has
 * to let them pass, and so says that it supports them where the other phone does. In lower case.
 */
export const relayedOptions: readonly string[] = [
  'replaces',
  'join',
  'norefersub',
  'tdialog',
  'histinfo',
  '100rel',
  '199',
]

/** Those of a re-INVITE, whose provisional responses do not cross: none of them need be reliable. */
export const reinviteOptions: readonly string[] = relayedOptions.filter((tag) => tag !== '100rel')

/** Whether who wrote a message supports an extension, or requires it. */
export function saysOption(headers: Headers, option: string): boolean {
  return ['Supported', 'Require'].some((name) => headers.values(name).some((tag) => tag.toLowerCase() === option))
}
