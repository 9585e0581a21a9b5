import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { kamailioCondition } from '../../proxy-module/diversion/kamailio-condition.ts'
import { kamailioRoute } from '../../proxy-module/diversion/kamailio-route.ts'
import { compileFilter, type Filter, FilterError } from '../../proxy-module/filter/filter.ts'
import { type SipRequest } from '../../src/sip/message/message.ts'
import { parseMessage } from '../../src/sip/message/parse.ts'
import { serialize } from '../../src/sip/message/serialize.ts'
import { filters, requests } from '../proxy-module/diversion/filters.ts'
import { request } from '../proxy-module/filter/messages.ts'
import { locatePeer, PeerProcess } from './peers/peer-process.ts'
import { poll } from './peers/poll.ts'

const folder = 'out/interop/kamailio-route'
const proxyPort = 5060
const b2buaPort = 6067
const modules = ['tm', 'sl', 'rr', 'pv', 'textops', 'siputils']

/** A configuration of Kamailio that does nothing but what stands in `routes`. */
function configuration(routes: string): string {
  return [
    ...['debug=1', 'log_stderror=yes', 'children=1', 'auto_aliases=no', `listen=udp:127.0.0.1:${proxyPort}`],
    ...['disable_tcp=yes', ...modules.map((name) => `loadmodule "${name}.so"`), routes],
  ].join('\n')
}

/** Starts Kamailio with a configuration of latin1 chars, and does `work` with a socket that talks to it. */
async function withKamailio(name: string, routes: string, work: (socket: Socket) => Promise<void>): Promise<void> {
  mkdirSync(join(folder, name), { recursive: true })
  const file = join(folder, `${name}.cfg`)
  writeFileSync(file, configuration(routes), 'latin1')
  const command = locatePeer('kamailio')
  // MiB, shared and of each worker: a configuration of some hundred filters is large
  const memory = ['-m', '64', '-M', '32']
  const check = spawnSync(command, ['-c', '-f', file, ...memory], { encoding: 'utf8' })
  assert.equal(check.status, 0, check.stderr)
  const run = join(process.cwd(), folder, name)
  const args = ['-DD', '-E', '-f', file, '-Y', run, '-w', run, ...memory]
  const kamailio = new PeerProcess({ name: 'kamailio', command, args, outFile: join(folder, `${name}.out`) }).start()
  const socket = createSocket('udp4')
  try {
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    const alive = parseMessage(Buffer.from('OPTIONS sip:x@x SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bK0\r\nFrom: <sip:x@x>;tag=1\r\nTo: <sip:x@x>\r\nCall-ID: 0\r\nCSeq: 1 OPTIONS\r\n\r\n')) // prettier-ignore
    let answered = false
    socket.once('message', () => (answered = true))
    const up = await poll(() => {
      if (!answered) socket.send(serialize(alive), proxyPort, '127.0.0.1')
      return Promise.resolve(answered || undefined)
    }, 10_000)
    assert.ok(up, kamailio.text.slice(-2000))
    await work(socket)
  } finally {
    socket.close()
    await kamailio.stop()
  }
}

/** Sends a request and waits for the answer to it, or for what is sent to `at`. */
async function exchange(socket: Socket, message: SipRequest, id: number, at: Socket = socket): Promise<string> {
  const { port } = socket.address()
  const { method, headers } = message
  headers.prepend('Via', `SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bK-${id}-x`)
  headers.add('CSeq', `${id} ${method}`)
  headers.add('Max-Forwards', '70')
  const found = received(at, (text) => text.includes(`z9hG4bK-${id}-x`))
  socket.send(serialize(message), proxyPort, '127.0.0.1')
  return found
}

/** Waits for a message at a socket. */
function received(at: Socket, wanted: (text: string) => boolean): Promise<string> {
  return new Promise<string>((resolve) => {
    const listener = (bytes: Buffer): void => {
      const text = bytes.toString('latin1')
      if (!wanted(text)) return
      at.off('message', listener)
      resolve(text)
    }
    at.on('message', listener)
  })
}

/** A 180 to a request. */
function ringing(request: Buffer): string {
  const [, ...lines] = request.toString('latin1').split('\r\n')
  const kept = lines.filter((line) => /^(Via|From|To|Call-ID|CSeq):/i.test(line))
  return ['SIP/2.0 180 Ringing', ...kept.map((line) => line.replace(/^(To: .*)$/i, '$1;tag=2')), '', ''].join('\r\n')
}

