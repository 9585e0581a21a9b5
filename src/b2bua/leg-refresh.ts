import { type CallMedia } from './call-media.ts'
import { CallError } from './call-error.ts'
import { descriptionIn, sdpType } from './leg.ts'
import { type Side } from './offer-relay.ts'

/**
 * Refreshes the session of one leg by a re-INVITE that changes nothing (RFC 4028 §7.4), for phones that take no UPDATE. The
 * other leg hears nothing of it.
 * @param onBroken the phone has taken it, but not answered as it must: there is no way back
 * @param onDone in any case, before `onBroken`
 */
export function refreshLeg(
  { leg, session }: Side,
  media: CallMedia,
  { onBroken, onDone }: { readonly onBroken: (error: unknown) => void; readonly onDone: () => void },
): void {
  const body = leg.descriptions.repeatOffer(media.local(leg.name))
  const failed = (): void => {
    leg.descriptions.rollback()
    onDone()
  }
  session.request('INVITE', {
    ...{ body, contentType: sdpType },
    listener: {
      onResponse(response) {
        if (response.status < 200) return
        if (response.status >= 300) {
          failed()
          session.notRefreshed(response)
          return
        }
        session.acknowledge()
        onDone()
        try {
          const answer = descriptionIn(response)
          if (answer === undefined) throw new CallError('incompatible-media', 'an offer was accepted without an answer')
          leg.descriptions.receiveAnswer(answer)
          media.apply(leg)
        } catch (error) {
          onBroken(error)
        }
      },
      onFailure() {
        failed()
        session.notRefreshed()
      },
    },
  })
}
