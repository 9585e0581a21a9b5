import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type IceCredentials } from '../../../src/base/endpoint-description.ts'
import { type Component } from '../../../src/media/component.ts'
import { IceLiteAgent, type StunOutcome } from '../../../src/media/ice/ice-lite-agent.ts'
import { StunClass, StunMessage } from '../../../src/media/ice/stun-message.ts'
import { bareBinding, type CheckOptions, iceCheck } from '../../support/media/ice-peer.ts'

const ours = { ufrag: 'ourfrag1', pwd: 'our-password-of-24-chars' }
const theirs = { ufrag: 'peer', pwd: 'the-password-of-the-peer' }
const oursAnew = { ufrag: 'ourfrag2', pwd: 'our-second-password-of-2' }
const theirsAnew = { ufrag: 'anew', pwd: 'the-second-password-ofpe' }
const home = { address: '192.0.2.1', port: 4000 }
const mobile = { address: '198.51.100.7', port: 61000 }
const ipv6 = { address: '2001:db8::7', port: 5000 }
const [high, low] = [0x7e0000ff, 0x6e0000ff]

/** An agent, and the hand that holds its clock. */
class Bench {
  readonly agent = new IceLiteAgent()
  now = 1_000_000

  constructor(ice: { local: IceCredentials; remote?: IceCredentials } | undefined = { local: ours, remote: theirs }) {
    this.agent.update(ice)
  }

  give(packet: Uint8Array, source = home, component: Component = 1): StunOutcome {
    return this.agent.receive(packet, packet.length, source, component, this.now)
  }

  check(options: CheckOptions = {}, source = home, component: Component = 1): StunOutcome {
    return this.give(iceCheck(ours, theirs, options), source, component)
  }

  checkAnew(options: CheckOptions = {}, source = home, component: Component = 1): StunOutcome {
    return this.give(iceCheck(oursAnew, theirsAnew, options), source, component)
  }

  restart(): void {
    this.agent.update({ local: oursAnew, remote: theirsAnew })
  }
}

/** Reads a response, and checks what every one must be. */
function answer(outcome: StunOutcome, request: Uint8Array): StunMessage {
  const { response } = outcome
  assert.ok(response, 'no response')
  const message = new StunMessage()
  assert.equal(message.read(response, response.length), true)
  assert.equal(message.fingerprintFits(), true)
  assert.deepEqual(response.subarray(4, 20), request.subarray(4, 20), 'transaction')
  return message
}

function assertNothing(bench: Bench): void {
  for (const component of [1, 2] as const) {
    assert.equal(bench.agent.nominated(component), undefined)
    assert.equal(bench.agent.chosen(component), undefined)
  }
}

describe('a check', () => {
  for (const source of [home, ipv6]) {
    test(`from ${source.address} is answered with its source, signed`, () => {
      const bench = new Bench()
      const request = iceCheck(ours, theirs)
      const outcome = bench.give(request, source)
      const message = answer(outcome, request)
      assert.deepEqual({ ...outcome, response: 0 }, { response: 0, checked: true, moved: false, refusal: undefined })
      assert.equal(message.messageClass, StunClass.success)
      assert.deepEqual(message.mappedAddress(), source)
      assert.equal(message.integrityFits(Buffer.from(ours.pwd)), true)
      assert.equal(message.hasFingerprint, true)
    })
  }

  test('without FINGERPRINT or a role is taken too', () => {
    const bench = new Bench()
    assert.equal(bench.check({ fingerprint: false }).checked, true)
    assert.equal(bench.check({ role: 'none' }).checked, true)
  })

  test('with an optional attribute that nobody knows is taken, as browsers send them', () => {
    assert.equal(new Bench().check({ extra: [0xc057] }).refusal, undefined)
  })

  test('before the answer is known may come from any peer that knows the offer', () => {
    const bench = new Bench({ local: ours })
    assert.equal(bench.check({ nominate: true }).moved, true)
    bench.agent.update({ local: ours, remote: theirs })
    assert.deepEqual(bench.agent.nominated(1), home)
    assert.equal(bench.check().checked, true)
    assert.equal(bench.check({ username: 'ourfrag1:another' }).refusal, 'unauthenticated')
  })

  test('gives a place where DTLS can be answered, which the nomination replaces', () => {
    const bench = new Bench()
    bench.check({}, home)
    bench.check({}, mobile)
    assert.deepEqual(
      [bench.agent.chosen(1), bench.agent.nominated(1), bench.agent.chosen(2)],
      [home, undefined, undefined],
    )
    bench.check({ nominate: true }, mobile)
    assert.deepEqual([bench.agent.chosen(1), bench.agent.nominated(1)], [mobile, mobile])
  })

  test('leaves nothing that is only lent in the agent', () => {
    const bench = new Bench()
    const source = { ...home }
    bench.check({ nominate: true }, source)
    source.port = 1
    assert.deepEqual(bench.agent.nominated(1), home)
  })
})

