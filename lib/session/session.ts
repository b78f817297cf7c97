import { ACCESS_MARGIN_S } from '../limits.ts'

/** What a session holds, sealed. Spelled as the token response and the ID token spell it. */
export interface Session {
  access_token: string
  token_type: string
  /** Seconds since the epoch; absent where the provider did not say. */
  expires_at?: number
  /** Of the access token. */
  scope?: string
  /** Of the sign-in, where the access token has another. */
  granted?: string
  /** What the last refresh has asked for, where the provider gave something else: to ask again would bring the same. */
  asked?: string
  refresh_token?: string
  /** Of the ID token, about the user. */
  claims: Readonly<Record<string, unknown>>
  /** Seconds since the epoch: of the sign-in, and when it ends whatever happens (requirement COOKIE-8). */
  iat: number
  exp: number
}

/** A token response, as far as it is looked at here. */
interface Tokens {
  access_token: string
  token_type: string
  expires_in?: unknown
  scope?: unknown
  refresh_token?: unknown
}

/** About the token and not about the user: these stay behind. */
const OF_THE_TOKEN: ReadonlySet<string> = new Set([
  'iss',
  'aud',
  'azp',
  'exp',
  'iat',
  'nbf',
  'jti',
  'nonce',
  'at_hash',
  'c_hash',
  's_hash',
])

/**
 * The session that a sign-in begins.
 *
 * @param scope as it was asked for: a response without one gives all of it (RFC 6749 section 5.1)
 * @param now_s seconds since the epoch
 */
export function newSession(
  tokens: Tokens,
  claims: Readonly<Record<string, unknown>> | undefined,
  { scope, lifetime, now_s }: { scope: string | undefined; lifetime: number; now_s: number },
): Session {
  return {
    ...accessOf(tokens, scope, now_s),
    ...(typeof tokens.refresh_token === 'string' && { refresh_token: tokens.refresh_token }),
    claims: aboutTheUser(claims ?? {}),
    iat: now_s,
    exp: now_s + lifetime,
  }
}

/** The session after a refresh: it ends when it would have ended. `scope` as it was asked for, where less than before was. */
export function refreshedSession(
  before: Session,
  tokens: Tokens,
  claims: Readonly<Record<string, unknown>> | undefined,
  { scope, now_s }: { scope: string | undefined; now_s: number },
): Session {
  const granted = grantedScope(before)
  const asked = scope ?? granted
  const access = accessOf(tokens, asked, now_s)
  // RFC 6749 section 6: a refresh token that is not replaced stays good.
  const refresh_token = typeof tokens.refresh_token === 'string' ? tokens.refresh_token : before.refresh_token
  return {
    ...access,
    ...(granted !== undefined && granted !== access.scope && { granted }),
    ...(asked !== undefined && asked !== access.scope && { asked }),
    ...(refresh_token !== undefined && { refresh_token }),
    claims: claims === undefined ? before.claims : aboutTheUser(claims),
    iat: before.iat,
    exp: before.exp,
  }
}

function accessOf(
  { access_token, token_type, expires_in, scope: given }: Tokens,
  asked: string | undefined,
  now_s: number,
) {
  const scope = typeof given === 'string' ? given : asked
  return {
    access_token,
    token_type,
    ...(typeof expires_in === 'number' && { expires_at: now_s + Math.floor(expires_in) }),
    ...(scope !== undefined && { scope }),
  }
}

function aboutTheUser(claims: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(claims).filter(([name]) => !OF_THE_TOKEN.has(name)))
}

/** What the user agreed to: an access token may have less, never more. */
export function grantedScope({ granted, scope }: Session): string | undefined {
  return granted ?? scope
}

/** Whether an access token has this scope; or was asked for with it, and the provider gave no more. */
export function isFor({ asked, scope }: Session, wanted: string): boolean {
  return sameScope(scope, wanted) || (sameScope(asked, wanted) && isWithin(scope, wanted))
}

/** Seconds that the access token is good for; undefined where the provider did not say. May be negative. */
export function accessLeft({ expires_at }: Session, now_s: number): number | undefined {
  return expires_at === undefined ? undefined : expires_at - now_s
}

/** Whether it is too old to be used, its way to the API included. */
export function accessRunsOut(session: Session, now_s: number): boolean {
  const left = accessLeft(session, now_s)
  return left !== undefined && left < ACCESS_MARGIN_S
}

/** The same scope tokens, in whatever order. */
function sameScope(one: string | undefined, other: string | undefined): boolean {
  const tokens = (scope: string | undefined) => [...new Set((scope ?? '').split(' '))].sort().join(' ')
  return tokens(one) === tokens(other)
}

/** Whether the one has no scope token that the other has not; one that nobody has named has none. */
export function isWithin(one: string | undefined, other: string): boolean {
  const all = other.split(' ')
  return (one ?? '').split(' ').every(token => token === '' || all.includes(token))
}
