import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { poll } from './peers/poll.ts'
import { register } from './peers/register.ts'
import { Sipp } from './peers/sipp.ts'
import { callScenario, inCallScenario, type FlowRole, type FlowSide } from './peers/sipp-scenario.ts'
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
  ...['both-hold', 'old-hold', 'cancelled-offer', 'moved', 'update-glare', 'unsubscribed'].map(
    (flow) => [flow, flow] as const,
  ),
  // no media comes to it
  ['video', 'video', { port: '39998' }],
  ['refer', 'refer', { outcome: '200 OK' }],
  ['refer to somebody who declines', 'refer', { outcome: '603 Decline' }],
]

/** What happens before a call is up. */
const beginnings: readonly string[] = [
  ...['first-offerless', 'prack', 'prack-offer', 'prack-offerless', 'early-media', 'forks', 'provisional'],
  ...['timer-phones', 'cancel-trying', 'cancel-ringing', 'cancel-early-media'],
  ...['cancel-crosses-answer', 'two-answers', 'acknowledged-here', 'early-requests'],
]

/** Final responses, each with a header that crosses. */
const refusals: readonly (readonly [status: number, reason: string, header: string, value: string])[] = [
  [300, 'Multiple Choices', 'Contact', 'sip:one@flow.example'],
  [302, 'Moved Temporarily', 'Contact', 'sip:elsewhere@flow.example'],
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

suite('every flow of call control, from both sides', { timeout: 120_000 }, () => {
  let site: Site
  let pairs = 0

  before(async () => {
    site = await Site.open('flows', {
      encryptionRules: ['none .*'],
      // SIPp sends no media
      server: { 'no-rtp-timeout': '120' },
    })
  })
  after(async () => {
    assert.equal(await site.close(), 0, 'the server stops with status 0')
  })

  suite('at a time', { concurrency: atOnce }, () => {
    // first: a refresh takes 45 s to come
    test('timer-server', () => run((side) => callScenario('timer-server', side)))

    for (const [name, flow, values] of inCall)
      for (const begins of ['caller', 'callee'] as const)
        test(`${name}, begun by the ${begins}`, () =>
          run((side) => inCallScenario(flow, side, roleOf(side, begins), values)))

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

    for (const begins of ['caller', 'callee'] as const)
      test(`attended transfer, begun by the ${begins}: Replaces names the call as the other phone knows it`, async () => {
        const other = pair()
        const consultation = play(other, (side) => inCallScenario('wait', side, roleOf(side, begins)))
        const own = await dialogIn(other, begins)
        const far = await dialogIn(other, begins === 'caller' ? 'callee' : 'caller')
        const replaces = `${own.callId};to-tag=${own.remoteTag};from-tag=${own.localTag}`
        const expected = `${far.callId};to-tag=${far.localTag};from-tag=${far.remoteTag}`
        const values = {
          ...{
            replaces: encodeURIComponent(replaces),
            target: begins === 'caller' ? `${other.name}@flow.example` : 'flow@load.example',
          },
          expected: literally(encodeURIComponent(expected)),
        }
        const transfer = run((side) => inCallScenario('attended', side, roleOf(side, begins), values))
        const crossing = { replaces, expected: literally(expected) }
        const call = run((side) => callScenario('replaces', side, crossing))
        await Promise.all([consultation, transfer, call])
      })

    for (const flow of ['outside', 'bad-extension'])
      test(`${flow}, answered by this server`, async () => {
        const { folder, port } = pair()
        const sipp = new Sipp({
          ...{ folder, name: flow, scenario: write(folder, flow, callScenario(flow, 'caller')) },
          ...{ transport: 'tcp', port, mediaPort: port + 4, receiveTimeout: 5000, messages: true },
          ...{ remote: '127.0.0.1:6067', user: 'nobody', domain: 'flow.example', calls: 1 },
        }).start()
        assert.equal((await sipp.finished(20_000)).successful, 1, sipp.complaints())
      })
  })

  test('302 is followed with follow-redirects', async () => {
    assert.equal(await site.restartB2bua(['--set', 'b2bua/follow-redirects=true']), 0)
    const { folder, name, port } = pair()
    const target = new Sipp({
      ...{ folder, name: 'target', scenario: write(folder, 'target', callScenario('redirected', 'target')) },
      ...{ ...common, port, mediaPort: port + 4, calls: 1 },
    }).start()
    await register(name, port)
    await run((side) => callScenario('redirected', side, { target: name }))
    assert.equal((await target.finished(20_000)).successful, 1, target.complaints())
  })

  test('nothing of these calls is left', async () => {
    const { counts } = await site.b2bua.holdingsWhen(
      ({ counts: { calls, dialogs } }) => calls === 0 && dialogs === 0,
      10_000,
    )
    assert.deepEqual({ calls: counts['calls'], dialogs: counts['dialogs'] }, { calls: 0, dialogs: 0 })
  })

  /** Ports, user and scratch folder of a pair of SIPps. */
  function pair(): Pair {
    const name = `flow${++pairs}`
    return { name, port: 20_000 + 20 * pairs, folder: join(site.folder, 'sipp', name) }
  }

  function run(scenarioOf: (side: FlowSide) => string, options?: PlayOptions): Promise<void> {
    return play(pair(), scenarioOf, options)
  }
})

interface Pair {
  /** The callee's user. */
  readonly name: string
  /** The first of 20: of the callee's SIP, the caller's SIP, and their media. */
  readonly port: number
  readonly folder: string
}

interface PlayOptions {
  /** Calls that the callee gets; one by default. */
  readonly calleeCalls?: number
}

const common = { transport: 'udp', receiveTimeout: 50_000, messages: true } as const

/** Lets a caller and a callee play their scenarios. Each checks what it gets. */
async function play(
  { name, port, folder }: Pair,
  scenarioOf: (side: FlowSide) => string,
  { calleeCalls = 1 }: PlayOptions = {},
): Promise<void> {
  const [callerFile, calleeFile] = [
    write(folder, 'caller', scenarioOf('caller')),
    write(folder, 'callee', scenarioOf('callee')),
  ]
  const callee = new Sipp({
    ...{ ...common, folder, name: 'callee', scenario: calleeFile, port, mediaPort: port + 4, calls: calleeCalls },
  }).start()
  await register(name, port)
  const caller = new Sipp({
    ...{ ...common, folder, name: 'caller', scenario: callerFile, port: port + 2, mediaPort: port + 8 },
    ...{ remote: '127.0.0.1:5060', user: name, domain: 'flow.example', calls: 1, rate: 1 },
  }).start()
  const succeeds = async (one: Sipp, other: Sipp, calls: number): Promise<boolean> => {
    const { successful, failed } = await one.finished(70_000)
    const well = successful === calls && failed === 0
    // what one side found wrong leaves the other one waiting
    if (!well) await other.abort()
    return well
  }
  const well = await Promise.all([succeeds(caller, callee, 1), succeeds(callee, caller, calleeCalls)])
  assert.deepEqual(well, [true, true], `${folder}\ncaller: ${caller.complaints()}\ncallee: ${callee.complaints()}`)
}

/** @returns the file with the whole scenario */
function write(folder: string, name: string, scenario: string): string {
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `${name}.xml`)
  writeFileSync(file, scenario)
  return file
}

