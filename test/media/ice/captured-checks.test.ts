import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { IceLiteAgent } from '../../../src/media/ice/ice-lite-agent.ts'
import { StunAttribute, StunMessage } from '../../../src/media/ice/stun-message.ts'

const linphone = { ufrag: 'b152eb35', pwd: '9dce497c1a208e97caf2c9f2' }
const chromium = { ufrag: 'fLOy', pwd: 'Pg2JNmIQIFiN5zKyj6rk6u7u' }
const baresip = { ufrag: 'KRUIUeR', pwd: '6wAm0g2y1bKtqZI8ZPhgi7l6rCADWvc' }
const otherChromium = { ufrag: 'EYFq', pwd: 'afGgkTcfmayNui8JB2BStCDz' }

/** Checks as they were on the wire, with the credentials of the calls that they are of. The agent is in the place of `to`. */
const captured = [
  {
    name: 'Linphone, before it nominates',
    from: linphone,
    to: chromium,
    packet: `000100482112a44213d9acd5c7a684c84849bafd0006000d664c4f793a6231353265623335000000002400046effff7f
      802a00083196d7ff55a930b000080014f3daaf06404ce93961db5138ce02e4348d0e143c8028000415059450`,
    nominates: false,
  },
  {
    name: 'Linphone, nominating',
    from: linphone,
    to: chromium,
    packet: `0001004c2112a442f48f3d6ccfbf96fb6bdfe7ef0006000d664c4f793a6231353265623335000000002400046effff7f
      00250000802a00083196d7ff55a930b0000800140208d22e5ab71f37057b71e196e8feccd675f0f9802800040fe9222c`,
    nominates: true,
  },
  {
    name: 'baresip, nominating',
    from: baresip,
    to: otherChromium,
    packet: `000100482112a442395d1b4a838aa112d0b6b2330006000c455946713a4b525549556552002400046e0000ff
      802a0008a2b0f0b31ca88f91002500000008001475a30301f5ac374b9b404f6ae29d07699048ddb4802800041ff92d0c`,
    nominates: true,
  },
  {
    name: 'Chromium, which believes that it is controlled',
    from: chromium,
    to: linphone,
    packet: `000100502112a4423963476f416778764636724a0006000d62313532656233353a664c4f79000000c0570004000003e7
      802900082f5cf9f76f00e165002400046e001eff00080014c2b587483085c6521ac3f045fb2a22706e7eebd3802800045f93bdf4`,
    conflicts: true,
  },
] as const

describe('a check of a real phone is understood:', () => {
  for (const { name, from, to, packet, ...expected } of captured) {
    test(name, () => {
      const source = { address: '10.99.0.1', port: 17000 }
      const agent = new IceLiteAgent()
      agent.update({ local: to, remote: from })
      const request = Buffer.from(packet.replace(/\s/g, ''), 'hex')
      const outcome = agent.receive(request, request.length, source, 1, 0)
      assert.equal(outcome.checked, true)
      const answer = new StunMessage()
      assert.ok(outcome.response)
      assert.equal(answer.read(outcome.response, outcome.response.length), true)
      if ('conflicts' in expected) {
        assert.equal(answer.errorCode(), 487)
        assert.equal(agent.chosen(1), undefined)
        return
      }
      assert.ok(answer.value(StunAttribute.xorMappedAddress))
      assert.deepEqual(agent.chosen(1), source)
      assert.equal(outcome.moved, expected.nominates)
    })
  }
})