describe('hostile checks (security case 15)', () => {
  const cases: readonly (readonly [string, CheckOptions, number])[] = [
    ['wrong MESSAGE-INTEGRITY', { pwd: 'wrong' }, 401],
    ["the peer's password instead of ours", { pwd: theirs.pwd }, 401],
    ['no MESSAGE-INTEGRITY', { pwd: null }, 400],
    ['no USERNAME', { username: null }, 400],
    ['empty USERNAME', { username: '' }, 401],
    ['USERNAME of our fragment alone', { username: ours.ufrag }, 401],
    ['USERNAME with another fragment of ours', { username: `ourfrag2:${theirs.ufrag}` }, 401],
    ['USERNAME with another fragment of the peer', { username: `${ours.ufrag}:eve!` }, 401],
    ['USERNAME longer than ours', { username: `${ours.ufrag}:${theirs.ufrag}x` }, 401],
    ['USERNAME the wrong way round', { username: `${theirs.ufrag}:${ours.ufrag}` }, 401],
  ]
  for (const [name, options, code] of cases) {
    test(`${name}: ${code}, unsigned, and nothing changes`, () => {
      const bench = new Bench()
      const request = iceCheck(ours, theirs, { nominate: true, ...options })
      const outcome = bench.give(request)
      const message = answer(outcome, request)
      assert.equal(message.messageClass, StunClass.error)
      assert.equal(message.errorCode(), code)
      assert.equal(message.hasIntegrity, false)
      assert.deepEqual(
        { ...outcome, response: 0 },
        { response: 0, checked: false, moved: false, refusal: 'unauthenticated' },
      )
      assertNothing(bench)
    })
  }

  test('bad FINGERPRINT: dropped silently', () => {
    const bench = new Bench()
    const request = iceCheck(ours, theirs, { nominate: true })
    request[request.length - 1]! ^= 1
    assert.deepEqual(bench.give(request), {
      response: undefined,
      checked: false,
      moved: false,
      refusal: 'bad-fingerprint',
    })
    assertNothing(bench)
  })

  test('an attribute that must be understood and is not: 420 that names it, signed, and nothing changes', () => {
    const bench = new Bench()
    const request = iceCheck(ours, theirs, { nominate: true, extra: [0x7777, 0x001c] })
    const outcome = bench.give(request)
    const message = answer(outcome, request)
    assert.equal(message.errorCode(), 420)
    assert.deepEqual([...message.value(0x000a)!], [0x77, 0x77, 0x00, 0x1c])
    assert.equal(message.integrityFits(Buffer.from(ours.pwd)), true)
    assert.deepEqual([outcome.moved, outcome.refusal], [false, 'unknown-attribute'])
    assertNothing(bench)
  })

  test('the same from who cannot authenticate: 401, which tells less', () => {
    const request = iceCheck(ours, theirs, { pwd: 'wrong', extra: [0x7777] })
    assert.equal(answer(new Bench().give(request), request).errorCode(), 401)
  })

  test('a source that cannot be sent to gets nothing', () => {
    const bench = new Bench()
    assert.equal(bench.check({ nominate: true }, { address: '192.0.2.1', port: 0 }).refusal, 'unsolicited')
    assertNothing(bench)
  })

  test('a flood of 10,000 is refused one by one, and the next good check is answered', () => {
    const bench = new Bench()
    const bad = iceCheck(ours, theirs, { nominate: true })
    bad[bad.length - 1]! ^= 1
    const flood = [
      [iceCheck(ours, theirs, { nominate: true, pwd: 'wrong' }), 'unauthenticated'],
      [iceCheck(ours, theirs, { nominate: true, username: 'someone:else' }), 'unauthenticated'],
      [bad, 'bad-fingerprint'],
      [bad.subarray(0, 31), 'malformed'],
      [bareBinding(StunClass.request, [0x7777]), 'unknown-attribute'],
    ] as const
    for (let i = 0; i < 10_000; i++) {
      const [packet, refusal] = flood[i % flood.length]!
      const outcome = bench.give(packet, { address: '203.0.113.9', port: 1 + i })
      assert.deepEqual([outcome.refusal, outcome.checked, outcome.moved], [refusal, false, false])
    }
    assertNothing(bench)
    assert.equal(bench.check({ nominate: true }).moved, true)
    assert.deepEqual(bench.agent.nominated(1), home)
  })
})

