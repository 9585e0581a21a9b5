import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createSocket, type Socket as DatagramSocket } from 'node:dgram'
import { mkdirSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { suite, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createResponse } from '../../src/sip/message/message.ts'
import { parseMessage, serialize } from '../../src/sip/message/parse.ts'
import { PeerProcess } from '../interop/peers/peer-process.ts'
import { poll } from '../interop/peers/poll.ts'
import { Sipp, type SippOptions, type SippResult } from '../interop/peers/sipp.ts'
import { scratchFolder } from '../interop/server/site.ts'
import { cpuSeconds } from '../interop/server/cpu-seconds.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const proxyAddress = { host: '127.0.0.1', port: 5070 }
const nextHopPort = 5060
const seconds = 20
const messagesPerSecond = 2000
const callsPerSecond = 200
const idleFlows = 10_000
const mebi = 1024 * 1024

suite('the proxy before another one', { timeout: 300_000 }, () => {
  test(`${messagesPerSecond} MESSAGEs a second on one core: none is lost`, async (t) => {
    const proxy = await startProxy(t, 'proxy-messages')
    await drive(t, proxy, { answers: 'message-answer.xml', asks: 'message.xml', rate: messagesPerSecond })
  })

  test(`${callsPerSecond} calls a second on one core: none is lost`, async (t) => {
    const proxy = await startProxy(t, 'proxy-calls')
    await drive(t, proxy, { answers: 'callee.xml', asks: 'caller.xml', rate: callsPerSecond })
  })

  test(`${idleFlows} phones that have registered over TCP take less than 300 MiB`, async (t) => {
    const proxy = await startProxy(t, 'proxy-flows')
    const registrar = await answering(t)
    const before = proxy.process.residentBytes()
    const phones: Socket[] = []
    t.after(() => phones.forEach((phone) => phone.destroy()))
    // a hundred at a time: more than the backlog of a listening socket takes would be tried again a second later
    while (phones.length < idleFlows) {
      phones.push(...(await Promise.all(Array.from({ length: 100 }, (_, i) => register(phones.length + i)))))
    }
    await sleep(2000)
    const after = proxy.process.residentBytes()
    assert.equal(registrar.answered, idleFlows)
    assert.ok(phones.every((phone) => !phone.destroyed))
    t.diagnostic(
      `resident ${(before / mebi).toFixed(0)} MiB before, ${(after / mebi).toFixed(0)} MiB with ${idleFlows} flows: ` +
        `${((after - before) / 1024 / idleFlows).toFixed(1)} KiB each`,
    )
    assert.ok(after < 300 * mebi, `${after} bytes`)
  })
})

interface RunningProxy {
  readonly process: PeerProcess
  readonly folder: string
}

/** The program as an operator starts it, on the first core only. */
async function startProxy(t: TestContext, name: string): Promise<RunningProxy> {
  const folder = scratchFolder(name)
  const conf = join(folder, 'proxy')
  mkdirSync(conf)
  writeFileSync(
    join(conf, 'flexisip.conf'),
    `[global]\nlog-directory=${conf}/log\nlog-level=message\n[b2bua-server]\ndata-directory=${conf}/data\n` +
      "[module::B2bua]\nenabled=true\nb2bua-server=sip:127.0.0.1:6067\nfilter=request.uri.domain == 'diverted.example'\n",
  )
  const at = `sip:${proxyAddress.host}:${proxyAddress.port}`
  writeFileSync(join(conf, 'flexisip-b2bua.conf'), `[proxy]\nnext-hop=sip:127.0.0.1:${nextHopPort}\ntransports=${at}\n`)
  const process_ = new PeerProcess({
    name: 'flexisip-b2bua',
    command: process.execPath,
    args: ['src/main.ts', '--server', 'proxy', '-c', join(conf, 'flexisip.conf')],
    cwd: root,
    outFile: join(folder, 'proxy.out'),
  }).start()
  t.after(() => process_.stop({ grace: 12_000 }))
  await process_.waitFor(/ runs\b.*listening=/, { timeout: 20_000 })
  execFileSync('taskset', ['-a', '-p', '-c', '0', String(process_.pid)])
  return { process: process_, folder }
}

interface Load {
  /** Scenarios of SIPp. */
  readonly answers: string
  readonly asks: string
  /** Transactions or calls a second. */
  readonly rate: number
}

/** Lets SIPp ask through the proxy for {@link seconds}, and another one answer behind it. */
async function drive(t: TestContext, { process: proxy, folder }: RunningProxy, load: Load): Promise<void> {
  const start = (options: Omit<SippOptions, 'folder' | 'transport'>): Sipp => {
    const sipp = new Sipp({ ...options, folder, transport: 'udp' }).start()
    t.after(() => sipp.abort())
    return sipp
  }
  start({ name: 'answers', scenario: load.answers, port: nextHopPort, mediaPort: 6000 })
  const ask = async (name: string, port: number, rate: number, calls: number): Promise<SippResult> => {
    const remote = `${proxyAddress.host}:${proxyAddress.port}`
    const sipp = start({ name, scenario: load.asks, port, mediaPort: 7000, remote, rate, calls, atOnce: 4 * rate })
    const result = await sipp.finished((3 * seconds + 40) * 1000)
    assert.deepEqual([result.successful, result.failed], [calls, 0], sipp.complaints())
    return result
  }
  await ask('warm-up', 5200, load.rate / 4, load.rate)
  const [cpu, began] = [cpuSeconds(proxy.pid), performance.now()]
  const calls = load.rate * seconds
  const { retransmissions } = await ask('asks', 5210, load.rate, calls)
  const used = cpuSeconds(proxy.pid) - cpu
  const took = (performance.now() - began) / 1000
  t.diagnostic(
    `${calls} in ${took.toFixed(1)} s, ${retransmissions} retransmissions, ${used.toFixed(1)} s of CPU: ` +
      `${((used / calls) * 1e6).toFixed(0)} µs each; ${(proxy.residentBytes() / mebi).toFixed(0)} MiB resident`,
  )
  assert.ok(retransmissions <= calls / 100, `${retransmissions} retransmissions`)
}

/** A next hop that answers every request 200. */
async function answering(t: TestContext): Promise<{ answered: number }> {
  const counter = { answered: 0 }
  const socket: DatagramSocket = createSocket({ type: 'udp4', recvBufferSize: mebi })
  socket.on('message', (bytes, from) => {
    const message = parseMessage(bytes)
    if (message.kind !== 'request') return
    if (message.method === 'REGISTER') counter.answered++
    socket.send(serialize(createResponse(message, 200, { toTag: 'next' })), from.port, from.address)
  })
  await new Promise<void>((resolve) => socket.bind(nextHopPort, '127.0.0.1', resolve))
  t.after(() => socket.close())
  return counter
}

/** A phone that connects, registers, and has its answer. */
async function register(index: number): Promise<Socket> {
  const phone = connect(proxyAddress)
  let text = ''
  phone.setEncoding('latin1').on('data', (chunk: string) => (text += chunk))
  phone.write(
    [
      'REGISTER sip:load.example SIP/2.0',
      `Via: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bKidle${index};rport`,
      `From: <sip:phone${index}@load.example>;tag=${index}`,
      `To: <sip:phone${index}@load.example>`,
      `Call-ID: idle${index}`,
      'CSeq: 1 REGISTER',
      `Contact: <sip:phone${index}@127.0.0.1;transport=tcp>`,
      'Max-Forwards: 70',
      'Content-Length: 0',
      ...['', ''],
    ].join('\r\n'),
  )
  const answered = await poll(() => (text.includes('\r\n\r\n') ? true : undefined), 10_000, 5)
  if (answered === undefined || !text.startsWith('SIP/2.0 200 ')) throw new Error(`phone ${index} got: ${text}`)
  return phone
}
