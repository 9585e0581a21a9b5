import { hasErrors, formatProblem } from '../config/problem.ts'
import { loadConfig, type LoadOptions, type LoadResult } from '../config/load-config.ts'
import { type ConfigSnapshot } from '../config/config-snapshot.ts'
import { type Options } from './options.ts'

/** Where the configuration is that a command line names. */
export function sourceOf({ config, companion, overrides }: Options): LoadOptions {
  return { file: config, overrides, ...(companion === undefined ? {} : { companion }) }
}

/** Reads the configuration that a command line names; `previous` when it is a reload. */
export function loadFor(options: Options, previous?: ConfigSnapshot): LoadResult {
  return loadConfig({ ...sourceOf(options), ...(previous === undefined ? {} : { previous }) })
}

/** The configuration for a tool: what is wrong with it is said on standard error, and ends the tool when it is grave. */
export function loadForTool(options: Options): ConfigSnapshot | undefined {
  const { snapshot, problems } = loadFor(options)
  if (hasErrors(problems)) for (const problem of problems) process.stderr.write(`${formatProblem(problem)}\n`)
  return snapshot
}
