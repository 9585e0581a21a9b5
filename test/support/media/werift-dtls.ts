import { DtlsClient, DtlsServer, type SignatureHash } from 'werift'
import { type DtlsCertificate } from '../../../src/media/dtls/dtls-certificate.ts'
import { type DtlsEnd } from './dtls-link.ts'

type Transport = ConstructorParameters<typeof DtlsClient>[0]['transport']

/** SHA-256 with the key of a certificate, as werift is told. */
const signatureHashes = {
  ecdsa: { hash: 4, signature: 3 },
  rsa: { hash: 4, signature: 1 },
} as const satisfies Record<string, SignatureHash>

/** What werift's DTLS has told. */
export interface WeriftEnd {
  readonly socket: DtlsClient | DtlsServer
  connected: boolean
  readonly errors: Error[]
  start(): Promise<void>
  /** Ends its retransmissions, which nothing else does. */
  end(): void
}

/** werift's DTLS as the peer of one of our ends, or of another one of its own; datagrams cross at once. */
export function weriftEnd(
  role: 'client' | 'server',
  kind: 'ecdsa' | 'rsa',
  { certificate, privateKey }: DtlsCertificate,
  deliver: (datagram: Buffer) => void,
): WeriftEnd & { receive(datagram: Buffer): void } {
  const address = { address: '127.0.0.1', family: 'IPv4', port: 1 }
  const transport: Transport = {
    type: 'udp',
    address,
    closed: false,
    onData: () => undefined,
    send: (datagram) => {
      setImmediate(() => deliver(Buffer.from(datagram)))
      return Promise.resolve()
    },
    close: () => Promise.resolve(),
  }
  const options = {
    transport,
    cert: certificate,
    key: privateKey,
    signatureHash: signatureHashes[kind],
    certificateRequest: true,
    extendedMasterSecret: true,
    srtpProfiles: [1 as const],
  }
  const socket = role === 'client' ? new DtlsClient(options) : new DtlsServer(options)
  const end = {
    socket,
    connected: false,
    errors: [] as Error[],
    start: () => (socket instanceof DtlsClient ? socket.connect() : Promise.resolve()),
    end: () => {
      socket.dtls.flight = 7 // beyond the last
    },
    receive: (datagram: Buffer) => transport.onData(datagram, ['127.0.0.1', 1]),
  }
  socket.onConnect.subscribe(() => {
    end.connected = true
  })
  socket.onError.subscribe((error) => end.errors.push(error))
  return end
}

/** The keys of one of our ends as werift names them. */
export function asWeriftKeys({ sessions }: DtlsEnd): Record<string, Buffer> {
  const { send, receive } = sessions[0]!
  return { localKey: receive.key, localSalt: receive.salt, remoteKey: send.key, remoteSalt: send.salt }
}
