import { assemble } from '../../src/config/assemble.ts'
import { type Problem } from '../../src/config/problem.ts'
import { readRules, type TrenscrypterRules } from '../../src/trenscrypter/rules.ts'

/**
 * Reads rules from a flexisip.conf in which `outgoing-enc-regex` stands on line 2, its value from column 20 on, and
 * `outgoing-srtp-regex` on line 3, from column 21 on.
 */
export function rulesFrom(encryption: string, suites = ''): { rules: TrenscrypterRules; problems: Problem[] } {
  const text = `[b2bua-server::trenscrypter]\noutgoing-enc-regex=${encryption} \noutgoing-srtp-regex=${suites} \n`
  const { snapshot } = assemble({ file: 'flexisip.conf', text, companion: 'flexisip-b2bua.conf' })
  return readRules(snapshot)
}
