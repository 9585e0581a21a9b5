import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type FSWatcher, watch } from 'chokidar'
import { type Clock, systemClock, type Timer } from '../base/clock.ts'
import { TypedEmitter } from '../base/typed-emitter.ts'
import { type ConfigChange, findChanges, needRestart } from './config-changes.ts'
import { type ConfigSnapshot } from './config-snapshot.ts'
import { type LoadResult } from './load-config.ts'
import { hasErrors, type Problem } from './problem.ts'
import { type ParameterPath } from './schema.ts'
import { watchedPaths } from './watched-paths.ts'

/** A reload that was taken. */
export interface ConfigReload {
  readonly snapshot: ConfigSnapshot
  readonly previous: ConfigSnapshot
  /** Parameters whose text changed; none when only comments did, or a file that a parameter names. */
  readonly changes: readonly ConfigChange[]
  /** Files whose content changed, configuration files and those that parameters name. */
  readonly changedFiles: readonly string[]
  /** Parameters that changed and take effect only at the next start. */
  readonly needsRestart: readonly ParameterPath[]
  /** Warnings. */
  readonly problems: readonly Problem[]
}

export interface ConfigWatcherEvents {
  /** A new snapshot is in force. */
  reloaded: [ConfigReload]
  /** What the files hold is wrong, and the last good snapshot stays in force. */
  rejected: [readonly Problem[]]
  /** The system gave no watch (too many of them, for instance): the files are looked at every half second instead. */
  degraded: [Error]
}

export interface ConfigWatcherOptions {
  /** The snapshot to begin with. */
  readonly initial: ConfigSnapshot
  /** Loads the configuration anew; `previous` is for {@link LoadOptions.previous}. */
  readonly load: (previous: ConfigSnapshot) => LoadResult
  /** Finds problems that the configuration layer cannot know; an error among them rejects the snapshot. */
  readonly validate?: (snapshot: ConfigSnapshot) => readonly Problem[]
  readonly clock?: Clock
}

/** Milliseconds without a further event before the files are read: a save is several events. */
const settle = 60
/** Longest that a stream of events can put the reading off, in milliseconds. */
const longestSettle = 300
/** Milliseconds between looks at the files while they are wrong, when a change of rights may give no event. */
const retry = 500

/**
 * Keeps the configuration up to date with its files. A change is loaded and checked as a whole, in one go, and swapped at
 * once; when anything is wrong the last good snapshot stays. Directories are watched, not files, so that a file may be
 * replaced, deleted and restored, or be reached by links that are swapped.
 */
export class ConfigWatcher {
  readonly events = new TypedEmitter<ConfigWatcherEvents>()
  readonly #options: ConfigWatcherOptions
  readonly #clock: Clock
  #current: ConfigSnapshot
  /** Files of the snapshot in force and of the last attempt, which may have named others. */
  #files: readonly string[]
  /** What each file held when it was last looked at. */
  #seen: ReadonlyMap<string, string>
  #watcher: FSWatcher | undefined
  #watched: ReadonlySet<string> = new Set()
  /** The change of watches that goes on. */
  #rewatching: Promise<void> = Promise.resolve()
  #rejected = false
  #degraded = false
  #closed = false
  #settling: Timer | undefined
  #firstEvent: number | undefined
  #retrying: Timer | undefined

