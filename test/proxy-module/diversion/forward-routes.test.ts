import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { forwardRoutes, noForwardRoutes } from '../../../proxy-module/diversion/forward-routes.ts'
import { TranslationError } from '../../../proxy-module/diversion/translation.ts'
import { compileFilter, type Filter, FilterError } from '../../../proxy-module/filter/filter.ts'
import { readRoutes } from '../../support/flexisip-routes.ts'
import { request } from '../filter/messages.ts'
import { filters, requests } from './filters.ts'

const server = 'sip:127.0.0.1:6067;transport=tcp'
const userAgent = 'B2BUA/1.0'

function routesFor(filter: Filter, changes: { server?: string; userAgent?: string; userAgentVaries?: boolean } = {}) {
  return forwardRoutes({ filter, server, userAgent, userAgentVaries: false, ...changes })
}

/** The condition of the one route in the file. */
function conditionOf(file: string): Filter {
  const [entry, ...others] = readRoutes(file)
  assert.deepEqual(others, [])
  assert.equal(entry!.route.raw, `${server};lr`)
  return compileFilter(entry!.condition)
}

function compiled(source: string): Filter | undefined {
  try {
    return compileFilter(source)
  } catch (error) {
    assert.ok(error instanceof FilterError)
    return undefined
  }
}

test('the route decides as the filter for INVITE and CANCEL, and is false for the rest and for what the B2BUA sends', () => {
  const messages = fc.array(requests('INVITE', 'CANCEL', 'REGISTER', 'MESSAGE', 'ACK'), { minLength: 10 })
  let translated = 0
  fc.assert(
    fc.property(filters, messages, (source, requestsOf) => {
      const filter = compiled(source)
      if (!filter) return
      let file: string
      try {
        file = routesFor(filter)
      } catch (error) {
        // The only thing that it cannot say: that a variable is a part of a text with a #
        assert.ok(error instanceof TranslationError && /contains/.test(source), String(error))
        return
      }
      translated++
      const condition = conditionOf(file)
      for (const message of requestsOf) {
        const own = message.headers.get('User-Agent') === userAgent
        const diverted: boolean = ['INVITE', 'CANCEL'].includes(message.method) && !own && filter.matches(message)
        assert.equal(condition.matches(message), diverted, `${condition.source} for ${message.method}`)
      }
    }),
    { numRuns: 1500 },
  )
  assert.ok(translated > 1000)
})

const from = (user: string) => request('INVITE', 'sip:bob@x.example', [['From', `<sip:${user}@from.example>`]])

for (const [filter, users] of [
  ["from.uri.user == 'a)b' || true", { alice: true }],
  ['', { alice: true }],
  ["from.uri.user == 'alice' || from.uri.user == 'bob' && false", { alice: true, bob: false }],
  ["from.uri.user ==\t'alice'", { alice: true, bob: false }],
  ["user-agent contains '#' || from.uri.user == 'alice'", { alice: true, bob: false }],
] as const) {
  test(`the filter ${JSON.stringify(filter)} keeps its meaning in a routes file`, () => {
    const condition = conditionOf(routesFor(compileFilter(filter)))
    for (const [user, diverted] of Object.entries(users)) assert.equal(condition.matches(from(user)), diverted, user)
  })
}

test('a User-Agent with an apostrophe is told all the same', () => {
  const condition = conditionOf(routesFor(compileFilter(''), { userAgent: "It's/1.0" }))
  const by = (value: string) => request('INVITE', 'sip:bob@x.example', [['User-Agent', value]])
  assert.equal(condition.matches(by("It's/1.0")), false)
  assert.equal(condition.matches(by("It's/1x0")), true)
})

test('a server that a routes file or a Route header cannot hold is refused', () => {
  for (const bad of ['', 'sip:a b', 'sip:a#b@x', 'sip:x>', 'sip:x\n<sip:y>', 'sip:x?Route=y', 'tel:1']) {
    assert.throws(() => routesFor(compileFilter(''), { server: bad }), TranslationError, bad)
  }
})

test('the file says where it is not equivalent', () => {
  const text = routesFor(compileFilter("contact.uri.domain == 'x' && request.uri.user == 'y'"), {
    userAgentVaries: true,
  })
  assert.match(text, /# - CAUTION: contact\.uri\.domain may differ in a CANCEL/)
  assert.match(text, /# - CAUTION: request\.uri\.user is compared with the contact of the device/)
  assert.match(text, /# WARNING: .*\{version\}/)
  assert.doesNotMatch(routesFor(compileFilter('')), /CAUTION|WARNING/)
})

test('a disabled module is a file without routes that says so', () => {
  assert.deepEqual(readRoutes(noForwardRoutes()), [])
  assert.match(noForwardRoutes(), /^# .*enabled is false/)
})
