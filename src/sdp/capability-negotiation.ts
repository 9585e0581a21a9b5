import { type SessionDescription } from './session-description.ts'

export function chooseConfiguration(offer: SessionDescription): SessionDescription {
  return offer
}
