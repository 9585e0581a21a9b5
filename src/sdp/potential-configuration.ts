import { attributeName, attributeValue, type Attribute } from './attributes.ts'

/** One alternative of a potential configuration, of which nothing is left to choose (RFC 5939 §3.5.1). */
export interface Configuration {
  /** `<config-number>` with what was chosen, as `a=acfg` says it (§3.5.2). */
  readonly acfg: string
  /** Attributes that the description has are taken away: of the m-line, of the session. */
  readonly deletes: { readonly media: boolean; readonly session: boolean }
  /** Numbers of attribute capabilities. */
  readonly attributes: readonly number[]
  /** Those that may be left out. */
  readonly optional: readonly number[]
  /** Number of a transport capability; absent: that of the m= line. */
  readonly transport?: number
}

/** Attributes and transports that configurations name by number (§3.4). */
export interface Capabilities {
  readonly attributes: ReadonlyMap<number, Attribute>
  readonly transports: ReadonlyMap<number, string>
}

/** Alternatives of one line that are looked at: linphone lists four at most. */
const mostOfOneLine = 16

/** The `a=acap` and `a=tcap` of an m-line, or of the session. Lines that cannot be read name nothing. */
export function readCapabilities(lines: readonly Attribute[]): Capabilities {
  const attributes = new Map<number, Attribute>()
  const transports = new Map<number, string>()
  for (const line of lines) {
    const name = attributeName(line)
    if (name !== 'acap' && name !== 'tcap') continue
    const [, number, text] = /^[^:]*:\s*(\d{1,9})[ \t]+(\S.*)$/.exec(line) ?? []
    if (number === undefined || text === undefined) continue
    if (name === 'acap') attributes.set(Number(number), text)
    // a list counts on from its number (§3.4.1)
    else
      for (const [place, one] of text
        .trim()
        .split(/[ \t]+/)
        .entries())
        transports.set(Number(number) + place, one)
  }
  return { attributes, transports }
}

/** Says whether the description asks for more than RFC 5939 itself: then its configurations are not for us (§3.3.2). */
export function requiresMore(lines: readonly Attribute[]): boolean {
  const required = attributeValue(lines, 'creq')
  return required !== undefined && required.split(',').some((tag) => tag.trim() !== 'cap-v0')
}

/**
 * Every alternative of the `a=pcfg` lines of an m-line, the preferred first (§3.5.1): `1 a=1|2 t=1|2` has four. Lines that cannot be
 * read, and those with an extension that must be understood, are passed over; other extensions are ignored.
 */
export function readConfigurations(lines: readonly Attribute[]): readonly Configuration[] {
  return lines
    .filter((line) => attributeName(line) === 'pcfg')
    .map((line) => line.slice(line.indexOf(':') + 1).trim())
    .map((value) => ({ number: /^[1-9]\d{0,9}(?=[ \t]|$)/.exec(value)?.[0], value }))
    .filter(({ number }) => number !== undefined)
    .toSorted((one, other) => Number(one.number) - Number(other.number))
    .flatMap(({ number, value }) => alternatives(number!, value.split(/[ \t]+/).slice(1)))
}

function alternatives(number: string, parts: readonly string[]): readonly Configuration[] {
  const isAttributes = (part: string): boolean => part.startsWith('a=')
  const isTransports = (part: string): boolean => part.startsWith('t=')
  const unknown = parts.some((part) => part.startsWith('+') || !/^[\w-]+=/.test(part))
  if (unknown || parts.filter(isAttributes).length > 1 || parts.filter(isTransports).length > 1) return []
  const [, deletion = '', lists = ''] = /^a=(?:-(ms|m|s)(?::|$))?(.*)$/.exec(parts.find(isAttributes) ?? 'a=') ?? []
  const deletes = { media: deletion.includes('m'), session: deletion.includes('s') }
  const transports = parts.find(isTransports)?.slice(2).split('|', mostOfOneLine) ?? [undefined]
  if (transports.some((one) => one !== undefined && !/^\d{1,9}$/.test(one))) return []
  const result: Configuration[] = []
  for (const list of lists.split('|', mostOfOneLine)) {
    const { attributes, optional } = (list === '' && lists !== '' ? undefined : readList(list)) ?? {}
    if (attributes === undefined || optional === undefined) return []
    const prefix = deletion === '' ? '' : `-${deletion}${list === '' ? '' : ':'}`
    for (const transport of transports) {
      result.push({
        acfg: [
          number,
          ...(prefix + list === '' ? [] : [`a=${prefix}${list}`]),
          ...(transport === undefined ? [] : [`t=${transport}`]),
        ].join(' '),
        ...{ deletes, attributes, optional },
        ...(transport !== undefined && { transport: Number(transport) }),
      })
    }
  }
  return result
}

/** `1,2`, `1,2,[3,4]`, `[3]`, or nothing. */
function readList(list: string): Pick<Configuration, 'attributes' | 'optional'> | undefined {
  if (list === '') return { attributes: [], optional: [] }
  const [whole, mandatory, optional] =
    /^(\d{1,9}(?:,\d{1,9})*)?(?:(?:^|,)\[(\d{1,9}(?:,\d{1,9})*)\])?$/.exec(list) ?? []
  const numbers = (text: string | undefined): readonly number[] => text?.split(',').map(Number) ?? []
  return whole === undefined ? undefined : { attributes: numbers(mandatory), optional: numbers(optional) }
}
