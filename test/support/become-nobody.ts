import { chownSync } from 'node:fs'
import { type TestContext } from 'node:test'

/**
 * Gives up the rights of root until the test ends, because root may read everything; a user who is not root has none to
 * give up.
 * @param owned files and directories that the test goes on using
 */
export function becomeNobody(t: TestContext, owned: readonly string[]): void {
  if (process.geteuid?.() !== 0) return
  const nobody = 65_534
  for (const path of owned) chownSync(path, nobody, nobody)
  process.seteuid!(nobody)
  t.after(() => process.seteuid!(0))
}
