/** Longest life of an assertion that is taken. Auth0 and SMART App Launch allow five minutes, others an hour. */
const ASSERTION_LIFETIME_MAX_S = 5 * 60
/** How far ahead of ours a client's clock may be. */
export const CLOCK_SKEW_S = 5

/**
 * What this provider refuses in a client assertion beyond what oidc-provider refuses by itself (signature, `alg`,
 * `aud`, `exp`, `jti` and its reuse). Takes the claims of an assertion whose signature has been verified and the
 * time in seconds; returns why it is refused, or undefined. The reason names the rule, never a value.
 */
export function assertionRefusal(
  claims: Record<string, unknown>,
  clientId: string,
  now: number,
): string | undefined {
  const { iss, sub, aud, iat, exp } = claims
  // RFC 7523 section 3, items 1 and 2.
  if (iss !== clientId) return 'iss must be the client_id'
  if (sub !== clientId) return 'sub must be the client_id'
  // RFC 10070: one audience, as a string. An array of one element is refused too, as FAPI 2.0 servers do.
  if (typeof aud !== 'string') return 'aud must be one string, not an array'
  // RFC 7523 section 3, item 6 leaves iat optional; servers that bound an assertion's age need it.
  if (typeof iat !== 'number' || !Number.isFinite(iat)) return 'iat is missing'
  if (iat > now + CLOCK_SKEW_S) return 'iat is in the future'
  // Item 4: the server may refuse an exp "unreasonably far in the future".
  if (typeof exp !== 'number' || exp - iat > ASSERTION_LIFETIME_MAX_S) {
    return `exp is more than ${ASSERTION_LIFETIME_MAX_S} seconds after iat`
  }
  return undefined
}
