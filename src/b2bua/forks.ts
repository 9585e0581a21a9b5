import { newTag } from '../sip/message/identifiers.ts'
import { type InviteSession } from '../sip/usage/invite-session.ts'
import { type SessionDescription } from '../sdp/session-description.ts'

/** One who is called by leg B's INVITE: the proxies behind it may fork it to several phones (RFC 3261 §16.6). */
export interface Fork {
  /** Of the early dialog that stands for it on leg A; absent for the first, which has the tag of the INVITE itself. */
  readonly toTag: string | undefined
  /** What it has answered, as it said it. */
  answer: SessionDescription | undefined
  /** Offer and answer have been exchanged reliably on both legs: its 200 has nothing to add (RFC 6337 §2.2). */
  settled: boolean
}

/** The forks of leg B, each told apart on leg A by a To tag of its own. */
export class Forks {
  readonly #forks = new Map<string, Fork>()

  /** @param session its dialog; one without a tag is told apart from none */
  of(session: InviteSession | undefined): Fork {
    const tag = session?.dialog.remoteTag ?? ''
    const known = this.#forks.get(tag)
    if (known !== undefined) return known
    const fork = { toTag: this.#forks.size === 0 ? undefined : newTag(), answer: undefined, settled: false }
    this.#forks.set(tag, fork)
    return fork
  }
}