describe('the role', () => {
  test('controlled is ours: 487, signed, and nothing is nominated', () => {
    const bench = new Bench()
    const request = iceCheck(ours, theirs, { role: 'controlled', nominate: true })
    const outcome = bench.give(request)
    const message = answer(outcome, request)
    assert.equal(message.errorCode(), 487)
    assert.equal(message.integrityFits(Buffer.from(ours.pwd)), true)
    assert.deepEqual([outcome.checked, outcome.moved, outcome.refusal], [true, false, 'role-conflict'])
    assertNothing(bench)
    assert.equal(bench.check({ nominate: true }).moved, true)
  })
})

describe('a bare Binding request', () => {
  for (const [name, ice] of [
    ['without ICE', undefined],
    ['with ICE', { local: ours, remote: theirs }],
  ] as const) {
    test(`${name} is answered with its source and never moves anything`, () => {
      const bench = new Bench()
      bench.agent.update(ice)
      for (const source of [home, ipv6]) {
        const request = bareBinding()
        const outcome = bench.give(request, source)
        assert.deepEqual(answer(outcome, request).mappedAddress(), source)
        assert.deepEqual([outcome.checked, outcome.moved, outcome.refusal], [false, false, undefined])
      }
      assertNothing(bench)
    })
  }

  test('is answered with FINGERPRINT only when it has one', () => {
    const bench = new Bench()
    const request = iceCheck(ours, theirs, { username: null, pwd: null })
    assert.equal(answer(bench.give(request), request).hasFingerprint, true)
    const without = bareBinding()
    assert.equal(answer(bench.give(without), without).hasFingerprint, false)
  })

  test('gets no answer that is worth a forged source, with IP and UDP headers', () => {
    const bench = new Bench()
    const types = Array.from({ length: 40 }, (_, i) => 0x7000 + i)
    for (const [source, headers] of [
      [home, 28],
      [ipv6, 48],
    ] as const) {
      const requests = [0, 1, 2, 16, 40].flatMap((count) => {
        const extra = types.slice(0, count)
        const half = { nominate: false, role: 'none', extra } as const
        return [
          bareBinding(StunClass.request, extra),
          iceCheck(ours, theirs, { ...half, username: '', pwd: null }),
          iceCheck(ours, theirs, { ...half, username: '', pwd: null, fingerprint: false }),
          iceCheck(ours, theirs, { ...half, username: null, fingerprint: false }),
          iceCheck(ours, theirs, { ...half, username: '', pwd: 'wrong' }),
        ]
      })
      for (const request of requests) {
        const { response } = bench.give(request, source)
        assert.ok(response)
        const [sent, got] = [response.length + headers, request.length + headers]
        assert.ok(sent <= 1.5 * got, `${sent} bytes for ${got}`)
      }
    }
  })
})

