import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { readRoutes } from '../support/flexisip-routes.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const main = new URL('../../src/main.ts', import.meta.url).pathname

/** Runs a tool with a flexisip.conf; its output one char per byte. */
function run(t: TestContext, tool: string, moduleLines: string, userAgent = 'B2BUA/1.0') {
  const file = join(temporaryDirectory(t), 'flexisip.conf')
  writeFileSync(file, `[b2bua-server]\nuser-agent=${userAgent}\n[module::B2bua]\n${moduleLines}\n`)
  return spawnSync(process.execPath, [main, tool, '-c', file], { encoding: 'latin1' })
}

test('forward-routes prints a routes file, bytes beyond ASCII as they are', (t) => {
  const { stdout, stderr, status } = run(t, 'forward-routes', "enabled=true\nfilter=from.uri.user == 'é#'")
  assert.deepEqual([status, stderr], [0, ''])
  const [entry] = readRoutes(stdout)
  assert.equal(entry!.route.raw, 'sip:127.0.0.1:6067;transport=tcp;lr')
  assert.equal(
    entry!.condition,
    "request.method in 'INVITE CANCEL' && user-agent != 'B2BUA/1.0' && from.uri.user regex '\xc3\xa9\\x23'",
  )
})

test('kamailio-route prints a route block for the filter, the server and the User-Agent of the configuration', (t) => {
  const lines = "enabled=true\nfilter=from.uri.domain == 'x'\nb2bua-server=sip:192.0.2.9:6067"
  const { stdout, status } = run(t, 'kamailio-route', lines, 'B2BUA/{version}')
  assert.equal(status, 0)
  assert.match(stdout, /^route\[B2BUA\] \{$/m)
  assert.match(stdout, /\(\$fd eq "x"\)/)
  assert.match(stdout, /\$du = "sip:192\.0\.2\.9:6067";/)
  assert.match(stdout, /\$ua eq "B2BUA\/\d+\.\d+\.\d+"/)
  assert.match(stdout, /# WARNING: .*\{version\}/)
})

for (const tool of ['forward-routes', 'kamailio-route']) {
  test(`${tool} prints nothing that diverts while the module is disabled`, (t) => {
    const { stdout, status } = run(t, tool, "enabled=false\nfilter=call-id.hash == 'x'")
    assert.equal(status, 0)
    assert.match(stdout, /enabled is false/)
    assert.doesNotMatch(stdout, /sip:/)
  })

  test(`${tool} refuses a filter with an error at its place`, (t) => {
    const { stdout, stderr, status } = run(t, tool, "enabled=true\nfilter=call-id == 'x' && TRUE")
    assert.deepEqual([stdout, status], ['', 1])
    assert.match(stderr, /flexisip\.conf:5:26: error: 'TRUE' is neither/)
  })
}

test('kamailio-route names the column of what Kamailio has nothing for', (t) => {
  const { stdout, stderr, status } = run(t, 'kamailio-route', "enabled=true\nfilter=call-id.hash == 'x'")
  assert.deepEqual([stdout, status], ['', 1])
  assert.match(stderr, /flexisip\.conf:5:8: error: Kamailio has no pseudo-variable for call-id\.hash; /)
})
