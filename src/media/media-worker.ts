/**
 * A media worker: runs the bridges of its sessions in a thread of its own, at the main thread's orders. It ends when the
 * main thread says so; an error that gets here ends it, and the engine replaces it.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { PortKeyExchanger } from './key-exchange/port-key-exchanger.ts'
import { DescriptorLedger } from './packet-io/descriptor-ledger.ts'
import { openPacketIo } from './packet-io/open-packet-io.ts'
import { raisePriority } from './raise-priority.ts'
import { Relay } from './relay.ts'
import { openCipherProvider } from './srtp/open-cipher-provider.ts'
import {
  clockOrigin,
  fromEndpointMessage,
  type WorkerAnswer,
  type WorkerRequest,
  type WorkerStart,
} from './worker-messages.ts'

/** Answers that go in one message, when what was asked in one is done. */
let outbox: WorkerAnswer[] = []

const start = workerData as WorkerStart
const clockOffset = clockOrigin() - start.clockOrigin
const exchanger = new PortKeyExchanger()
const ciphers = openCipherProvider()
if (ciphers.fallback !== undefined) answer({ type: 'cipher-fallback', why: ciphers.fallback })
const packetIo = openPacketIo(start.packetIo, new DescriptorLedger(start.descriptors))
if (packetIo.fallback !== undefined) answer({ type: 'packet-io-fallback', why: packetIo.fallback })
const priorityRefusal = raisePriority()
if (priorityRefusal !== undefined) answer({ type: 'ordinary-priority', why: priorityRefusal })
const relay = new Relay({
  io: packetIo.io,
  provider: ciphers.provider,
  exchanger,
  now: () => performance.now() + clockOffset,
  stamp: (cells, cell) => {
    cells[cell] = performance.now() + clockOffset
  },
  onKeyExchange: (session, report) => answer({ type: 'keys', session, report }),
  onDtmf: (session, report) => answer({ type: 'dtmf', session, report }),
})

function answer(message: WorkerAnswer): void {
  outbox.push(message)
  if (outbox.length > 1) return
  process.nextTick(() => {
    const messages = outbox
    outbox = []
    parentPort!.postMessage(messages)
  })
}

async function handle(message: WorkerRequest): Promise<void> {
  switch (message.type) {
    case 'open': {
      const refusal = await relay.open(message.session, message.stream, message)
      const { request } = message
      answer(refusal === undefined ? { type: 'opened', request } : { type: 'refused', request, ...refusal })
      break
    }
    case 'update': {
      const endpoint = message.endpoint === undefined ? undefined : fromEndpointMessage(message.endpoint)
      relay.update(message.session, message.stream, message.leg, endpoint)
      break
    }
    case 'dtmf':
      relay.sendDtmf(message.session, message.stream, message.leg, message.key)
      break
    case 'close':
      await relay.close(message.session)
      answer({ type: 'closed', request: message.request })
      break
    case 'link':
      exchanger.connect(message.port)
      break
    case 'ping':
      answer({ type: 'pong' })
      break
    case 'end':
      // by itself, between two calls of native code; the main thread closes what is open
      process.exit(0)
  }
}

parentPort!.on('message', (messages: WorkerRequest[]) => {
  for (const message of messages) void handle(message)
})
