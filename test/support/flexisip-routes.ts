import { parseNameAddr } from '../../src/sip/message/name-addr.ts'
import { parseUri, type SipUri } from '../../src/sip/message/uri.ts'

/** An entry of a routes file. */
export interface ConditionalRoute {
  readonly route: SipUri
  /** As the filter compiler gets it; `*` is the empty filter. */
  readonly condition: string
}

/** Reads a file of Flexisip's `module::Forward/routes-config-path` by the rules of its reader (reference: proxy-module §4). */
export function readRoutes(file: string): ConditionalRoute[] {
  const entries: string[] = []
  for (const line of file.split('\n')) {
    const text = line.replace(/#.*$/, '')
    if (text.trim() === '') continue
    if (/^[ \t]/.test(text)) entries.push(`${entries.pop() ?? ''}${text}`)
    else entries.push(text)
  }
  return entries.map((entry) => {
    const [, token, condition] = /^([^ \t]+)[ \t]*(.*)$/.exec(entry)!
    if (condition === '') throw new Error(`No condition provided for ${token!}`)
    const { uri } = parseNameAddr(token!)
    const route = parseUri(uri)
    const loose = route.params.some(({ name }) => name === 'lr')
    return { route: loose ? route : parseUri(`${uri};lr`), condition: condition === '*' ? '' : condition! }
  })
}
