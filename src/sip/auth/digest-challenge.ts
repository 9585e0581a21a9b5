import { malformedAuth } from './auth-error.ts'
import { parseDigestParameters, quoted } from './auth-parameters.ts'
import { parseDigestAlgorithm, type DigestAlgorithm } from './digest-algorithm.ts'
import { type QualityOfProtection } from './digest-response.ts'

/** A value of WWW-Authenticate or Proxy-Authenticate with the scheme Digest (RFC 7616 §3.3, RFC 3261 §20.44). */
export interface DigestChallenge {
  readonly realm: string
  readonly nonce: string
  /** Undefined: one that this stack does not have. */
  readonly algorithm: DigestAlgorithm | undefined
  /** Those offered that this stack has. */
  readonly qop: readonly QualityOfProtection[]
  /** The challenge names qualities of protection, be they known or not. */
  readonly qopOffered: boolean
  readonly opaque?: string
  /** The credentials were right, but their nonce is too old: try again without asking anybody. */
  readonly stale: boolean
}

/**
 * Reads a challenge.
 * @returns undefined for a scheme other than Digest
 * @throws AuthError `AUTH_MALFORMED`
 */
export function parseChallenge(value: string): DigestChallenge | undefined {
  const values = parseDigestParameters(value)
  if (values === undefined) return undefined
  const realm = values.get('realm')
  const nonce = values.get('nonce')
  if (realm === undefined || nonce === undefined) throw malformedAuth('a challenge without realm or nonce')
  const opaque = values.get('opaque')
  const offered = values.get('qop')
  const qops = (offered ?? '').split(',').map((one) => one.trim().toLowerCase())
  return {
    realm,
    nonce,
    algorithm: parseDigestAlgorithm(values.get('algorithm')),
    qop: (['auth', 'auth-int'] as const).filter((one) => qops.includes(one)),
    qopOffered: offered !== undefined && offered.trim() !== '',
    ...(opaque !== undefined && { opaque }),
    stale: values.get('stale')?.toLowerCase() === 'true',
  }
}

/**
 * Writes a challenge of this server; `stale` only when it is true, since old phones take its mere presence for it.
 * @throws AuthError `AUTH_PARAMETER`
 */
export function formatChallenge(challenge: {
  readonly realm: string
  readonly nonce: string
  readonly algorithm: DigestAlgorithm
  readonly stale: boolean
}): string {
  const { realm, nonce, algorithm, stale } = challenge
  const text = `Digest realm=${quoted(realm)}, nonce=${quoted(nonce)}, algorithm=${algorithm}, qop="auth"`
  return stale ? `${text}, stale=true` : text
}
