import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { register } from './peers/register.ts'
import { Sipp } from './peers/sipp.ts'
import { callScenario, inCallScenario, type FlowSide } from './peers/sipp-scenario.ts'
import { Site } from './server/site.ts'

/** What happens in a call that is up, begun by either side. */
const inCall: readonly (readonly [name: string, flow: string, values?: Readonly<Record<string, string>>])[] = [
  ...[
    'hold',
    'codecs',
    'address',
    'offerless',
    'update',
    'glare',
    'refused-offer',
    'info',
    'message',
    'refer-refused',
  ].map((flow) => [flow, flow] as const),
  ['refer', 'refer', { outcome: '200 OK' }],
  ['refer to somebody who declines', 'refer', { outcome: '603 Decline' }],
]

/** What happens before a call is up. */
const beginnings: readonly string[] = [
  ...['first-offerless', 'prack', 'prack-offer', 'prack-offerless', 'early-media', 'forks', 'provisional'],
  ...['timer-server', 'timer-phones', 'cancel-trying', 'cancel-ringing', 'cancel-early-media'],
]

/** Final responses, each with a header that crosses. */
const refusals: readonly (readonly [status: number, reason: string, header: string, value: string])[] = [
  [300, 'Multiple Choices', 'Contact', '<sip:one@flow.example>;q=0.5'],
  [302, 'Moved Temporarily', 'Contact', '<sip:elsewhere@flow.example>'],
  [404, 'Not Found', 'Warning', '399 flow "nobody"'],
  [480, 'Temporarily Unavailable', 'Retry-After', '120'],
  [486, 'Busy Here', 'Reason', 'Q.850;cause=17'],
  [488, 'Not Acceptable Here', 'Warning', '305 flow "no codec"'],
  [500, 'Server Internal Error', 'Retry-After', '7'],
  [600, 'Busy Everywhere', 'Retry-After', '60'],
  [603, 'Decline', 'X-Why', 'asleep'],
]

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

  for (const [name, flow, values] of inCall)
    for (const begins of ['caller', 'callee'] as const)
      test(`${name}, begun by the ${begins}`, () =>
        run((side) => inCallScenario(flow, side, side === begins ? 'begins' : 'follows', values)))

  for (const flow of beginnings) test(flow, () => run((side) => callScenario(flow, side)))

  for (const [status, reason, header, value] of refusals)
    test(`${status} ${reason}, with ${header}`, () =>
      run((side) => callScenario('refused', side, { status: String(status), reason, header, value })))

  for (const [status, challenge, credentials] of [
    ['401', 'WWW-Authenticate', 'Authorization'],
    ['407', 'Proxy-Authenticate', 'Proxy-Authorization'],
  ] as const)
    test(`${status}, and then the credentials`, () =>
      run((side) => callScenario('challenged', side, { status, challenge, credentials }), { calleeCalls: 2 }))

  /** Lets a caller and a callee play their scenarios, one call the callee of `calleeCalls`. */
  async function run(
    scenarioOf: (side: FlowSide) => string,
    { calleeCalls = 1 }: { readonly calleeCalls?: number } = {},
  ): Promise<void> {
    const port = 20_000 + 20 * ++pairs
    const name = `flow${pairs}`
    const folder = join(site.folder, 'sipp', name)
    mkdirSync(folder, { recursive: true })
    const write = (side: FlowSide): string => {
      const file = join(folder, `${side}.xml`)
      writeFileSync(file, scenarioOf(side))
      return file
    }
    const both = { folder, transport: 'udp', receiveTimeout: 50_000 } as const
    const callee = new Sipp({
      ...{ ...both, name: 'callee', scenario: write('callee'), port, mediaPort: port + 4, calls: calleeCalls },
    }).start()
    await register(name, port)
    const caller = new Sipp({
      ...{ ...both, name: 'caller', scenario: write('caller'), port: port + 2, mediaPort: port + 8 },
      ...{ remote: '127.0.0.1:5060', user: name, domain: 'flow.example', calls: 1, rate: 1 },
    }).start()
    const counts = async (one: Sipp, other: Sipp, calls: number): Promise<boolean> => {
      const { successful, failed } = await one.finished(70_000)
      const well = successful === calls && failed === 0
      // what one side found wrong leaves the other one waiting
      if (!well) await other.abort()
      return well
    }
    const well = await Promise.all([counts(caller, callee, 1), counts(callee, caller, calleeCalls)])
    assert.deepEqual(well, [true, true], `caller: ${caller.complaints()}\ncallee: ${callee.complaints()}`)
  }
})
