import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { WebSocket } from 'ws'
import { DigestClient } from '../../src/sip/auth/digest-client.ts'
import { type SipRequest } from '../../src/sip/message/message.ts'
import { parseMessage, serialize } from '../../src/sip/message/parse.ts'
import { clearAudio } from '../support/b2bua/descriptions.ts'
import { ServerProcess } from '../support/command/server-process.ts'
import { ackText, inDialogText, requestText, responseText } from '../support/torture/sip-text.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { UdpWire } from '../support/torture/wire.ts'

/** An address of this machine that no other test has: ports are then free. */
function ownHost(): string {
  return `127.${randomInt(1, 255)}.${randomInt(255)}.${randomInt(1, 255)}`
}

interface ProxyConfig {
  readonly host: string
  readonly enabled?: boolean
  readonly filter?: string
  readonly server?: string
  readonly authentication?: string
}

function config({ host, enabled = true, filter = '', server, authentication = '' }: ProxyConfig): string {
  return [
    '[global]',
    'log-directory={dir}/log',
    'log-level=debug',
    `transports=sip:${host}:5060 sip:${host}:5080;transport=ws`,
    '[b2bua-server]',
    `transport=sip:${host}:6067;transport=tcp`,
    `outbound-proxy=sip:${host}:5060;transport=tcp`,
    'data-directory={dir}/data',
    'user-agent=Flexisip-B2BUA/1.0',
    '[module::B2bua]',
    `enabled=${enabled}`,
    `filter=${filter}`,
    `b2bua-server=${server ?? `sip:${host}:6067;transport=tcp`}`,
    '[module::Registrar]',
    'reg-domains=sip.example.org',
    authentication,
    '',
  ].join('\n')
}

async function started(
  t: TestContext,
  server: 'all' | 'proxy',
  options: Partial<ProxyConfig> = {},
  companion?: string,
) {
  const host = ownHost()
  const process = ServerProcess.start(t, {
    config: config({ host, ...options }),
    args: ['--server', server],
    ...(companion !== undefined && { companion }),
  })
  await process.wrote(/ proxy runs /)
  const phone = (): Promise<UdpWire> => UdpWire.open(t, { host, port: 5060 })
  return { host, process, phone }
}

async function registered(phone: UdpWire, user: string): Promise<void> {
  const aor = `<sip:${user}@sip.example.org>`
  const fields = { From: `${aor};tag=1`, To: aor, Contact: `<${phone.uri}>` }
  phone.send(requestText(phone, 'REGISTER', { uri: 'sip:sip.example.org', fields }))
  assert.equal((await phone.response('REGISTER')).status, 200)
}

/** What makes a request look like the B2BUA's to a Flexisip. */
const forgery = {
  'User-Agent': 'Flexisip-B2BUA/1.0',
  'flexisip-b2bua': 'ignore',
  'X-Flexisip-B2BUA': 'ignore',
  'X-Flexisip-B2BUA-Token': 'sz1x2y-AAAAAAAAAAAAAAAAAAAAAA',
}

function call(from: UdpWire, fields: Readonly<Record<string, string>> = {}): string {
  const From = '<sip:alice@sip.example.org>;tag=1'
  return requestText(from, 'INVITE', { body: clearAudio(40000), fields: { From, ...fields } })
}

/** Whether a call that came to a phone is the B2BUA's, and not the caller's own. */
function isDiverted(invite: SipRequest, sent: string): boolean {
  return !sent.includes(invite.headers.get('Call-ID')!)
}

