import { type TestContext } from 'node:test'
import { clearAudio } from '../b2bua/descriptions.ts'
import { listen, SipPhone } from '../b2bua/sip-phone.ts'
import { ServerProcess } from './server-process.ts'

/** Whom phone A calls. */
export const recipient = 'sip:bob@sip.example.org'

/** What a test may write into flexisip.conf. */
export interface ConfigOptions {
  readonly proxy?: string
  readonly transport?: string
  readonly dataDirectory?: string
  readonly level?: string
  readonly rules?: string
}

/** A flexisip.conf that uses nothing but the server's folder and a free port. */
export function config(options: ConfigOptions = {}): string {
  return [
    '[global]',
    'log-directory={dir}/log',
    `log-level=${options.level ?? 'message'}`,
    '[b2bua-server]',
    `transport=${options.transport ?? 'sip:127.0.0.1:0;transport=tcp'}`,
    `outbound-proxy=${options.proxy ?? 'sip:127.0.0.1:9;transport=tcp'}`,
    `data-directory=${options.dataDirectory ?? '{dir}/data'}`,
    'user-agent=Flexisip-B2BUA/1.0',
    '[b2bua-server::trenscrypter]',
    `outgoing-enc-regex=${options.rules ?? ''}`,
    '',
  ].join('\n')
}

/** A server with a phone on each side; phone B stands for the outbound proxy. */
export async function site(
  t: TestContext,
  options: ConfigOptions & { companion?: string; args?: readonly string[] } = {},
): Promise<{ server: ServerProcess; uri: string; a: SipPhone; b: SipPhone }> {
  const [a, b] = await Promise.all([SipPhone.start('alice'), SipPhone.start('bob')])
  t.after(() => Promise.all([a.stop(), b.stop()]))
  const { companion, args } = options
  const server = ServerProcess.start(t, {
    config: config({ proxy: b.uri, ...options }),
    ...(companion === undefined ? {} : { companion }),
    ...(args === undefined ? {} : { args }),
  })
  return { server, uri: await server.takesCalls(), a, b }
}

/** A call from A to B that B answers; `answer` is made of the offer that B got. */
export async function talk(
  { uri, a, b }: { uri: string; a: SipPhone; b: SipPhone },
  offer = clearAudio(40000),
  answer: (offer: string) => string = () => clearAudio(40010),
) {
  const call = a.call(recipient, uri, { body: offer })
  const invite = await b.invites.next('INVITE')
  const offered = invite.request.body.toString('latin1')
  const sessionB = invite.accept({ body: Buffer.from(answer(offered)), contentType: 'application/sdp' })
  const { response, session: sessionA } = await call.answered.next('200')
  sessionA.acknowledge()
  const answered = response.body.toString('latin1')
  return { a: sessionA, b: sessionB, atA: listen(sessionA), atB: listen(sessionB), offered, answered }
}

/** The suite of the first key in an offer. */
export function suiteOf(offer: string): string {
  return /^a=crypto:\d+ (\S+)/m.exec(offer)![1]!
}
