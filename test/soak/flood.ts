/**
 * Somebody who calls for no reason: `flood.ts udp|tcp HOST PORT RATE SECONDS` sends INVITEs from 127.0.0.66, answers nothing, and
 * says at the end how many it sent and what it got, by status.
 */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { bogusInvite } from '../support/torture/bogus-invite.ts'

/** What was sent and got. */
export interface FloodResult {
  readonly sent: number
  readonly statuses: Readonly<Record<string, number>>
}

/** The way to the server. */
interface Way {
  /** Of this end. */
  readonly port: number
  /** @returns false when it did not leave, because the server reads nothing more */
  send(message: Buffer): boolean
  close(): void
}

const from = '127.0.0.66'
const [protocol = '', host = '', port = '', rate = '', seconds = ''] = process.argv.slice(2)
const statuses: Record<string, number> = {}

/** Counts the start lines in what came. */
function hear(bytes: Buffer): void {
  for (const [, status, method] of bytes.toString('latin1').matchAll(/^(?:SIP\/2\.0 (\d{3})|([A-Z]+) sips?:)/gm)) {
    const kind = status ?? method!
    statuses[kind] = (statuses[kind] ?? 0) + 1
  }
}

async function overUdp(): Promise<Way> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 1024 * 1024 })
  socket.on('message', hear)
  socket.bind(0, from)
  await once(socket, 'listening')
  return {
    port: socket.address().port,
    send: (message) => {
      socket.send(message, Number(port), host)
      return true
    },
    close: () => socket.close(),
  }
}

async function overTcp(): Promise<Way> {
  const socket = connect({ host, port: Number(port), localAddress: from })
  await once(socket, 'connect')
  socket.on('data', hear)
  socket.on('error', () => socket.destroy()) // the server may well have enough of it
  return {
    port: socket.localPort!,
    send: (message) => {
      if (socket.destroyed || socket.writableNeedDrain) return false
      socket.write(message)
      return true
    },
    close: () => socket.destroy(),
  }
}

const way = await (protocol === 'tcp' ? overTcp() : overUdp())
let sent = 0
let due = 0
const began = performance.now()
for (let now = began; now - began < Number(seconds) * 1000; now = performance.now()) {
  for (; due < ((now - began) / 1000) * Number(rate); due++)
    if (way.send(bogusInvite(due, from, way.port, protocol))) sent++
  await sleep(2)
}
await sleep(2000)
process.send?.({ sent, statuses } satisfies FloodResult)
way.close()
process.disconnect?.()
