import { compileFilter, FilterError } from '../../proxy-module/filter/filter.ts'
import { type ConfigSnapshot } from '../config/config-snapshot.ts'
import { type Problem } from '../config/problem.ts'

/**
 * What is wrong with `module::B2bua/filter`, which the proxy beside this server reads: what Flexisip refuses or crashes on is
 * an error, what it reads otherwise than one would think a warning.
 */
export function checkFilter(snapshot: ConfigSnapshot): Problem[] {
  const at = snapshot.at('module::B2bua', 'filter')
  const text = snapshot.text('module::B2bua', 'filter') ?? ''
  if (at === undefined || text === '') return []
  const place = (column: number): { file: string; line: number; column: number } => ({
    ...at,
    column: at.column + column - 1,
  })
  try {
    return compileFilter(text).advice.map(({ column, what, instead }) => ({
      ...place(column),
      severity: 'warning',
      code: 'FILTER_READING',
      what,
      instead,
    }))
  } catch (error) {
    if (!(error instanceof FilterError)) throw error
    const { column, code, what, instead } = error
    return [{ ...place(column), severity: 'error', code, what, instead }]
  }
}
