import { type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { type Socket } from 'node:net'
import { WebSocketServer, type WebSocket } from 'ws'
import { defaultLimits } from '../message/limits.ts'

/** The only subprotocol (RFC 7118). */
const subprotocol = 'sip'

/** What the upgrade of HTTP connections tells. */
export interface UpgradeHost {
  upgraded(webSocket: WebSocket, socket: Socket): void
  /** The request was answered with an HTTP status that ends its connection. */
  refused(socket: Socket, why: string): void
}

/**
 * Upgrades the connections of an HTTP(S) server to WebSocket with the subprotocol `sip` (RFC 7118). Plain requests get 426,
 * upgrades to anything else 400. Origin is not looked at: who may do what is the SIP layer's business.
 */
export function serveUpgrades(server: Server, host: UpgradeHost): void {
  const webSockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false, // SIP messages are small, and a compressor for each connection is not
    maxPayload: defaultLimits.headBytes + defaultLimits.bodyBytes,
    skipUTF8Validation: true, // SIP says itself what its bytes may be
    handleProtocols: () => subprotocol,
    verifyClient: ({ req }: { req: IncomingMessage }, done: (ok: boolean, status?: number, what?: string) => void) => {
      const offered = offersSip(req)
      if (!offered) host.refused(req.socket, 'the WebSocket subprotocol sip was not asked for')
      done(offered, 400, 'Sec-WebSocket-Protocol: sip is needed')
    },
  })
  server.on('upgrade', (request, _stream, head) => {
    const { socket } = request
    webSockets.handleUpgrade(request, socket, head, (webSocket) => host.upgraded(webSocket, socket))
  })
  const plain: RequestListener = (request, response) => {
    host.refused(request.socket, 'a plain HTTP request, no WebSocket')
    response.writeHead(426, { Upgrade: 'websocket', Connection: 'Upgrade, close', 'Content-Length': 0 })
    response.end()
  }
  server.on('request', plain)
}

function offersSip({ headers }: IncomingMessage): boolean {
  return (headers['sec-websocket-protocol'] ?? '').split(',').some((one) => one.trim() === subprotocol)
}
