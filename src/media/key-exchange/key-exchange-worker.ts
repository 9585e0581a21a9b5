/**
 * The key exchange worker: runs the handshakes of all media workers in a thread of its own, so that no call's packets wait
 * for another call's keys. It ends when the main thread terminates it; an error that gets here ends it, and the engine
 * replaces it.
 */
import { type DtlsCertificate } from '../dtls/dtls-certificate.ts'
import { parentPort, workerData } from 'node:worker_threads'
import { DtlsContext } from '../dtls/dtls-context.ts'
import { KeyExchangeHost } from './key-exchange-host.ts'
import { type KeyExchangeLink } from './key-exchange-messages.ts'

const context = new DtlsContext(workerData as DtlsCertificate)
const hosts = new Set<KeyExchangeHost>()

parentPort!.on('message', ({ port }: KeyExchangeLink) => {
  const host = new KeyExchangeHost(context, port)
  hosts.add(host)
  port.on('close', () => hosts.delete(host))
})
