import { createHash } from 'node:crypto'
import type { SessionClient } from '../../lib/config/client.ts'
import { ProxyError } from '../../lib/errors.ts'
import { RESULT_KEPT_S } from '../../lib/limits.ts'
import type { Across, Ended } from '../../lib/session/across.ts'
import { open, seal } from '../../lib/session/seal.ts'
import { refreshedSession, type Session } from '../../lib/session/session.ts'
import type { PageCall } from '../call.ts'
import { exchange, revokeTokens } from '../exchange.ts'
import { now } from './keep.ts'

/**
 * The session with a new access token (RFC 6749 section 6), by one request to the provider, however many ask at once
 * (requirement RACE-1). Rejects with ProxyError `session_ended` where it has no refresh token, or one that the provider takes no more,
 * and as `exchange` does.
 *
 * @param scope less than was granted; all of it unless given
 * @returns `own`: it was this request that has asked the provider
 */
export async function refreshed(
  call: PageCall,
  client: SessionClient,
  session: Session,
  scope?: string,
): Promise<{ session: Session; own: boolean }> {
  const { refresh_token } = session
  if (refresh_token === undefined) throw new ProxyError('session_ended')
  const key = keyOf(client, session)
  let own = false
  const work = () => {
    own = true
    return refresh(call, client, session, refresh_token, scope)
  }
  const result = await call.deps.refreshes.once(key, work, across(call, client))
  return { session: result, own }
}

/** Has nobody refresh it any more, and gives the newest one that has come of it: what a logout has to revoke. */
export async function ended(call: PageCall, client: SessionClient, session: Session): Promise<Session> {
  const key = keyOf(client, session)
  return (await call.deps.refreshes.end(key, across(call, client))) ?? session
}

/** Of both tokens: a provider that does not rotate gives the same refresh token for every access token. */
function keyOf({ client_id, as }: SessionClient, { refresh_token, access_token }: Session): string {
  return createHash('sha256')
    .update(JSON.stringify([client_id, as.issuer, refresh_token, access_token]))
    .digest('base64url')
}

function across(call: PageCall, client: SessionClient): Across<Session> {
  const { seals } = call.deps
  return {
    keyOf: session => keyOf(client, session),
    discard: session => revokeTokens(call, client, session),
    // Whoever may write to the table could lay another user's result there: it says itself what it is the result of.
    seal: (of, session) => {
      const iat = now(call)
      return seal(seals, 'lease', client, { session, of, iat, exp: iat + RESULT_KEPT_S })
    },
    async open(of, sealed) {
      const content = await open<{ session: Session | Ended; of: string }>(
        seals,
        'lease',
        client,
        sealed,
        now(call),
      )
      return content?.of === of ? content.session : undefined
    },
  }
}

async function refresh(
  call: PageCall,
  client: SessionClient,
  session: Session,
  refresh_token: string,
  scope: string | undefined,
): Promise<Session> {
  call.record.grant_type = 'refresh_token'
  const parameters = new URLSearchParams({ grant_type: 'refresh_token', refresh_token })
  if (scope !== undefined) parameters.set('scope', scope)
  for (const resource of client.resource ?? []) parameters.append('resource', resource)
  const { sub } = session.claims
  const expected = typeof sub === 'string' ? { sub } : {}
  try {
    // OpenID Connect Core 12.2: a new ID token is of the same user.
    const { tokens, claims } = await exchange(call, { client, parameters, expected })
    return refreshedSession(session, tokens, claims, { scope, now_s: now(call) })
  } catch (error) {
    const refused = error instanceof ProxyError && error.upstream?.error === 'invalid_grant'
    throw refused ? new ProxyError('session_ended', { upstream: error.upstream! }) : error
  }
}
