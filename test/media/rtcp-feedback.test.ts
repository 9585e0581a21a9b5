import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { WorkerMediaEngine } from '../../src/media/worker-media-engine.ts'
import { Bridge } from '../support/media/bridge.ts'
import { packetIo } from '../support/media/drivers.ts'

const engine = new WorkerMediaEngine({ workers: 1, packetIo })
after(() => engine.close())

/** A feedback message alone, as `a=rtcp-rsize` allows it (RFC 5506): type 205 or 206, the format, what follows the two SSRCs. */
function feedback(type: number, format: number, information = ''): Buffer {
  const packet = Buffer.concat([Buffer.alloc(12), Buffer.from(information, 'hex')])
  packet[0] = 0x80 | format
  packet[1] = type
  packet.writeUInt16BE(packet.length / 4 - 1, 2)
  packet.writeUInt32BE(0x12345678, 4)
  return packet
}

const messages = {
  'PLI (RFC 4585 §6.3.1)': feedback(206, 1),
  'FIR (RFC 5104 §4.3.1)': feedback(206, 4, '87654321' + '01000000'),
  'NACK (RFC 4585 §6.2.1)': feedback(205, 1, '00010003'),
  'TMMBR (RFC 5104 §4.2.1)': feedback(205, 3, '8765432119999999'),
  REMB: feedback(206, 15, '52454d42' + '0103d090' + '87654321'),
  'transport-cc': feedback(205, 15, '00010002' + '00000101' + '20020404'),
}

describe('feedback about video crosses as it is', () => {
  for (const [name, message] of Object.entries(messages)) {
    for (const [modeA, modeB] of [
      ['none', 'AES_CM_128_HMAC_SHA1_80'],
      ['AEAD_AES_256_GCM', 'AES_CM_128_HMAC_SHA1_32'],
    ] as const) {
      test(`${name} of reduced size, multiplexed on leg A only, ${modeA} to ${modeB}`, async () => {
        const bridge = await Bridge.open(engine, modeA, modeB, { rtcpMux: { a: true } })
        bridge.a.sendRtcp(message, true)
        assert.deepEqual(await bridge.b.receiveRtcp(), message)
        bridge.b.sendRtcp(message)
        assert.deepEqual(await bridge.a.receiveRtcp(true), message)
        await bridge.close()
      })
    }
  }
})
