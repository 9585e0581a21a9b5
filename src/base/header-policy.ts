import { headerRow } from './header-table.ts'

/** Header names in lower case: whole ones, and the beginnings of those that were written with a `*`. */
export interface HeaderNames {
  readonly whole: ReadonlySet<string>
  readonly beginnings: readonly string[]
}

/** `header-policy`: which of the header fields that are end to end stay behind, and which of those cross after all. */
export interface HeaderPolicy {
  readonly removed: HeaderNames
  readonly kept: HeaderNames
}

const none: HeaderNames = { whole: new Set(), beginnings: [] }

/** What is end to end crosses. */
export const everythingCrosses: HeaderPolicy = { removed: none, kept: none }

/**
 * Whether a header field crosses as it came.
 * @param key - the full header name in lower case
 */
export function crossesWhole(key: string, { removed, kept }: HeaderPolicy): boolean {
  const crossing = headerRow(key)?.crossing ?? 'end-to-end'
  if (crossing === 'own' || crossing === 'part') return false
  return crossing !== 'end-to-end' || !has(removed, key) || has(kept, key)
}

function has({ whole, beginnings }: HeaderNames, key: string): boolean {
  return whole.has(key) || beginnings.some((beginning) => key.startsWith(beginning))
}