function roleOf(side: FlowSide, begins: FlowSide): FlowRole {
  return side === begins ? 'begins' : 'follows'
}

/** As part of a regular expression of SIPp in an attribute. */
function literally(text: string): string {
  return text.replaceAll(/[.*+?()[\]{}|^$]/g, '[$&]')
}

/** The dialog of a side, by the answer that it got or gave. */
async function dialogIn(
  { folder }: Pair,
  side: FlowSide,
): Promise<{ readonly callId: string; readonly localTag: string; readonly remoteTag: string }> {
  const file = join(folder, `${side}.msg`)
  const answer = await poll(() => {
    const text = existsSync(file) ? readFileSync(file, 'latin1') : ''
    return /^ACK [^]*?\r?\n\r?\n/m.exec(text)?.[0]
  }, 10_000)
  const read = (pattern: RegExp): string =>
    pattern.exec(answer ?? '')?.[1] ?? assert.fail(`${pattern.source} in ${file}`)
  const [caller, callee] = [read(/^From:.*;tag=([^;\s]+)/m), read(/^To:.*;tag=([^;\s]+)/m)]
  const [localTag, remoteTag] = side === 'caller' ? [caller, callee] : [callee, caller]
  return { callId: read(/^Call-ID: *(\S+)/m), localTag, remoteTag }
}
