import { compileFilter, FilterError } from '../../proxy-module/filter/filter.ts'
import { missesCancel } from '../../proxy-module/filter/misses-cancel.ts'
import { type ConfigSnapshot } from '../config/config-snapshot.ts'
import { type Problem } from '../config/problem.ts'

/**
 * What is wrong with `module::B2bua/filter`, which the proxy beside this server reads: what Flexisip refuses or crashes on is
 * an error, what it reads otherwise than one would think a warning.
 * @param native - a Flexisip is that proxy: ours sends a CANCEL after its INVITE, whatever the filter says
 */
export function checkFilter(snapshot: ConfigSnapshot, native: boolean): Problem[] {
  const at = snapshot.at('module::B2bua', 'filter')
  const text = snapshot.text('module::B2bua', 'filter') ?? ''
  if (at === undefined || text === '') return []
  const place = (column: number): { file: string; line: number; column: number } => ({
    ...at,
    column: at.column + column - 1,
  })
  try {
    const { advice, root } = compileFilter(text)
    const problems: Problem[] = advice.map(({ column, what, instead }) => ({
      ...place(column),
      severity: 'warning',
      code: 'FILTER_READING',
      what,
      instead,
    }))
    if (native && missesCancel(root)) problems.push({ ...at, ...cancelMissed })
    return problems
  } catch (error) {
    if (!(error instanceof FilterError)) throw error
    const { column, code, what, instead } = error
    return [{ ...place(column), severity: 'error', code, what, instead }]
  }
}

const cancelMissed = {
  severity: 'warning',
  code: 'FILTER_CANCEL',
  what: 'the filter can be true for an INVITE and false for its CANCEL, which a Flexisip then sends elsewhere: the call rings on',
  instead:
    "write a filter of From, To, request URI or User-Agent, which both have, and no request.method (or request.method in 'INVITE CANCEL')",
} as const
