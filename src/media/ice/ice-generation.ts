import { type IceCredentials, type IceDescription } from '../../base/endpoint-description.ts'
import { type StunMessage } from './stun-message.ts'

/** Credentials of both sides between two ICE restarts, in the form that checks are compared with. */
export class IceGeneration {
  /** Key of the peer's requests and of our responses (RFC 8445 §7.2.2: the password of who answers). */
  readonly key: Buffer
  readonly #local: IceCredentials
  #remote: IceCredentials | undefined
  /** What USERNAME is or, while the peer's part is unknown, begins with. */
  #username: Buffer

  constructor({ local, remote }: IceDescription) {
    this.#local = local
    this.#remote = remote
    this.#username = usernameOf(local, remote)
    this.key = Buffer.from(local.pwd)
  }

  /** Whether a description has these credentials; those of the peer are not compared while one side lacks them. */
  fits({ local, remote }: IceDescription): boolean {
    return (
      same(this.#local, local) && (remote === undefined || this.#remote === undefined || same(this.#remote, remote))
    )
  }

  /** Takes over the peer's credentials when they were not known before. */
  complete(remote: IceCredentials | undefined): void {
    if (remote === undefined || this.#remote !== undefined) return
    this.#remote = remote
    this.#username = usernameOf(this.#local, remote)
  }

  /** Whether a check names this generation. Checks may come before the peer's answer: then its part is not compared. */
  named(message: StunMessage): boolean {
    return message.usernameIs(this.#username, this.#remote !== undefined)
  }
}

function usernameOf(local: IceCredentials, remote: IceCredentials | undefined): Buffer {
  return Buffer.from(`${local.ufrag}:${remote?.ufrag ?? ''}`)
}

function same(a: IceCredentials, b: IceCredentials): boolean {
  return a.ufrag === b.ufrag && a.pwd === b.pwd
}
