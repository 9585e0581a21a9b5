import { randomBytes } from 'node:crypto'
import { type IceCredentials } from '../../../src/base/endpoint-description.ts'
import { StunAttribute, StunClass } from '../../../src/media/ice/stun-message.ts'
import { StunWriter } from '../../../src/media/ice/stun-writer.ts'

/** How a check differs from an ordinary one of a controlling peer. */
export interface CheckOptions {
  /** USE-CANDIDATE is there. */
  readonly nominate?: boolean
  readonly priority?: number
  readonly role?: 'controlling' | 'controlled' | 'none'
  /** Instead of the right one; null: without. */
  readonly username?: string | null
  /** Instead of the right one; null: without MESSAGE-INTEGRITY. */
  readonly pwd?: string | null
  readonly fingerprint?: boolean
  /** Types of further, empty attributes. */
  readonly extra?: readonly number[]
}

/** Writes a connectivity check (RFC 8445 §7.2.2) of the peer with the credentials `theirs` to the agent with `ours`. */
export function iceCheck(ours: IceCredentials, theirs: IceCredentials, options: CheckOptions = {}): Buffer {
  const { nominate = false, priority = 0x6e0001ff, role = 'controlling', fingerprint = true, extra = [] } = options
  const { username = `${ours.ufrag}:${theirs.ufrag}`, pwd = ours.pwd } = options
  const empty = Buffer.alloc(0)
  const writer = new StunWriter(1500).begin(StunClass.request, randomBytes(20))
  if (username !== null) writer.attribute(StunAttribute.username, Buffer.from(username))
  writer.number(StunAttribute.priority, priority)
  if (role === 'controlling') writer.attribute(StunAttribute.iceControlling, randomBytes(8))
  if (role === 'controlled') writer.attribute(StunAttribute.iceControlled, randomBytes(8))
  if (nominate) writer.attribute(StunAttribute.useCandidate, empty)
  for (const type of extra) writer.attribute(type, empty)
  if (pwd !== null) writer.integrity(Buffer.from(pwd))
  if (fingerprint) writer.fingerprint()
  return writer.message
}

/** Writes a bare Binding message, as phones send it to open their NAT. */
export function bareBinding(messageClass: StunClass = StunClass.request, extra: readonly number[] = []): Buffer {
  const writer = new StunWriter(1500).begin(messageClass, randomBytes(20))
  for (const type of extra) writer.attribute(type, Buffer.alloc(0))
  return writer.message
}
