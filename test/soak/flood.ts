/**
 * Somebody who calls for no reason: `flood.ts HOST PORT RATE SECONDS` sends INVITEs over UDP from 127.0.0.66, answers nothing, and
 * says at the end how many it sent and what it got, by status.
 */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { bogusInvite } from '../support/torture/bogus-invite.ts'

/** What was sent and got. */
export interface FloodResult {
  readonly sent: number
  readonly statuses: Readonly<Record<string, number>>
}

const from = '127.0.0.66'
const [host = '', port = '', rate = '', seconds = ''] = process.argv.slice(2)
const socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 1024 * 1024 })
const statuses: Record<string, number> = {}
socket.on('message', (message) => {
  const text = message.toString('latin1', 0, 11)
  const kind = text.startsWith('SIP/') ? text.slice(8) : text.split(' ', 1)[0]!
  statuses[kind] = (statuses[kind] ?? 0) + 1
})
socket.bind(0, from)
await once(socket, 'listening')
let sent = 0
const began = performance.now()
for (let now = began; now - began < Number(seconds) * 1000; now = performance.now()) {
  for (; sent < ((now - began) / 1000) * Number(rate); sent++)
    socket.send(bogusInvite(sent, from, socket.address().port), Number(port), host)
  await sleep(2)
}
await sleep(2000)
process.send?.({ sent, statuses } satisfies FloodResult)
socket.close()
process.disconnect?.()