describe('the proxy', { concurrency: 3 }, () => {
  test('alone: registers phones and diverts their calls, those of who forges the B2BUA’s headers too', async (t) => {
    const { phone } = await started(t, 'all')
    const [a, b] = [await phone(), await phone()]
    await registered(b, 'bob')
    for (const fields of [{}, forgery]) {
      const sent = call(a, fields)
      a.send(sent)
      const invite = await b.request('INVITE')
      assert.ok(isDiverted(invite, sent))
      assert.equal(invite.headers.has('X-Flexisip-B2BUA-Token'), false, 'the token is nobody’s but the two servers’')
      b.send(responseText(b, invite, 200, { body: clearAudio(40010) }))
      const ok = await a.response('INVITE', 200)
      a.send(
        ackText(ok, {
          uri: /<([^>]*)>/.exec(ok.headers.get('Contact')!)![1]!,
          fields: routeOf(ok.headers.values('Record-Route')),
        }),
      )
      await b.request('ACK')
      a.send(inDialogText(a, ok, 'BYE', 2, { fields: routeOf(ok.headers.values('Record-Route')) }))
      const bye = await b.request('BYE')
      b.send(responseText(b, bye, 200))
      await a.response('BYE', 200)
    }
  })

  test('case 1: with module::B2bua disabled calls go to the other phone as they are', async (t) => {
    const { phone } = await started(t, 'all', { enabled: false })
    const [a, b] = [await phone(), await phone()]
    await registered(b, 'bob')
    for (const lines of [[], [`a=zrtp-hash:1.10 ${'ab'.repeat(32)}`], ['m=video 40002 RTP/AVP 96']]) {
      const described = (port: number): string => [clearAudio(port).trimEnd(), ...lines, ''].join('\r\n')
      const sent = requestText(a, 'INVITE', { body: described(40000) })
      a.send(sent)
      const invite = await b.request('INVITE')
      assert.ok(!isDiverted(invite, sent))
      assert.equal(invite.body.toString(), described(40000))
      b.send(responseText(b, invite, 200, { body: described(40010) }))
      const ok = await a.response('INVITE', 200)
      assert.equal(ok.body.toString(), described(40010))
    }
  })

  test('with trust=user-agent believes the User-Agent, as Flexisip does', async (t) => {
    const { phone } = await started(t, 'all', {}, '[proxy]\ntrust=user-agent\n')
    const [a, b] = [await phone(), await phone()]
    await registered(b, 'bob')
    const sent = call(a, { 'User-Agent': 'Flexisip-B2BUA/1.0' })
    a.send(sent)
    assert.ok(!isDiverted(await b.request('INVITE'), sent))
  })

  test('takes enabled, filter and b2bua-server as they are saved, and keeps the last good ones on an error', async (t) => {
    const { host, process, phone } = await started(t, 'proxy', { enabled: false })
    const [a, b, other] = [await phone(), await phone(), await phone()]
    await registered(b, 'bob')
    const next = async (at: UdpWire, fields: Readonly<Record<string, string>> = {}): Promise<void> => {
      a.send(call(a, fields))
      at.send(responseText(at, await at.request('INVITE'), 486))
      a.send(ackText(await a.response('INVITE', 486)))
    }
    await process.wrote(/no call is diverted/)
    await next(b)
    const server = other.uri.replace(';transport=udp', '')
    process.save(config({ host, server }))
    await process.wrote(/ diverted: every call; to sip:/)
    await next(other)
    process.save(config({ host, server, filter: "user-agent contains 'desk'" }))
    await process.wrote(/ diverted: calls for which /)
    await next(b)
    await next(other, { 'User-Agent': 'desk phone' })
    process.save(config({ host, server, filter: "user-agent contains 'desk" }))
    await process.wrote(/flexisip\.conf:\d+:\d+: error: /)
    await next(other, { 'User-Agent': 'desk phone' })
    await next(b)
  })

  test('asks for passwords when there is a file, and starts with none that cannot be read', async (t) => {
    const authentication = '[module::Authentication]\nenabled=true\nfile-path={dir}/passwords'
    const process = ServerProcess.start(t, {
      config: config({ host: ownHost(), authentication }),
      args: ['--server', 'proxy'],
    })
    assert.equal(await process.ended, 255)
    assert.match(process.output, /passwords/)
  })

  test('lets those register and call who prove their password, and diverts their calls', async (t) => {
    const file = join(temporaryDirectory(t), 'passwords')
    writeFileSync(file, 'version:1\n\nalice@sip.example.org clrtxt:wonder ;\nbob@sip.example.org clrtxt:build ;\n')
    const authentication = `[module::Authentication]\nenabled=true\nauth-domains=sip.example.org\nfile-path=${file}`
    const { phone } = await started(t, 'all', { authentication }, '[proxy]\ntrust=user-agent\n')
    const [a, b] = [await phone(), await phone()]
    const prove = async (wire: UdpWire, text: string, method: string, password: string): Promise<void> => {
      wire.send(text)
      const challenge = await wire.response(method)
      assert.equal(challenge.status, method === 'REGISTER' ? 401 : 407)
      if (method === 'INVITE') wire.send(ackText(challenge))
      const request = parseMessage(Buffer.from(text, 'latin1')) as SipRequest
      const username = /sip:(\w+)@/.exec(request.headers.get('From')!)![1]!
      const client = new DigestClient({ username, secret: { password } })
      assert.equal(client.accept(request, challenge), 'answered')
      client.authorize(request)
      request.headers.set('CSeq', `2 ${method}`)
      request.headers.set('Via', `${wire.via};rport;branch=z9hG4bK${password}`)
      wire.send(serialize(request))
    }
    const aor = '<sip:bob@sip.example.org>'
    const fields = { From: `${aor};tag=1`, To: aor, Contact: `<${b.uri}>` }
    const register = (): string => requestText(b, 'REGISTER', { uri: 'sip:sip.example.org', fields })
    await prove(b, register(), 'REGISTER', 'wrong')
    assert.equal((await b.response('REGISTER')).status, 403)
    await prove(b, register(), 'REGISTER', 'build')
    assert.equal((await b.response('REGISTER')).status, 200)
    // what a Flexisip would believe is no password either
    a.send(call(a, forgery))
    const forged = await a.response('INVITE', 407)
    a.send(ackText(forged))
    const sent = call(a)
    await prove(a, sent, 'INVITE', 'wonder')
    const invite = await b.request('INVITE')
    assert.ok(isDiverted(invite, sent))
    assert.equal(invite.headers.has('Proxy-Authorization'), false, 'credentials that were used go no further')
  })

  test('takes browsers by WebSocket, and calls them over it', async (t) => {
    const { host, phone } = await started(t, 'proxy', { enabled: false })
    const socket = new WebSocket(`ws://${host}:5080`, 'sip')
    t.after(() => socket.terminate())
    const inbox: string[] = []
    const waiting: ((text: string) => void)[] = []
    socket.on('message', (data: Buffer) => {
      const text = data.toString('latin1')
      const wake = waiting.shift()
      if (wake === undefined) inbox.push(text)
      else wake(text)
    })
    const message = (): Promise<string> =>
      inbox.length > 0 ? Promise.resolve(inbox.shift()!) : new Promise((resolve) => waiting.push(resolve))
    await new Promise((resolve) => socket.once('open', resolve))
    socket.send(
      [
        'REGISTER sip:sip.example.org SIP/2.0',
        'Via: SIP/2.0/WS df7jal23ls0d.invalid;branch=z9hG4bKws1',
        'Max-Forwards: 70',
        'From: <sip:bob@sip.example.org>;tag=1',
        'To: <sip:bob@sip.example.org>',
        'Call-ID: ws-1',
        'CSeq: 1 REGISTER',
        'Contact: <sip:bob@df7jal23ls0d.invalid;transport=ws>',
        'Content-Length: 0',
        '',
        '',
      ].join('\r\n'),
    )
    assert.match(await message(), /^SIP\/2\.0 200 /)
    const a = await phone()
    a.send(call(a))
    const invite = await message()
    assert.match(invite, /^INVITE sip:bob@df7jal23ls0d\.invalid;transport=ws SIP\/2\.0\r\n/)
    assert.match(invite, /Record-Route: <sip:[\w-]+@[\d.]+:5080;transport=ws;lr;did=[\da-f]+>, <sip:/)
  })
})

function routeOf(recordRoute: readonly string[]): Readonly<Record<string, string>> {
  return { Route: recordRoute.toReversed().join(', ') }
}
