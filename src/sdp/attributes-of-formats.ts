import { attributeName, type Attribute } from './attributes.ts'

/** Attributes whose value begins with a payload type, or `*` for all (RFC 8866, RFC 4585, RFC 6236, RFC 5583, 3GPP TS 26.114). */
const perFormat: ReadonlySet<string> = new Set([
  ...['rtpmap', 'fmtp', 'rtcp-fb', 'imageattr', 'framesize', 'depend', 'gpmd'],
])

/**
 * The attributes of an m-line of which only some payload types are left: what belongs to another one goes, and what lists them
 * lists those that are left (RFC 8851 §10, RFC 8853 §5.1).
 */
export function attributesOf(formats: readonly string[], attributes: readonly Attribute[]): readonly Attribute[] {
  const gone = new Set<string>()
  const left: Attribute[] = []
  for (const one of attributes) {
    const name = attributeName(one)
    if (perFormat.has(name)) {
      const format = formatOf(one)
      if (format === '*' || formats.includes(format)) left.push(one)
    } else if (name === 'ssrc') {
      const format = /^\S+[ \t]+fmtp:(\S+)/.exec(valueOf(one))?.[1] // RFC 5576 §6.3
      if (format === undefined || formats.includes(format)) left.push(one)
    } else if (name === 'rid') {
      const rid = ridOf(one, formats)
      if (rid === undefined) gone.add(valueOf(one).split(/[ \t]/, 1)[0]!)
      else left.push(rid)
    } else left.push(one)
  }
  return left
    .map((one) => (attributeName(one) === 'simulcast' ? simulcastOf(one, gone) : one))
    .filter((one) => one !== '')
}

/** The payload type at the beginning of the value, or `*`. */
export function formatOf(attribute: Attribute): string {
  return valueOf(attribute).split(/[ \t]/, 1)[0]!
}

function valueOf(attribute: Attribute): string {
  return attribute.slice(attribute.indexOf(':') + 1).trim()
}

/** `rid:<id> <direction> [pt=<format>,…][;<restriction>…]` with the formats that are left; `undefined` when it had others only. */
function ridOf(attribute: Attribute, formats: readonly string[]): Attribute | undefined {
  const [, before, list, after] = /^(.*[ \t;]pt=)([\d,]+)(.*)$/.exec(attribute) ?? []
  if (before === undefined || list === undefined || after === undefined) return attribute
  const kept = list.split(',').filter((format) => formats.includes(format))
  return kept.length === 0 ? undefined : before + kept.join(',') + after
}

/**
 * `simulcast:send 1,~2;3 recv 4` without the streams that are gone; empty when none is left. Where it is written as in drafts, which
 * named payload types, nothing is left of it.
 */
function simulcastOf(attribute: Attribute, gone: ReadonlySet<string>): Attribute {
  if (attribute.includes('=')) return ''
  if (gone.size === 0) return attribute
  const words = valueOf(attribute).split(/[ \t]+/)
  const kept: string[] = []
  for (let place = 0; place + 1 < words.length; place += 2) {
    const streams = words[place + 1]!.split(';').map((alternatives) =>
      alternatives
        .split(',')
        .filter((id) => !gone.has(id.replace(/^~/, '')))
        .join(','),
    )
    const left = streams.filter((one) => one !== '').join(';')
    if (left !== '') kept.push(words[place]!, left)
  }
  return kept.length === 0 ? '' : `simulcast:${kept.join(' ')}`
}
