import ini from 'ini'
import { foldCase } from './fold-case.ts'
import { type IgnoredLine, longestLine, scanLines } from './line-scanner.ts'
import { type Fault, type Position, type Problem, quote } from './problem.ts'

/** A value of a file. */
export interface DocumentEntry {
  /** As written. */
  readonly key: string
  /** As Flexisip reads it: latin1, one character a byte. */
  readonly value: string
  /** Where the key begins. */
  readonly keyAt: Position
  /** Where the value begins, behind the spaces in front of it. */
  readonly at: Position
}

/** A section of a file; a header that comes again goes on with it. */
export interface DocumentSection {
  /** As first written. */
  readonly name: string
  readonly at: Position
  /** By key in lower case. */
  readonly entries: ReadonlyMap<string, DocumentEntry>
  /** `key=` lines with nothing behind: Flexisip reads them as absent. */
  readonly blanks: readonly { readonly key: string; readonly at: Position }[]
  /** Lines that have no effect, as warnings. */
  readonly ignored: readonly Problem[]
}

/** A file as Flexisip reads it. */
export interface ConfigDocument {
  readonly file: string
  /** By name in lower case. */
  readonly sections: ReadonlyMap<string, DocumentSection>
  /** What concerns the file or any of its sections, ours or not. */
  readonly problems: readonly Problem[]
}

interface OpenSection extends DocumentSection {
  readonly written: Map<string, Omit<DocumentEntry, 'value'>>
  readonly entries: Map<string, DocumentEntry>
  readonly blanks: { readonly key: string; readonly at: Position }[]
  readonly ignored: Problem[]
}

/**
 * Reads a flexisip.conf exactly as Flexisip >= 2.4 does (reference: config-file §1 and the traps of §4). The values are
 * decoded by `ini`; what it would spoil is protected from it, and it never sees what Flexisip does not.
 * @param text the bytes of the file as latin1, so that every byte survives and columns count bytes
 */
export function parseDocument(file: string, text: string): ConfigDocument {
  const sections = new Map<string, OpenSection>()
  const problems: Problem[] = []
  const shielded: string[] = []
  let current: OpenSection | undefined
  let carriageReturns = false

  for (const statement of scanLines(text)) {
    const at: Position = { file, line: statement.line, column: statement.column }
    if (statement.kind === 'section') {
      const folded = foldCase(statement.name)
      current = sections.get(folded)
      if (current === undefined) {
        current = { name: statement.name, at, entries: new Map(), written: new Map(), blanks: [], ignored: [] }
        sections.set(folded, current)
      }
      shielded.push(`[${shieldName(folded)}]`)
    } else if (statement.kind === 'ignored') {
      const problem = warning('CONFIG_LINE', at, ignoredLines[statement.why])
      if (ofTheFile.has(statement.why) || current === undefined) problems.push(problem)
      else current.ignored.push(problem)
    } else if (current === undefined) {
      problems.push(
        warning('CONFIG_LINE', at, {
          what: `${quote(statement.key)} stands before any section and is ignored`,
          instead: 'write it below its [section]',
        }),
      )
    } else if (statement.kind === 'blank') {
      current.blanks.push({ key: statement.key, at })
    } else {
      const folded = foldCase(statement.key)
      const earlier = current.written.get(folded)
      if (earlier !== undefined) {
        problems.push({ ...at, severity: 'error', code: 'CONFIG_DUPLICATE_KEY', ...duplicate(current, earlier) })
        continue
      }
      if (statement.value.endsWith('\r') && !carriageReturns) {
        carriageReturns = true
        problems.push(warning('CONFIG_CRLF', at, crlf))
      }
      current.written.set(folded, {
        key: statement.key,
        keyAt: at,
        at: { file, line: statement.line, column: statement.valueColumn },
      })
      shielded.push(`${shieldName(folded)}=${shieldValue(statement.value)}`)
    }
  }
  decode(shielded, sections)
  return { file, sections, problems }
}

/** Lets `ini` decode the protected lines, and gives each entry its value. */
function decode(lines: readonly string[], sections: ReadonlyMap<string, OpenSection>): void {
  const decoded = ini.parse(lines.join('\n')) as Readonly<Record<string, Readonly<Record<string, string>>>>
  for (const [folded, section] of sections) {
    const values = decoded[shieldName(folded)]
    for (const [key, entry] of section.written) {
      section.entries.set(key, { ...entry, value: values![shieldName(key)]!.slice(shield.length) })
    }
  }
}

/** Stands before every shielded text, so that none looks like `true`, `null`, `__proto__` or a comment. */
const shield = '='

/** A section or key that `ini` takes for one plain word: no dots to nest by, no brackets, comments or arrays. */
function shieldName(name: string): string {
  return `n${Buffer.from(name, 'latin1').toString('hex')}`
}

/** A value that `ini` unquotes to itself, behind the shield. */
function shieldValue(value: string): string {
  return JSON.stringify(shield + value)
}

function warning(code: string, at: Position, fault: Fault): Problem {
  return { ...at, severity: 'warning', code, ...fault }
}

function duplicate({ name }: DocumentSection, { key, keyAt }: Omit<DocumentEntry, 'value'>): Fault {
  return {
    what: `${quote(key)} is in [${name}] already, on line ${keyAt.line}`,
    instead: 'remove one of them: a Flexisip since 2.4 refuses to start, and an older one takes the last',
  }
}

const crlf: Fault = {
  what: 'the line ends with a carriage return, which is part of the value',
  instead: 'save the file with Unix line ends',
}

/** Those that are told whichever section they stand in, because they may hide a section of ours. */
const ofTheFile: ReadonlySet<IgnoredLine> = new Set(['bom', 'nul', 'no-bracket', 'no-name', 'too-long', 'tab'])

const ignoredLines: Readonly<Record<IgnoredLine, Fault>> = {
  'no-equals': { what: "the line has no '=' and is ignored", instead: "write key=value on one line, or '#' before it" },
  'no-key': { what: "nothing stands before '=', and the line is ignored", instead: 'write key=value' },
  'no-bracket': { what: "the section has no ']', and the line is ignored", instead: 'write [section]' },
  'no-name': { what: 'the section has no name, and the one before goes on', instead: 'write [section]' },
  tab: {
    what: 'a tab stands before a comment or section, which makes it neither',
    instead: "begin the line with '#' or '['",
  },
  'too-long': {
    what: `the line is longer than ${longestLine} bytes, and what follows is read as another line`,
    instead: 'write a shorter line',
  },
  nul: { what: 'the line holds a NUL byte, and what follows is ignored', instead: 'save the file as plain text' },
  bom: {
    what: 'the file begins with a byte order mark, which spoils its first line',
    instead: 'save the file as UTF-8 without BOM',
  },
}
