import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { checkConfig, type ProblemSource, reportProblems } from '../../src/config/check-config.ts'
import { type Problem } from '../../src/config/problem.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

function check(
  t: TestContext,
  text: string,
  sources: readonly ProblemSource[] = [],
): { problems: Problem[]; directory: string } {
  const directory = temporaryDirectory(t, { 'flexisip.conf': text })
  return { problems: checkConfig({ file: join(directory, 'flexisip.conf') }, sources), directory }
}

const fixed = '[b2bua-server]\nuser-agent=Flexisip-B2BUA/1.0\n'

test('a file without problems gives an empty report and status 0', (t) => {
  assert.deepEqual(reportProblems(check(t, fixed).problems, false), { text: '', status: 0 })
})

test('warnings alone leave the status at 0', (t) => {
  const { problems } = check(t, `${fixed}no-rtp-timeout=5m\n`)
  assert.equal(problems.length, 1)
  assert.equal(reportProblems(problems, false).status, 0)
})

test('problems are printed as file:line:column, in order, with what to write instead', (t) => {
  const { problems, directory } = check(t, `${fixed}max-cals=7\nmax-calls=many\n`)
  const { text, status } = reportProblems(problems, false)
  assert.equal(status, 1)
  assert.deepEqual(text.split('\n'), [
    `${directory}/flexisip.conf:3:1: error: there is no parameter 'max-cals' in [b2bua-server], and a Flexisip refuses it too; did you mean 'max-calls'?`,
    `${directory}/flexisip.conf:4:11: error: 'many' is not a number; write digits only`,
  ])
})

test('--json prints one array of the same problems', (t) => {
  const { problems } = check(t, `${fixed}max-calls=0\n`)
  const { text, status } = reportProblems(problems, true)
  assert.equal(status, 1)
  const [problem] = JSON.parse(text) as Problem[]
  assert.deepEqual(problem, problems[0])
  assert.equal(problem?.severity, 'error')
  assert.deepEqual([problem.line, problem.column, problem.code], [3, 11, 'CONFIG_VALUE'])
})

test('--json of a good file is an empty array', (t) => {
  assert.equal(reportProblems(check(t, fixed).problems, true).text, '[]')
})

test('{version} in the user agent gets a warning, also when it is the default', (t) => {
  const [byDefault] = check(t, '').problems
  assert.equal(byDefault?.code, 'CONFIG_USER_AGENT')
  assert.deepEqual([byDefault.severity, byDefault.line, byDefault.column], ['warning', 1, 1])
  assert.match(byDefault.instead, /user-agent=Flexisip-B2BUA\/1\.0/)
  const [written] = check(t, '[b2bua-server]\nuser-agent=Mine/{version}\n').problems
  assert.deepEqual([written?.line, written?.column], [2, 12])
})

test('a directory that is a file is an error; one that is missing is none', (t) => {
  const directory = temporaryDirectory(t, { 'a-file': '' })
  const text = `${fixed}data-directory=${directory}/a-file\n[global]\nlog-directory=${directory}/missing\n`
  const { problems } = check(t, text)
  assert.deepEqual(
    problems.map(({ code, line, column }) => [code, line, column]),
    [['CONFIG_DIRECTORY', 3, 16]],
  )
})

test('other sources add their problems, also where the file has errors', (t) => {
  const source: ProblemSource = (snapshot) => {
    const [first] = snapshot.tokens('b2bua-server::trenscrypter', 'outgoing-enc-regex')
    return [{ ...first!, severity: 'error', code: 'X', what: `'${first!.text}' is wrong`, instead: 'write zrtp' }]
  }
  const { problems } = check(t, `${fixed}max-calls=0\n[b2bua-server::trenscrypter]\noutgoing-enc-regex=zrpt .*\n`, [
    source,
  ])
  assert.deepEqual(
    problems.map(({ line, column, code }) => [line, column, code]),
    [
      [3, 11, 'CONFIG_VALUE'],
      [5, 20, 'X'],
    ],
  )
})

test('a missing file is the only problem', (t) => {
  const problems = checkConfig({ file: join(temporaryDirectory(t), 'flexisip.conf') })
  assert.deepEqual(
    problems.map(({ code }) => code),
    ['CONFIG_FILE_MISSING'],
  )
})