describe('what is no request', () => {
  for (const messageClass of [StunClass.indication, StunClass.success, StunClass.error] as const) {
    test(`class ${messageClass} is ignored quietly`, () => {
      const bench = new Bench()
      const outcome = bench.give(bareBinding(messageClass))
      assert.deepEqual(outcome, { response: undefined, checked: false, moved: false, refusal: undefined })
    })
  }

  test('the answer to a check gets no answer itself', () => {
    const bench = new Bench()
    const { response } = bench.check({ nominate: true })
    assert.ok(response)
    assert.equal(bench.give(Buffer.from(response), mobile).response, undefined)
    assert.deepEqual(bench.agent.nominated(1), home)
  })

  test('another method is refused silently', () => {
    const allocate = bareBinding()
    allocate[1] = 3
    assert.deepEqual(
      { ...new Bench().give(allocate) },
      { response: undefined, checked: false, moved: false, refusal: 'unsolicited' },
    )
  })
})

describe('a leg without ICE', () => {
  test('takes no check, also when it had ICE before', () => {
    const bench = new Bench()
    bench.check({ nominate: true })
    bench.agent.update(undefined)
    assertNothing(bench)
    const outcome = bench.check({ nominate: true })
    assert.deepEqual(outcome, { response: undefined, checked: false, moved: false, refusal: 'unsolicited' })
    assertNothing(bench)
  })
})

describe('regular nomination', () => {
  test('moves to the source that is nominated, once', () => {
    const bench = new Bench()
    assert.equal(bench.check({}, home).moved, false)
    assert.equal(bench.check({}, mobile).moved, false)
    assert.equal(bench.check({ nominate: true }, mobile).moved, true)
    assert.equal(bench.check({ nominate: true }, mobile).moved, false)
    assert.equal(bench.check({}, home).moved, false)
    assert.deepEqual(bench.agent.nominated(1), mobile)
  })

  test('follows a peer that goes to a way with lower priority, though it still checks the former one', () => {
    const bench = new Bench()
    bench.check({ nominate: true, priority: high }, home)
    for (let i = 0; i < 4; i++) {
      bench.now += 1000
      bench.check({ priority: high }, home)
      bench.check({ nominate: true, priority: low }, mobile)
    }
    assert.deepEqual(bench.agent.nominated(1), mobile)
  })
})

describe('aggressive nomination', () => {
  test('goes to the highest priority, in whatever order the checks come', () => {
    for (const order of [
      [high, low],
      [low, high],
    ]) {
      const bench = new Bench()
      for (let round = 0; round < 10; round++) {
        bench.now += 500
        for (const priority of order) bench.check({ nominate: true, priority }, priority === high ? home : mobile)
      }
      assert.deepEqual(bench.agent.nominated(1), home)
    }
  })

  test('of equal priority goes to the newer: the NAT of the phone took another port', () => {
    const bench = new Bench()
    bench.check({ nominate: true }, mobile)
    assert.equal(bench.check({ nominate: true }, { ...mobile, port: 61001 }).moved, true)
    assert.equal(bench.agent.nominated(1)?.port, 61001)
  })

  test('goes to a lower priority when the higher was silent for three seconds', () => {
    const bench = new Bench()
    bench.check({ nominate: true, priority: high }, home)
    bench.now += 2999
    assert.equal(bench.check({ nominate: true, priority: low }, mobile).moved, false)
    bench.now += 1
    assert.equal(bench.check({ nominate: true, priority: low }, mobile).moved, true)
    assert.equal(bench.check({ nominate: true, priority: high }, home).moved, true)
  })

  test('compares priorities as unsigned numbers', () => {
    const bench = new Bench()
    bench.check({ nominate: true, priority: 0xffffffff }, home)
    assert.equal(bench.check({ nominate: true, priority: 1 }, mobile).moved, false)
  })
})

