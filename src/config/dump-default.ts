import { CodedError } from '../base/coded-error.ts'
import { type ConfigFileKind, parametersOf, sections } from './schema.ts'

/** Columns after which a line of help is broken at the next space, as Flexisip does. */
const helpWidth = 60

/** What Flexisip leaves between two sections. */
const betweenSections = '\n\n\n\n\n'

/** A section that does not exist; exit status 1 (reference: cli-and-services §1). */
export class SectionError extends CodedError {
  constructor(message: string) {
    super('CONFIG_SECTION', message)
  }
}

/**
 * Writes the defaults as a configuration file, in Flexisip's layout (reference: cli-and-services §1): `##` before a
 * section, and of each parameter its help, default, unit and a commented line to edit.
 * @param which a section's name, or `all` for those of flexisip.conf: the companion's section must not stand in that file
 * @throws SectionError when there is no such section
 */
export function dumpDefault(which: string): string {
  const dumped = which === 'all' ? sectionsOf('flexisip') : sections.filter(({ name }) => name === which)
  if (dumped.length === 0) {
    throw new SectionError(`couldn't find node '${which}'; write all or one of ${listSections().join(', ')}`)
  }
  return dumped.map(({ name }) => dumpSection(name)).join(betweenSections)
}

/** Writes the defaults of the companion file. */
export function dumpCompanionDefault(): string {
  return sectionsOf('companion')
    .map(({ name }) => dumpSection(name))
    .join(betweenSections)
}

/** The names of all sections, for `--list-sections`. */
export function listSections(): string[] {
  return sections.map(({ name }) => name)
}

function sectionsOf(kind: ConfigFileKind): typeof sections {
  return sections.filter(({ file }) => file === kind)
}

function dumpSection(name: (typeof sections)[number]['name']): string {
  const { help } = sections.find((section) => section.name === name)!
  const lines = ['##', ...wrap(help, '##'), '##', `[${name}]`, '']
  for (const [key, parameter] of Object.entries(parametersOf(name))) {
    if (parameter.deprecated === true) continue
    lines.push(...wrap(parameter.help, '#'), `# Default: ${parameter.default}`)
    if (parameter.type.unit !== undefined) lines.push(`# Default unit: ${parameter.type.unit}`)
    lines.push(`#${key}=${parameter.default}`, '')
  }
  return `${lines.join('\n')}\n`
}

/** Breaks a text into comment lines. */
function wrap(text: string, prefix: string): string[] {
  return text.split('\n').flatMap((paragraph) => {
    const lines: string[] = []
    let line = ''
    for (const word of paragraph.split(' ')) {
      line += line === '' ? word : ` ${word}`
      if (line.length >= helpWidth) {
        lines.push(`${prefix} ${line}`)
        line = ''
      }
    }
    if (line !== '' || lines.length === 0) lines.push(`${prefix} ${line}`)
    return lines
  })
}
