import { ConfigSnapshot, type SnapshotEntry } from './config-snapshot.ts'
import { crossCheck } from './cross-checks.ts'
import { type ConfigDocument, type DocumentSection, parseDocument } from './dialect.ts'
import { foldCase } from './fold-case.ts'
import { nearest } from './nearest.ts'
import { readOverrides } from './overrides.ts'
import { type Position, type Problem, quote, utf8 } from './problem.ts'
import { allParameters, type ConfigFileKind, parametersOf, type SectionDescription, sections } from './schema.ts'
import { type Parameter } from './schema/parameter.ts'
import { ValueError } from './value-type.ts'

/** The texts of which a configuration is made. */
export interface ConfigSources {
  /** Path of flexisip.conf. */
  readonly file: string
  /** Its bytes as latin1. */
  readonly text: string
  /** Path of the companion file, whether it exists or not. */
  readonly companion: string
  /** Its bytes as latin1; undefined when there is none. */
  readonly companionText?: string
}

/** A configuration that was read, with all that is wrong with it. */
export interface Assembled {
  /** Complete even where there are errors: a value that is wrong is then its default. For tools, not for servers. */
  readonly snapshot: ConfigSnapshot
  readonly problems: readonly Problem[]
}

/** A value as the file or the command line has it. */
interface Written {
  readonly value: string
  readonly at: Position
}

type Entries = { section: string; key: string; entry: SnapshotEntry }[]

/**
 * Makes a snapshot of the texts of both files and the command line; reads no file itself.
 * @param options what stood behind `--set`, in order
 */
export function assemble(sources: ConfigSources, options: readonly string[] = []): Assembled {
  const problems: Problem[] = []
  const written = new Map<Parameter<unknown>, Written>()
  const entries: Entries = []

  for (const document of documents(sources)) {
    problems.push(...document.problems)
    for (const section of document.sections.values()) {
      collect(section, document.kind, sources.companion, written, problems)
      for (const { key, value, at } of section.entries.values()) {
        entries.push({ section: section.name, key, entry: { text: value, value: undefined, at } })
      }
    }
  }
  const command = readOverrides(options)
  problems.push(...command.problems)
  for (const { section, key, value, at } of command.overrides) written.set(parametersOf(section)[key]!, { value, at })

  const files = [sources.file, sources.companion]
  for (const { section, key, parameter } of allParameters()) {
    const entry = evaluate(parameter, written.get(parameter), problems)
    entries.push({ section, key, entry })
    if (parameter.namesFile !== undefined && typeof entry.value === 'string' && entry.value !== '')
      files.push(entry.value)
  }
  const contents = new Map([[sources.file, sources.text]])
  if (sources.companionText !== undefined) contents.set(sources.companion, sources.companionText)
  const snapshot = new ConfigSnapshot({ entries, files, sources: contents })
  problems.push(...crossCheck(snapshot, sources.companion))
  return { snapshot, problems }
}

function documents({
  file,
  text,
  companion,
  companionText,
}: ConfigSources): (ConfigDocument & { kind: ConfigFileKind })[] {
  const flexisip = { ...parseDocument(file, text), kind: 'flexisip' as const }
  if (companionText === undefined) return [flexisip]
  return [flexisip, { ...parseDocument(companion, companionText), kind: 'companion' }]
}

/** Takes the values of a section that is ours, and reports what does not belong. */
function collect(
  section: DocumentSection,
  kind: ConfigFileKind,
  companion: string,
  written: Map<Parameter<unknown>, Written>,
  problems: Problem[],
): void {
  const description = sections.find(({ name, file }) => file === kind && foldCase(name) === foldCase(section.name))
  if (description === undefined) {
    if (section.entries.size > 0) problems.push(...unknownSection(section, kind, companion))
    return
  }
  problems.push(...section.ignored)
  const parameters = parametersOf(description.name)
  for (const { key, value, keyAt, at } of section.entries.values()) {
    const folded = foldCase(key)
    const name = Object.keys(parameters).find((one) => one === folded || parameters[one]!.alias === folded)
    if (name === undefined) {
      problems.push(...unknownKey(description, key, keyAt, kind))
      continue
    }
    const parameter = parameters[name]!
    if (written.has(parameter)) {
      problems.push({
        ...keyAt,
        severity: 'error',
        code: 'CONFIG_DUPLICATE_KEY',
        what: `${quote(key)} says '${name}' a second time`,
        instead: `write only '${name}'`,
      })
      continue
    }
    if (name !== folded) problems.push(refused(key, name, keyAt))
    if (parameter.deprecated === true) problems.push(deprecated(key, keyAt))
    written.set(parameter, { value, at })
  }
  for (const { key, at } of section.blanks) {
    const parameter = parameters[foldCase(key)]
    if (parameter === undefined || parameter.default === '') continue
    problems.push({
      ...at,
      severity: 'warning',
      code: 'CONFIG_BLANK',
      what: `'${foldCase(key)}=' with nothing behind is read as absent: the value is '${parameter.default}'`,
      instead: `write the value, or remove the line`,
    })
  }
}

