import { type Position, type Problem, quote } from './problem.ts'
import { nearest } from './nearest.ts'
import { parametersOf, type SectionName, sections } from './schema.ts'

/** A value of the command line, which goes before that of the file. */
export interface Override {
  readonly section: SectionName
  readonly key: string
  /** latin1, one character a byte. */
  readonly value: string
  readonly at: Position
}

/**
 * Reads `--set section/key=value` options as Flexisip does (reference: config-file §3): names in exact case, unknown ones
 * refused, an empty value or an argument without `=` ignored; the last one of a key wins.
 * @param options in the order of the command line
 */
export function readOverrides(options: readonly string[]): { overrides: Override[]; problems: Problem[] } {
  const overrides = new Map<string, Override>()
  const problems: Problem[] = []
  options.forEach((option, index) => {
    // the command line is UTF-8, and values are held byte by byte
    const text = Buffer.from(option, 'utf8').toString('latin1')
    const at = { file: '--set', line: index + 1, column: 1 }
    const equals = text.indexOf('=')
    if (equals < 0) {
      problems.push({
        ...at,
        severity: 'warning',
        code: 'CONFIG_OVERRIDE',
        what: `${quote(text)} has no '=' and is ignored`,
        instead: 'write section/key=value',
      })
      return
    }
    const path = text.slice(0, equals)
    const value = text.slice(equals + 1)
    if (value === '') return
    const found = findParameter(path)
    if ('what' in found) {
      problems.push({ ...at, severity: 'error', code: 'CONFIG_OVERRIDE', ...found })
      return
    }
    overrides.set(path, { ...found, value, at: { ...at, column: equals + 2 } })
  })
  return { overrides: [...overrides.values()], problems }
}

function findParameter(path: string): { section: SectionName; key: string } | { what: string; instead: string } {
  const slash = path.indexOf('/')
  const sectionName = slash < 0 ? path : path.slice(0, slash)
  const key = slash < 0 ? '' : path.slice(slash + 1)
  const names = sections.map(({ name }) => name)
  const section = names.find((name) => name === sectionName)
  if (section === undefined) {
    const meant = nearest(sectionName, names)
    return {
      what: `there is no section ${quote(sectionName)}`,
      instead: meant === undefined ? `write one of ${names.join(', ')} before the '/'` : `write '${meant}'`,
    }
  }
  const parameters = parametersOf(section)
  if (Object.hasOwn(parameters, key)) return { section, key }
  const alias = Object.entries(parameters).find(([, parameter]) => parameter.alias === key)?.[0]
  const meant = alias ?? nearest(key, Object.keys(parameters))
  return {
    what: `there is no parameter ${quote(key)} in [${section}]`,
    instead: meant === undefined ? `see --dump-default ${section}` : `write '${section}/${meant}'`,
  }
}
