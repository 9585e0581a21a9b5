import { type MediaEngine } from '../media/media-engine.ts'
import { formatAddress } from '../sip/transport/flow.ts'
import { type TransportLayer } from '../sip/transport/transport-layer.ts'
import { type Log } from './log.ts'

/** Writes into the log what transports and media tell about themselves. */
export function logStack({ transport, engine }: { transport: TransportLayer; engine: MediaEngine }, log: Log): void {
  transport.events.on('flowOpened', (flow) => log.debug('connection opened', ends(flow)))
  transport.events.on('flowClosed', (flow, error) => {
    log.debug('connection closed', { ...ends(flow), error: error?.message })
  })
  transport.events.on('malformed', (flow, error) => {
    log.warning('malformed message', { ...ends(flow), code: error.code, error: error.message })
  })
  transport.events.on('refused', (remote, error) => {
    log.warning('connection refused', { peer: formatAddress(remote), error: error.message })
  })
  transport.events.on('socketError', (local, error) => {
    log.error('socket error', { local: formatAddress(local), error: error.message })
  })
  engine.events.on('workerDied', ({ worker, sessions, error }) => {
    log.error('a media worker died', { worker, calls: sessions, error: error.message })
  })
  engine.events.on('workerReplaced', ({ worker }) => log.message('media worker replaced', { worker }))
}

function ends(flow: Parameters<TransportLayer['onFlowClosed']>[0]): {
  readonly protocol: string
  readonly peer: string
} {
  return { protocol: flow.protocol, peer: formatAddress(flow.remote) }
}
