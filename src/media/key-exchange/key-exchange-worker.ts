/**
 * The key exchange worker: runs the handshakes of all media workers in a thread of its own, so that no call's packets wait
 * for another call's keys. It ends when the main thread says so; an error that gets here ends it, and the engine
 * replaces it.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { DtlsContext } from '../dtls/dtls-context.ts'
import { FallbackSecretCache } from '../zrtp/fallback-secret-cache.ts'
import { FileSecretCache } from '../zrtp/file-secret-cache.ts'
import { MemorySecretCache } from '../zrtp/secret-cache.ts'
import { KeyExchangeHost, type KeyExchangeIdentity } from './key-exchange-host.ts'
import { type KeyExchangeNotice, type KeyExchangeOrder, type KeyExchangeStart } from './key-exchange-messages.ts'

const { certificate, zid, secrets, trustedMitm = false } = workerData as KeyExchangeStart
const cache =
  secrets === undefined
    ? new MemorySecretCache()
    : new FallbackSecretCache(
        () => new FileSecretCache(secrets),
        ({ message }) => {
          parentPort!.postMessage({ type: 'secretsNotKept', why: message } satisfies KeyExchangeNotice)
        },
      )
const identity: KeyExchangeIdentity = {
  ...(certificate !== undefined && { context: new DtlsContext(certificate) }),
  ...(zid !== undefined && { zrtp: { zid: Buffer.from(zid), cache, trustedMitm } }),
}
const hosts = new Set<KeyExchangeHost>()

parentPort!.on('message', (order: KeyExchangeOrder) => {
  // by itself, between two calls of native code: a thread that is terminated inside of one takes the process with it
  if (order.type === 'end') process.exit(0)
  const { port } = order
  const host = new KeyExchangeHost(identity, port)
  hosts.add(host)
  port.on('close', () => hosts.delete(host))
})
