import { readlinkSync } from 'node:fs'
import { dirname, join, parse, resolve, sep } from 'node:path'

/** Longest chain of symbolic links that is followed, as Linux has it (path_resolution(7)). */
const mostLinks = 40

/**
 * Finds what must be watched so that no change of a file is missed: the file itself, and every symbolic link on the way
 * to it, among them a directory that is swapped as a whole (as Kubernetes does with `..data`). Files need not exist.
 * @returns absolute paths; it is their directories that must be watched, because a save may replace the entry
 */
export function watchedPaths(files: readonly string[]): Set<string> {
  const found = new Set<string>()
  for (const file of files) follow(resolve(file), found, 0)
  return found
}

function follow(path: string, found: Set<string>, links: number): void {
  const { root } = parse(path)
  const names = path.slice(root.length).split(sep)
  let walked = root
  for (const [index, name] of names.entries()) {
    walked = join(walked, name)
    const target = linkTarget(walked)
    if (target === undefined) continue
    found.add(walked)
    if (links >= mostLinks) return
    follow(resolve(dirname(walked), target, ...names.slice(index + 1)), found, links + 1)
    return
  }
  found.add(path)
}

/** Where a symbolic link leads; undefined for anything else, and for what does not exist or cannot be read. */
function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined
    throw error
  }
}
