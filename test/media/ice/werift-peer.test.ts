import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { describe, test, type TestContext } from 'node:test'
import { Candidate, Connection } from 'werift'
import { IceLiteAgent, type StunRefusal } from '../../../src/media/ice/ice-lite-agent.ts'
import { iceLines, offerIce } from '../../../src/sdp/ice-lines.ts'

/** The agent on a socket of 127.0.0.1. */
class Server {
  readonly agent = new IceLiteAgent()
  local = offerIce(undefined, randomBytes).local
  readonly refusals = new Set<StunRefusal | undefined>()
  readonly #socket: Socket

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('message', (packet, source) => {
      const { response, refusal } = this.agent.receive(packet, packet.length, source, 1, performance.now())
      this.refusals.add(refusal)
      // dgram sends later than it returns, and the agent's memory is its own by then
      if (response !== undefined) socket.send(Buffer.from(response), source.port, source.address)
    })
  }

  get port(): number {
    return this.#socket.address().port
  }

  /** Offer and answer, as far as ICE is concerned; the connection has gathered. */
  async agree(connection: Connection): Promise<void> {
    const { localUsername: ufrag, localPassword: pwd } = connection
    this.agent.update({ local: this.local, remote: { ufrag, pwd } })
    connection.setRemoteParams({ iceLite: true, usernameFragment: this.local.ufrag, password: this.local.pwd })
    const bound = { address: '127.0.0.1', rtpPort: this.port, rtcpPort: 0 }
    for (const line of iceLines({ local: this.local }, bound, [], true)) {
      if (!line.startsWith('candidate:')) continue
      await connection.addRemoteCandidate(Candidate.fromSdp(line.slice('candidate:'.length)))
    }
    await connection.addRemoteCandidate(undefined)
  }
}

/** A full agent of werift that gathers on the loopback only, asks no STUN server, and is closed after the test. */
async function fullAgent(t: TestContext, controlling: boolean): Promise<Connection> {
  const connection = new Connection(controlling, {
    useIpv4: false,
    useIpv6: false,
    additionalHostAddresses: ['127.0.0.1'],
  })
  delete connection.stunServer
  t.after(() => connection.close())
  await connection.gatherCandidates()
  return connection
}

async function serve(t: TestContext): Promise<Server> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  t.after(() => socket.close())
  await once(socket, 'listening')
  return new Server(socket)
}

/** The port that werift's only candidate is bound to. */
function portOf(connection: Connection): number | undefined {
  return connection.localCandidates[0]?.port
}

describe("werift's full agent", () => {
  test('as controlling peer comes to be connected, and is where the agent says', async (t) => {
    const server = await serve(t)
    const peer = await fullAgent(t, true)
    await server.agree(peer)
    await peer.connect()
    assert.equal(peer.state, 'connected')
    assert.equal(server.agent.nominated(1)?.port, portOf(peer))
    assert.deepEqual([...server.refusals], [undefined])
  })

  test('as controlled peer is told of its role, and connects', async (t) => {
    const server = await serve(t)
    const peer = await fullAgent(t, false)
    await server.agree(peer)
    await peer.connect()
    assert.equal(peer.state, 'connected')
    assert.equal(peer.iceControlling, true)
    assert.equal(server.agent.nominated(1)?.port, portOf(peer))
    assert.deepEqual([...server.refusals], ['role-conflict', undefined])
  })

  test('restarts, and connects again', async (t) => {
    const server = await serve(t)
    const peer = await fullAgent(t, true)
    await server.agree(peer)
    await peer.connect()
    const before = server.agent.nominated(1)
    await peer.restart()
    await peer.gatherCandidates()
    server.local = offerIce(undefined, randomBytes).local
    await server.agree(peer)
    assert.deepEqual(server.agent.nominated(1), before)
    await peer.connect()
    assert.equal(peer.state, 'connected')
    assert.deepEqual([...server.refusals], [undefined])
  })
})
