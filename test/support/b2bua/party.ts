import assert from 'node:assert/strict'
import { type SipRequest } from '../../../src/sip/message/message.ts'
import { type InviteSession } from '../../../src/sip/usage/invite-session.ts'
import { clearAudio } from './descriptions.ts'
import { type Site } from './site.ts'
import { ask, listen, type SipPhone } from './sip-phone.ts'

type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive'

/** One end of a call, and what it hears. */
export interface Party {
  readonly session: InviteSession
  readonly heard: ReturnType<typeof listen>
  /** Of its audio. */
  readonly port: number
  /** Of its latest description. */
  version: number
}

function party(session: InviteSession, port: number): Party {
  return { session, heard: listen(session), port, version: 1 }
}

/** What a test may say about {@link talk}. */
export interface TalkOptions {
  readonly caller?: SipPhone
  readonly callee?: SipPhone
  readonly to?: string
  readonly headers?: readonly (readonly [string, string])[]
}

/** A call through the B2BUA, of phone A to phone B unless it is said otherwise. */
export async function talk(
  site: Site,
  { caller = site.a, callee = site.b, to = 'sip:bob@sip.example.org', headers = [] }: TalkOptions = {},
): Promise<{ a: Party; b: Party; invite: SipRequest }> {
  site.route = callee.uri
  const call = caller.call(to, site.uri, { body: clearAudio(40000), headers })
  const invite = await callee.invites.next('INVITE')
  const answered = invite.accept({ body: Buffer.from(clearAudio(40010)), contentType: 'application/sdp' })
  const { session } = await call.answered.next('200')
  session.acknowledge()
  return { a: party(session, 40000), b: party(answered, 40010), invite: invite.request }
}

const directionOf = ({ body }: { readonly body: Buffer }): string =>
  /^a=(sendrecv|sendonly|recvonly|inactive)\r$/m.exec(body.toString('latin1'))?.[1] ?? 'sendrecv'

export const description = (party: Party, direction: Direction): string =>
  clearAudio(party.port, direction, ++party.version)

/** One party offers a direction and the other answers one: what each of them is told. */
export async function offer(
  from: Party,
  to: Party,
  direction: Direction,
  answer: Direction,
): Promise<[string, string]> {
  const outcome = ask(from.session, 'INVITE', { body: description(from, direction) })
  const reinvite = await to.heard.requests.next('re-INVITE')
  to.session.reply(reinvite, 200, {
    ...{ body: Buffer.from(description(to, answer)), contentType: 'application/sdp' },
  })
  const response = await outcome
  assert.equal(response.status, 200)
  from.session.acknowledge()
  await to.heard.acks.next('ACK')
  return [directionOf(reinvite.request), directionOf(response)]
}

/** Checks that nobody has been asked for anything more. */
export function quiet(...parties: readonly Party[]): void {
  for (const { heard } of parties) assert.deepEqual(heard.requests.unread, [])
}
