import { foldCase } from './fold-case.ts'
import { type Position } from './problem.ts'
import { type KeyOf, type SectionName, type ValueOf } from './schema.ts'
import { splitList } from './value-type.ts'

/** One value of a snapshot. */
export interface SnapshotEntry {
  /** As Flexisip reads it: latin1, one character a byte. */
  readonly text: string
  /** What the schema made of it; undefined for parameters of other sections. */
  readonly value: unknown
  /** Where its first byte was written; absent for a default. */
  readonly at?: Position
}

/** An element of a StringList with its place. */
export interface Token extends Position {
  readonly text: string
}

/** What a snapshot is made of. */
export interface SnapshotParts {
  /** By section and key. */
  readonly entries: readonly { readonly section: string; readonly key: string; readonly entry: SnapshotEntry }[]
  readonly files: readonly string[]
  /** What each configuration file held, latin1, by path. */
  readonly sources: ReadonlyMap<string, string>
}

/**
 * The configuration at one moment, never changed: a call keeps the snapshot that it began with, and a reload makes
 * another.
 */
export class ConfigSnapshot {
  /** Every file whose change must reload the configuration, whether it exists or not. */
  readonly files: readonly string[]
  readonly #entries: ReadonlyMap<string, SnapshotEntry>
  readonly #sources: ReadonlyMap<string, string>

  constructor({ entries, files, sources }: SnapshotParts) {
    this.files = Object.freeze([...files])
    this.#sources = new Map(sources)
    this.#entries = new Map(entries.map(({ section, key, entry }) => [entryKey(section, key), freezeEntry(entry)]))
    Object.freeze(this)
  }

  /**
   * The value of a parameter, or its default.
   * @returns Boolean → boolean, Integer → number, Duration… → milliseconds, IntegerRange → {min, max}, StringList →
   *   frozen array, others → text: latin1, one character a byte, but paths decoded as UTF-8
   */
  get<S extends SectionName, K extends KeyOf<S>>(section: S, key: K): ValueOf<S, K> {
    return this.#entry(section, key)!.value as ValueOf<S, K>
  }

  /** Where a parameter's value was written; undefined when it is the default. */
  at<S extends SectionName>(section: S, key: KeyOf<S>): Position | undefined {
    return this.#entry(section, key)?.at
  }

  /** The elements of a StringList with their places; those of a default, and none other, stand at line 0. */
  tokens<S extends SectionName>(section: S, key: KeyOf<S>): readonly Token[] {
    const { text, at } = this.#entry(section, key)!
    const { file, line, column } = at ?? { file: this.files[0] ?? '', line: 0, column: 0 }
    return Object.freeze(
      splitList(text).map((element) =>
        Object.freeze({ text: element.text, file, line, column: at === undefined ? 0 : column + element.offset }),
      ),
    )
  }

  /**
   * The text of any parameter as a Flexisip reads it, those of sections that are not ours included; case does not count.
   * @returns latin1, one character a byte; undefined when the section or key is neither in the schema nor in the file
   */
  text(section: string, key: string): string | undefined {
    return this.#entry(section, key)?.text
  }

  /** Where the first value of a section was written, ours or not; undefined when none of it was. Case does not count. */
  sectionAt(section: string): Position | undefined {
    const prefix = entryKey(section, '')
    for (const [key, { at }] of this.#entries) if (at !== undefined && key.startsWith(prefix)) return at
    return undefined
  }

  /** What a configuration file held when it was read, latin1; undefined when there was no such file. */
  source(file: string): string | undefined {
    return this.#sources.get(file)
  }

  #entry(section: string, key: string): SnapshotEntry | undefined {
    return this.#entries.get(entryKey(section, key))
  }
}

function freezeEntry(entry: SnapshotEntry): SnapshotEntry {
  if (entry.at !== undefined) Object.freeze(entry.at)
  return Object.freeze(entry)
}

/** Sections and keys never contain white space, so a space separates them; case does not count (config-file §1). */
function entryKey(section: string, key: string): string {
  return foldCase(`${section} ${key}`)
}