test('the components are nominated each for itself', () => {
  const bench = new Bench()
  bench.check({ nominate: true }, home, 1)
  assert.deepEqual([bench.agent.nominated(1), bench.agent.nominated(2)], [home, undefined])
  bench.check({ nominate: true }, mobile, 2)
  assert.deepEqual([bench.agent.nominated(1), bench.agent.nominated(2)], [home, mobile])
})

describe('a restart', () => {
  test('keeps what was nominated until the peer nominates anew, with any priority', () => {
    const bench = new Bench()
    bench.check({ nominate: true, priority: high }, home)
    bench.restart()
    assert.deepEqual(bench.agent.nominated(1), home)
    assert.equal(bench.checkAnew({ priority: low }, mobile).moved, false)
    assert.equal(bench.checkAnew({ priority: low, nominate: true }, mobile).moved, true)
    assert.deepEqual(bench.agent.nominated(1), mobile)
  })

  test('answers checks with the former credentials until then, each component for itself', () => {
    const bench = new Bench()
    bench.check({ nominate: true }, home, 1)
    bench.check({ nominate: true }, home, 2)
    bench.restart()
    const request = iceCheck(ours, theirs)
    assert.equal(answer(bench.give(request), request).integrityFits(Buffer.from(ours.pwd)), true)
    assert.equal(bench.checkAnew({ nominate: true }, home, 1).moved, false, 'the same address')
    assert.equal(bench.check({ nominate: true }, mobile, 1).refusal, 'unauthenticated')
    assert.equal(bench.check({}, home, 2).checked, true)
    bench.checkAnew({ nominate: true }, mobile, 2)
    assert.equal(bench.check({}, home, 2).checked, false)
    assert.deepEqual([bench.agent.nominated(1), bench.agent.nominated(2)], [home, mobile])
  })

  test('does not mix the credentials of before and after', () => {
    const bench = new Bench()
    bench.restart()
    for (const mixed of [iceCheck(ours, theirsAnew), iceCheck(oursAnew, theirs)]) {
      assert.equal(bench.give(mixed).refusal, 'unauthenticated')
    }
    assert.equal(bench.check({ pwd: oursAnew.pwd }).refusal, 'unauthenticated')
  })

  test('of ours is offered before the peer has answered with its own', () => {
    const bench = new Bench()
    bench.check({ nominate: true }, home)
    bench.agent.update({ local: oursAnew })
    assert.equal(bench.check().checked, true)
    assert.equal(bench.checkAnew({ nominate: true }, mobile).moved, true)
    bench.restart()
    assert.deepEqual(bench.agent.nominated(1), mobile)
  })

  test('that fails is undone, and leaves no credentials behind', () => {
    const bench = new Bench()
    bench.check({ nominate: true }, home)
    bench.restart()
    bench.agent.update({ local: ours, remote: theirs })
    assert.equal(bench.check().checked, true)
    assert.equal(bench.checkAnew({ nominate: true }, mobile).refusal, 'unauthenticated')
    assert.deepEqual(bench.agent.nominated(1), home)
  })

  test('upon a restart that was never used keeps the credentials in use', () => {
    const bench = new Bench()
    bench.check({ nominate: true }, home)
    bench.restart()
    bench.agent.update({ local: { ufrag: 'ourfrag3', pwd: 'third' }, remote: theirsAnew })
    assert.equal(bench.check().checked, true)
    assert.equal(bench.checkAnew().refusal, 'unauthenticated')
  })

  test('is none when the same credentials are stated again', () => {
    const bench = new Bench()
    bench.check({ nominate: true, priority: high }, home)
    bench.agent.update({ local: { ...ours }, remote: { ...theirs } })
    bench.agent.update({ local: { ...ours } })
    assert.equal(bench.check({ nominate: true, priority: low }, mobile).moved, false)
    assert.equal(bench.check({ username: 'ourfrag1:another' }).refusal, 'unauthenticated')
  })
})