/** Filters that Kamailio has an exact counterpart for: of those with regexes, whose case matters, none. */
function exactFilters(count: number): Filter[] {
  const found: Filter[] = []
  for (const source of fc.sample(filters, { numRuns: count * 20, seed: 1 })) {
    if (found.length === count) break
    try {
      const filter = compileFilter(source)
      const { text, remarks } = kamailioCondition(filter.root)
      if (typeof text === 'string' && !remarks.some((one) => one.includes('ignores case'))) found.push(filter)
    } catch (error) {
      if (!(error instanceof FilterError)) throw error
    }
  }
  return found
}

suite('what kamailio-route prints, in Kamailio', { timeout: 60_000 }, () => {
  test('Kamailio decides as the filter, whatever stands in filter and message', async () => {
    const all = exactFilters(300)
    const lines = all.map((filter) => `if (${kamailioCondition(filter.root).text}) $var(r) = $var(r) + "T"; else $var(r) = $var(r) + "F";`) // prettier-ignore
    const routes = `request_route {\n$var(r) = "";\n${lines.join('\n')}\nsl_send_reply("200", "$var(r)");\nexit;\n}\n`
    await withKamailio('filters', routes, async (socket) => {
      let id = 0
      for (const message of fc.sample(requests('INVITE', 'CANCEL'), { numRuns: 150, seed: 2 })) {
        // blanks around a value are no part of it on the wire
        const agent = message.headers.get('User-Agent')
        if (agent !== undefined) message.headers.set('User-Agent', agent.trim())
        const expected = all.map((filter) => (filter.matches(message) ? 'T' : 'F'))
        const answer = await exchange(socket, message, ++id)
        const got = answer.slice('SIP/2.0 200 '.length, answer.indexOf('\r\n'))
        const wrong = all.filter((_, index) => got[index] !== expected[index]).map(({ source, root }) => [source, kamailioCondition(root).text]) // prettier-ignore
        assert.deepEqual(wrong, [], serialize(message).toString('latin1'))
      }
    })
  })

  test('an INVITE and its CANCEL go to the B2BUA, Route first; what is not for it or from it does not', async () => {
    const fragment = kamailioRoute({
      filter: compileFilter("from.uri.domain == 'from.example' && from.uri.user != '\"; exit; # $rU \\'"),
      server: `sip:127.0.0.1:${b2buaPort}`,
      userAgent: 'B2BUA/1.0',
      userAgentVaries: true,
    })
    const main = 'request_route {\nloose_route();\nroute(B2BUA);\nsl_send_reply("404", "Passed");\nexit;\n}\n'
    await withKamailio('route', `${fragment}\n${main}`, async (socket) => {
      const b2bua = createSocket('udp4')
      try {
        b2bua.bind(b2buaPort, '127.0.0.1')
        await once(b2bua, 'listening')
        let id = 0
        const invite = (headers: readonly (readonly [string, string])[] = [], domain = 'from.example', method = 'INVITE') =>
          request(method, 'sip:bob@x.example', [['From', `<sip:alice@${domain}>;tag=1`], ['To', '<sip:bob@x.example>'], ['Call-ID', '1'], ...headers]) // prettier-ignore
        const divertedTo = `<sip:127.0.0.1:${b2buaPort};lr>`
        const own = `<sip:127.0.0.1:${proxyPort};lr>`
        for (const [headers, routes] of [
          [[], [divertedTo]],
          [[own], [divertedTo]],
          [['<sip:192.0.2.1;lr>'], [divertedTo, '<sip:192.0.2.1;lr>']],
          [[divertedTo], [divertedTo]],
        ] as const) {
          const sent = parseMessage(
            Buffer.from(
              await exchange(socket, invite(headers.map((value) => ['Route', value])), ++id, b2bua),
              'latin1',
            ),
          )
          assert.equal(sent.kind === 'request' && sent.uri, 'sip:bob@x.example', headers.join())
          assert.deepEqual(sent.headers.values('Route'), routes, headers.join())
        }
        // tm holds a CANCEL back until the INVITE has an answer
        b2bua.once('message', (bytes: Buffer, { port, address }: RemoteInfo) =>
          b2bua.send(ringing(bytes), port, address),
        )
        await exchange(socket, invite(), 300, b2bua)
        await once(socket, 'message')
        const canceled = received(b2bua, (text) => text.startsWith('CANCEL '))
        void exchange(socket, invite([], 'from.example', 'CANCEL'), 300)
        assert.match(await canceled, /^CANCEL sip:bob@x\.example /)

        const passed = [invite([], 'other.example'), invite([['User-Agent', 'B2BUA/1.0']]), invite([], 'from.example', 'MESSAGE')] // prettier-ignore
        for (const [index, message] of passed.entries())
          assert.match(await exchange(socket, message, 500 + index), /^SIP\/2\.0 404 Passed/)
      } finally {
        b2bua.close()
      }
    })
  })
})
