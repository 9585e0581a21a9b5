import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { register } from './peers/register.ts'
import { Sipp } from './peers/sipp.ts'
import { callScenario, inCallScenario, type FlowSide } from './peers/sipp-scenario.ts'
import { Site } from './server/site.ts'

/** What happens in a call that is up, begun by either side. */
const inCall: readonly string[] = ['hold']

/** What happens before a call is up. */
const beginnings: readonly string[] = []

/** Flows at a time: SIPp waits most of the time. */
const atOnce = 8

suite('every flow of call control, from both sides', { concurrency: atOnce, timeout: 120_000 }, () => {
  let site: Site
  let pairs = 0

  before(async () => {
    site = await Site.open('flows', { encryptionRules: ['none .*'] })
  })
  after(async () => {
    assert.equal(await site.close(), 0, 'the server stops with status 0')
  })

  for (const flow of inCall)
    for (const begins of ['caller', 'callee'] as const)
      test(`${flow}, begun by the ${begins}`, () =>
        run(`${flow}-by-${begins}`, (side) => inCallScenario(flow, side, side === begins ? 'begins' : 'follows')))

  for (const flow of beginnings) test(flow, () => run(flow, (side) => callScenario(flow, side)))

  /** Lets a caller and a callee play their scenarios, one call or `calls` of them. */
  async function run(
    name: string,
    scenarioOf: (side: FlowSide) => string,
    { callerCalls = 1, calleeCalls = 1 }: { readonly callerCalls?: number; readonly calleeCalls?: number } = {},
  ): Promise<void> {
    const port = 20_000 + 20 * ++pairs
    const folder = join(site.folder, 'sipp', name)
    mkdirSync(folder, { recursive: true })
    const write = (side: FlowSide): string => {
      const file = join(folder, `${side}.xml`)
      writeFileSync(file, scenarioOf(side))
      return file
    }
    const both = { folder, transport: 'udp', receiveTimeout: 10_000 } as const
    const callee = new Sipp({
      ...{ ...both, name: 'callee', scenario: write('callee'), port, mediaPort: port + 4, calls: calleeCalls },
    }).start()
    await register(name, port)
    const caller = new Sipp({
      ...{ ...both, name: 'caller', scenario: write('caller'), port: port + 2, mediaPort: port + 8 },
      ...{ remote: '127.0.0.1:5060', user: name, domain: 'flow.example', calls: callerCalls, rate: 1 },
    }).start()
    const [placed, taken] = await Promise.all([caller.finished(70_000), callee.finished(70_000)])
    const complaints = `caller: ${caller.complaints()}\ncallee: ${callee.complaints()}`
    assert.deepEqual(
      { placed: placed.successful, taken: taken.successful, failed: placed.failed + taken.failed },
      { placed: callerCalls, taken: calleeCalls, failed: 0 },
      complaints,
    )
  }
})
