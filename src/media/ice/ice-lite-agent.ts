import { type IceCredentials, type IceDescription } from '../../base/endpoint-description.ts'
import { type Component } from '../component.ts'
import { type PeerAddress } from '../packet-io/packet-io.ts'
import { StunAttribute, StunMessage, StunType, writeStun, xorMappedAddress } from './stun-message.ts'

/** Milliseconds for which a nominated address that is checked no more is held against one of lower priority. */
const freshness = 3000

/** Why a STUN packet was refused. */
export type StunRefusal = 'malformed' | 'unauthenticated' | 'unknown-attribute' | 'role-conflict'

/** What came of a STUN packet. */
export interface StunOutcome {
  /** To send back to the source from the same socket; valid until the next packet. */
  readonly response: Uint8Array | undefined
  /** The request had our password: who sent it knows our description. */
  readonly checked: boolean
  readonly refusal: StunRefusal | undefined
}

interface Address extends PeerAddress {
  readonly priority: number
  /** When it was last checked, in milliseconds. */
  checkedAt: number
  readonly nominated: boolean
}

const ignored: StunOutcome = { response: undefined, checked: false, refusal: undefined }

/**
 * The lite side of ICE for one leg of one stream (RFC 8445 §2.5): it checks nothing itself, answers the peer's checks, and
 * follows its nominations. A server that phones can reach needs no more. Binding requests without credentials, which
 * Linphone sends where there is no ICE, are answered and change nothing.
 */
export class IceLiteAgent {
  #ice: IceDescription | undefined
  /** Credentials of before a restart: checks with them are still on their way. */
  #before: IceCredentials | undefined
  readonly #chosen = new Map<Component, Address>()

  /**
   * Takes over what was agreed. With other credentials than before it is a restart (RFC 8445 §9): what was nominated stays
   * in use until the peer nominates anew.
   * @param ice `undefined` when the leg does no ICE
   */
  update(ice: IceDescription | undefined): void {
    if (ice === undefined) {
      this.#chosen.clear()
      this.#before = undefined
    } else if (this.#ice !== undefined) {
      const restart = ice.local.ufrag !== this.#ice.local.ufrag || differs(ice.remote, this.#ice.remote)
      if (restart) {
        if (ice.local.ufrag !== this.#ice.local.ufrag) this.#before = this.#ice.local
        // any nomination of the new generation wins over those of the old one
        for (const [component, chosen] of this.#chosen) this.#chosen.set(component, { ...chosen, priority: -1 })
      }
    }
    this.#ice = ice
  }

  /** Where the peer has nominated that a component's packets go. */
  nominated(component: Component): PeerAddress | undefined {
    const chosen = this.#chosen.get(component)
    return chosen?.nominated === true ? chosen : undefined
  }

  /** The same, or while nothing is nominated, the first address that was checked. */
  chosen(component: Component): PeerAddress | undefined {
    return this.#chosen.get(component)
  }

  /**
   * Takes a STUN packet.
   * @param now milliseconds
   */
  receive(packet: Uint8Array, length: number, source: PeerAddress, component: Component, now: number): StunOutcome {
    const message = StunMessage.parse(packet, length)
    if (message === undefined) return { ...ignored, refusal: 'malformed' }
    if (message.type !== StunType.request) return ignored // keep-alives, and answers to what this server never asked
    const { transaction } = message
    const mapped = [StunAttribute.xorMappedAddress, xorMappedAddress(source, transaction)] as const
    const username = message.attribute(StunAttribute.username)
    if (username === undefined && message.attribute(StunAttribute.messageIntegrity) === undefined) {
      return { ...ignored, response: writeStun(StunType.success, transaction, [mapped]) }
    }
    const password = this.#passwordOf(username)
    if (password === undefined || !message.isAuthentic(password)) {
      // RFC 8489 §9.1.3; a peer that is not ours learns no more
      return { response: errorResponse(transaction, 401, 'Unauthorized'), checked: false, refusal: 'unauthenticated' }
    }
    const unknown = message.unknown()
    if (unknown.length > 0) {
      const types = Buffer.alloc(2 * unknown.length)
      for (const [index, type] of unknown.entries()) types.writeUInt16BE(type, 2 * index)
      const list = [StunAttribute.unknownAttributes, types] as const
      const response = errorResponse(transaction, 420, 'Unknown Attribute', [list], password)
      return { response, checked: false, refusal: 'unknown-attribute' }
    }
    if (message.attribute(StunAttribute.iceControlled) !== undefined) {
      // a lite agent is always controlled (RFC 8445 §6.1.1): the peer takes the other role and checks again
      const response = errorResponse(transaction, 487, 'Role Conflict', [], password)
      return { response, checked: false, refusal: 'role-conflict' }
    }
    this.#choose(message, source, component, now)
    const response = writeStun(StunType.success, transaction, [mapped], password)
    return { response, checked: true, refusal: undefined }
  }

  /** The password that a username asks for: `<our ufrag>:<its ufrag>` (RFC 8445 §7.2.2). */
  #passwordOf(username: Buffer | undefined): string | undefined {
    if (username === undefined || this.#ice === undefined) return undefined
    const [ours, theirs] = username.toString('latin1').split(':')
    const { local, remote } = this.#ice
    if (ours === this.#before?.ufrag) return this.#before?.pwd
    return ours === local.ufrag && (remote === undefined || theirs === remote.ufrag) ? local.pwd : undefined
  }

  /**
   * A checked request. Peers may nominate with every check (RFC 5245 §8.1.1.2): the highest priority wins then, and of
   * equals the latest; one of lower priority takes over when the chosen one has fallen silent.
   */
  #choose(message: StunMessage, { address, port }: PeerAddress, component: Component, now: number): void {
    const chosen = this.#chosen.get(component)
    const same = chosen?.address === address && chosen.port === port
    if (same) chosen.checkedAt = now
    const nominated = message.attribute(StunAttribute.useCandidate) !== undefined
    const priority = message.attribute(StunAttribute.priority)
    const candidate: Address = {
      address,
      port,
      priority: priority?.length === 4 ? priority.readUInt32BE(0) : 0,
      checkedAt: now,
      nominated,
    }
    if (chosen === undefined) this.#chosen.set(component, candidate)
    if (chosen === undefined || !nominated) return
    const wins = !chosen.nominated || candidate.priority >= chosen.priority || now - chosen.checkedAt > freshness
    if (same ? candidate.priority >= chosen.priority || !chosen.nominated : wins) this.#chosen.set(component, candidate)
    this.#before = undefined
  }
}

/** ERROR-CODE (RFC 8489 §14.8): two bytes 0, class, number, reason. */
function errorResponse(
  transaction: Uint8Array,
  code: number,
  reason: string,
  attributes: readonly (readonly [number, Uint8Array])[] = [],
  password?: string,
): Buffer {
  const value = Buffer.concat([Buffer.from([0, 0, Math.floor(code / 100), code % 100]), Buffer.from(reason)])
  return writeStun(StunType.error, transaction, [[StunAttribute.errorCode, value], ...attributes], password)
}

/** The peer's credentials were known, and are others now. */
function differs(now: IceCredentials | undefined, before: IceCredentials | undefined): boolean {
  return before !== undefined && now !== undefined && now.ufrag !== before.ufrag
}