  constructor(options: ConfigWatcherOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#current = options.initial
    this.#files = options.initial.files
    // what was loaded, not what is there by now
    this.#seen = new Map(
      options.initial.files.map((file) => [file, digest(options.initial.source(file)) ?? look(file)]),
    )
  }

  /** The snapshot in force. */
  get current(): ConfigSnapshot {
    return this.#current
  }

  /** Begins to watch; resolves when no further change can be missed. What changed since the initial load is found too. */
  async start(): Promise<void> {
    this.#rewatch()
    await this.watching()
  }

  /** Resolves when the files that matter now are watched, which may be others than before a reload. */
  watching(): Promise<void> {
    return this.#rewatching
  }

  /** Stops watching for good. */
  async close(): Promise<void> {
    this.#closed = true
    this.#settling?.cancel()
    this.#retrying?.cancel()
    await this.#rewatching
    await this.#watcher?.close()
  }

  /** Watches the directories that matter now, if they are not those that are watched. */
  #rewatch(): void {
    this.#rewatching = this.#rewatching.then(async () => {
      const paths = watchedPaths(this.#files)
      if (this.#closed || (this.#watcher !== undefined && sameSet(paths, this.#watched))) return
      await this.#watcher?.close()
      this.#watched = paths
      await this.#open(paths)
      this.#check()
    })
  }

  #open(paths: ReadonlySet<string>): Promise<void> {
    const directories = new Set([...paths].map((path) => dirname(path)))
    const watcher = watch([...directories], {
      depth: 0,
      ignored: (path) => !paths.has(path) && !directories.has(path),
      ignoreInitial: true,
      followSymlinks: false,
      atomic: false,
      ignorePermissionErrors: true,
    })
    this.#watcher = watcher
    watcher.on('all', (event, path) => {
      // chokidar 6 tells that a directory came back, and then nothing of what is in it
      if (event.endsWith('Dir') && directories.has(path)) this.#watched = new Set()
      this.#settle()
    })
    // What the system says, because chokidar is silent about a file that lost its rights or made room for a directory
    watcher.on('raw', (_event, name, details) => {
      const { watchedPath } = details as { readonly watchedPath?: string }
      if (watchedPath === undefined || name === null || paths.has(join(watchedPath, name))) this.#settle()
    })
    return new Promise((resolve) => {
      watcher.on('ready', resolve)
      watcher.on('error', (error) => {
        this.#degrade(error instanceof Error ? error : new Error(String(error)))
        resolve()
      })
    })
  }

  #degrade(error: Error): void {
    if (this.#degraded || this.#closed) return
    this.#degraded = true
    this.events.emit('degraded', error)
    this.#retry()
  }

  /** Waits for the end of a save. */
  #settle(): void {
    if (this.#closed) return
    const now = this.#clock.now()
    this.#firstEvent ??= now
    this.#settling?.cancel()
    const delay = Math.max(0, Math.min(settle, this.#firstEvent + longestSettle - now))
    this.#settling = this.#clock.after(delay, () => {
      this.#firstEvent = undefined
      this.#check()
      this.#rewatch()
    })
  }

  /** Looks again later, for as long as the files are wrong or no watch can be had. */
  #retry(): void {
    this.#retrying?.cancel()
    this.#retrying = undefined
    if (this.#closed || !(this.#rejected || this.#degraded)) return
    this.#retrying = this.#clock.after(retry, () => {
      this.#check()
      this.#rewatch()
      this.#retry()
    })
  }

  /** Loads the files if they hold anything else than when they were last looked at. Runs in one go: nothing overlaps it. */
  #check(): void {
    if (this.#closed) return
    const seen = new Map(this.#files.map((file) => [file, look(file)]))
    const changedFiles = [...seen].filter(([file, content]) => this.#seen.get(file) !== content).map(([file]) => file)
    if (changedFiles.length === 0) return
    const { snapshot, problems, files } = this.#options.load(this.#current)
    const found = [...problems, ...(snapshot === undefined ? [] : (this.#options.validate?.(snapshot) ?? []))]
    const rejected = snapshot === undefined || hasErrors(found)
    this.#rejected = rejected
    this.#files = rejected ? [...new Set([...this.#current.files, ...files])] : files
    this.#seen = new Map(this.#files.map((file) => [file, seen.get(file) ?? look(file)]))
    if (rejected) this.events.emit('rejected', found)
    else this.#swap(snapshot, changedFiles, found)
    this.#retry()
  }

  #swap(snapshot: ConfigSnapshot, changedFiles: readonly string[], problems: readonly Problem[]): void {
    const previous = this.#current
    const changes = findChanges(previous, snapshot)
    this.#current = snapshot
    this.events.emit('reloaded', {
      snapshot,
      previous,
      changes,
      changedFiles,
      needsRestart: needRestart(changes),
      problems,
    })
  }
}

/** What tells whether a file changed: a hash of its content, or why it cannot be read. */
function look(file: string): string {
  try {
    return hash(readFileSync(file))
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error)
  }
}

function digest(source: string | undefined): string | undefined {
  return source === undefined ? undefined : hash(Buffer.from(source, 'latin1'))
}

function hash(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}

function sameSet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((one) => b.has(one))
}
