import { setTimeout as sleep } from 'node:timers/promises'
import { makeCertificate } from '../../../src/media/dtls/dtls-certificate.ts'
import {
  DtlsAssociation,
  type DtlsAssociationOptions,
  type DtlsSession,
} from '../../../src/media/dtls/dtls-association.ts'
import { DtlsContext } from '../../../src/media/dtls/dtls-context.ts'
import { type DtlsError } from '../../../src/media/dtls/dtls-error.ts'

/** One certificate of each kind, for tests that do not care which. */
export const certificates = {
  ecdsa: makeCertificate('ecdsa', new Date()),
  rsa: makeCertificate('rsa', new Date()),
}

/** Retransmissions as quick as OpenSSL has them, for tests that lose datagrams: its clock is the machine's. */
export const quick = { first: 20, longest: 40 }

/** Contexts with the usual settings. */
export const contexts = { ecdsa: new DtlsContext(certificates.ecdsa), rsa: new DtlsContext(certificates.rsa) }

/** An association with what it has told. */
export interface DtlsEnd {
  readonly association: DtlsAssociation
  readonly sent: Buffer[]
  readonly sessions: DtlsSession[]
  readonly errors: DtlsError[]
}

/** Makes an association that only notes what it tells. */
export function dtlsEnd(
  options: Pick<DtlsAssociationOptions, 'context' | 'role' | 'mtu'> & Partial<DtlsAssociationOptions>,
): DtlsEnd {
  const [sent, sessions, errors]: [Buffer[], DtlsSession[], DtlsError[]] = [[], [], []]
  const association = new DtlsAssociation({
    onSend: (datagram) => sent.push(datagram),
    onConnected: (session) => sessions.push(session),
    onFailed: (error) => errors.push(error),
    ...options,
  })
  return { association, sent, sessions, errors }
}

/** What a link does to the datagrams that cross it at the moment, in either direction. */
export type Disturb = (datagrams: Buffer[]) => Buffer[]

/**
 * Carries datagrams between two ends until neither has something to say, or both are done; waits for retransmissions
 * when there are any to come.
 */
export async function run(left: DtlsEnd, right: DtlsEnd, disturb: Disturb = (datagrams) => datagrams): Promise<void> {
  const done = ({ sessions, errors }: DtlsEnd): boolean => sessions.length + errors.length > 0
  left.association.start()
  right.association.start()
  for (;;) {
    const crossing = [disturb(left.sent.splice(0)), disturb(right.sent.splice(0))] as const
    for (const datagram of crossing[0]) right.association.receive(datagram)
    for (const datagram of crossing[1]) left.association.receive(datagram)
    if (left.sent.length + right.sent.length > 0) continue
    if (done(left) && done(right)) return
    const due = [left.association.timeout, right.association.timeout].filter((timeout) => timeout !== undefined)
    if (due.length === 0) return
    await sleep(Math.min(...due))
    left.association.onTimeout()
    right.association.onTimeout()
  }
}

/** Releases both ends. */
export function close(...ends: readonly DtlsEnd[]): void {
  for (const { association } of ends) association.close()
}

/** A random sequence that begins the same each time (mulberry32); from 0 to below 1. */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
