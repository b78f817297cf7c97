import { createHash } from 'node:crypto'
import type { SessionClient } from '../../lib/config/client.ts'
import { ProxyError } from '../../lib/errors.ts'
import { RESULT_KEPT_S } from '../../lib/limits.ts'
import { open, seal } from '../../lib/session/seal.ts'
import { refreshedSession, type Session } from '../../lib/session/session.ts'
import type { PageCall } from '../call.ts'
import { exchange } from '../exchange.ts'
import { now } from './keep.ts'

/**
 * The session with a new access token (RFC 6749 section 6), by one request to the provider, however many ask at once
 * (requirement RACE-1). Rejects with ProxyError `session_ended` where it has no refresh token, or one that the provider takes no more,
 * and as `exchange` does.
 *
 * @param scope less than was granted; all of it unless given
 */
export async function refreshed(
  call: PageCall,
  client: SessionClient,
  session: Session,
  scope?: string,
): Promise<Session> {
  const { refreshes, seals } = call.deps
  const { client_id, as } = client
  const { refresh_token, access_token } = session
  if (refresh_token === undefined) throw new ProxyError('session_ended')
  // Of both: a provider that does not rotate gives the same refresh token for every access token.
  const key = createHash('sha256')
    .update(JSON.stringify([client_id, as.issuer, refresh_token, access_token]))
    .digest('base64url')
  // Whoever may write to the table could lay another user's result there: it says itself what it is the result of.
  const ours = (content: { session: Session; of: string } | undefined) =>
    content?.of === key ? content.session : undefined
  return refreshes.once(key, () => refresh(call, client, session, refresh_token, scope), {
    seal: result => {
      const iat = now(call)
      return seal(seals, 'lease', client, { session: result, of: key, iat, exp: iat + RESULT_KEPT_S })
    },
    open: async sealed =>
      ours(await open<{ session: Session; of: string }>(seals, 'lease', client, sealed, now(call))),
  })
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