function evaluate(parameter: Parameter<unknown>, written: Written | undefined, problems: Problem[]): SnapshotEntry {
  const fallback = { text: parameter.default, value: parameter.type.parse(parameter.default) }
  if (written === undefined) return fallback
  const { value: text, at } = written
  const report = (severity: Problem['severity'], offset: number, what: string, instead: string): void => {
    problems.push({ ...at, column: at.column + offset, severity, code: 'CONFIG_VALUE', what, instead })
  }
  let value: unknown
  try {
    value = parameter.type.parse(text)
  } catch (error) {
    if (!(error instanceof ValueError)) throw error
    report('error', 0, error.what, error.instead)
    return fallback
  }
  const fault = parameter.check?.(value)
  if (fault !== undefined) {
    report('error', 0, `${fault.what}: ${quote(text)}`, fault.instead)
    return fallback
  }
  if (/^\t|[ \t]$/.test(text)) {
    report(
      'warning',
      0,
      `white space is part of the value ${quote(text)}`,
      'remove it, and end the line with a line feed',
    )
  }
  for (const { offset, what, instead } of parameter.type.advise?.(text) ?? []) report('warning', offset, what, instead)
  return { text, value, at }
}

/** A Flexisip knows these, and this server does not read them. */
const foreign: ReadonlySet<string> = new Set(['b2bua-server::sip-bridge'])

function unknownSection(section: DocumentSection, kind: ConfigFileKind, companion: string): Problem[] {
  const folded = foldCase(section.name)
  if (foreign.has(folded)) return []
  const error = { ...section.at, severity: 'error' as const, code: 'CONFIG_UNKNOWN_SECTION' }
  const elsewhere = sections.find(({ name }) => foldCase(name) === folded)
  if (elsewhere !== undefined) {
    return [
      {
        ...error,
        what: `[${elsewhere.name}] does not belong into this file`,
        instead: kind === 'flexisip' ? `move it to ${companion}` : 'move it to flexisip.conf',
      },
    ]
  }
  const names = sections.filter(({ file }) => file === kind).map(({ name }) => name)
  const meant = nearest(folded, names.map(foldCase))
  const name = names.find((one) => foldCase(one) === meant)
  if (kind === 'flexisip' && name === undefined && !folded.startsWith('b2bua')) return []
  return [
    {
      ...error,
      what: `there is no section ${quote(section.name)}`,
      instead: name === undefined ? `write one of ${names.map((one) => `[${one}]`).join(', ')}` : `write [${name}]`,
    },
  ]
}

function unknownKey(
  { name, complete }: SectionDescription,
  key: string,
  at: Position,
  kind: ConfigFileKind,
): Problem[] {
  const meant = nearest(foldCase(key), Object.keys(parametersOf(name)))
  if (!complete) {
    if (meant === undefined) return []
    const what = `${quote(key)} is no parameter of [${name}] that this server knows`
    return [{ ...at, severity: 'warning', code: 'CONFIG_UNKNOWN_KEY', what, instead: `did you mean '${meant}'?` }]
  }
  const instead = /^[#;]/.test(key)
    ? "begin a comment with '#' at the start of the line"
    : meant !== undefined
      ? `did you mean '${meant}'?`
      : `remove it; --dump-default ${name} prints what there is`
  return [
    {
      ...at,
      severity: 'error',
      code: 'CONFIG_UNKNOWN_KEY',
      what: `there is no parameter ${quote(key)} in [${name}]${kind === 'flexisip' ? ', and a Flexisip refuses it too' : ''}`,
      instead,
    },
  ]
}

function refused(key: string, name: string, at: Position): Problem {
  return {
    ...at,
    severity: 'warning',
    code: 'CONFIG_REFUSED_BY_FLEXISIP',
    what: `${quote(key)} is read here, but a Flexisip that shares this file refuses to start`,
    instead: `write '${name}'`,
  }
}

function deprecated(key: string, at: Position): Problem {
  return {
    ...at,
    severity: 'warning',
    code: 'CONFIG_DEPRECATED',
    what: `${utf8(key)} is deprecated`,
    instead: "write a filter, e.g. filter=from.uri.domain == 'sip.example.org'",
  }
}
