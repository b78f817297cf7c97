import { type Client, hasSession } from '../lib/config/client.ts'
import { causeName, coded, ProxyError } from '../lib/errors.ts'
import type { Answer } from '../lib/http/post.ts'
import { REVOCATION_MS } from '../lib/limits.ts'
import { type Claims, checkIdToken, type IdTokenRules } from '../lib/oauth/id-token.ts'
import { readRevocationResponse } from '../lib/oauth/revocation.ts'
import { readTokenResponse, rotation, type TokenResponse } from '../lib/oauth/token.ts'
import { within } from '../lib/within.ts'
import type { PageCall } from './call.ts'
import { timed } from './timed.ts'
import { send, sendRepeatable } from './upstream.ts'

export interface Exchange {
  client: Client
  /** As they go to the token endpoint. */
  parameters: URLSearchParams
  dpop?: string | undefined
  /** What the ID token is held against beside the registration. */
  expected?: Pick<IdTokenRules, 'sub' | 'nonce' | 'max_age'>
}

export interface Exchanged {
  tokens: TokenResponse
  /** Of the ID token, where there was one to be validated. */
  claims: Claims | undefined
  answer: Answer
}

/**
 * One request to the token endpoint, and all that its answer has to stand. Where a session cannot begin by what it brought,
 * that is revoked: nobody has it. Rejects as `send`, `readTokenResponse` and `checkIdToken` do.
 */
export async function exchange(
  call: PageCall,
  { client, parameters, dpop, expected }: Exchange,
): Promise<Exchanged> {
  const { deps, record } = call
  const endpoint = client.as.token_endpoint
  const keys = deps.keysFor(client)
  const answer = await send(call, { client, endpoint, parameters, dpop, onSent: () => keys?.renew() })
  const tokens = readTokenResponse(answer, { proof: dpop !== undefined, members: client.response_members })
  const refresh_token = parameters.get('refresh_token')
  if (refresh_token !== null) record.rotation = rotation(refresh_token, tokens)
  const code = parameters.get('code') ?? undefined
  // A session is somebody's: without an ID token nobody could say whose, nor hold the next one's against it.
  const required = hasSession(client) && refresh_token === null
  try {
    if (hasSession(client)) requireBearer(tokens)
    if (!keys || (tokens.id_token === undefined && !required)) return { tokens, claims: undefined, answer }
    const check = timed(record, 'id_token_ms', checkIdToken)
    const claims = await check(tokens, client, keys, { code, required, ...expected, now: deps.now() })
    return { tokens, claims, answer }
  } catch (error) {
    if (hasSession(client)) await revokeTokens(call, client, tokens)
    throw error
  }
}

/** What goes into an Authorization header later on (RFC 6750 section 2.1), and is nothing that needs a proof beside it. */
function requireBearer({ token_type, access_token }: TokenResponse): void {
  const bearer = token_type.toLowerCase() === 'bearer' && /^[\x21-\x7e]+$/.test(access_token)
  if (!bearer) throw new ProxyError('upstream_malformed', { cause: coded('TOKEN_TYPE') })
}

/**
 * Takes back what nobody is to use any more (RFC 7009): the refresh token and with it, at most providers, the access
 * token; else that. Never rejects: whatever it is part of has to end, and a failure is counted.
 */
export async function revokeTokens(
  call: PageCall,
  client: Client,
  { refresh_token, access_token }: { refresh_token?: unknown; access_token: string },
): Promise<void> {
  const endpoint = client.as.revocation_endpoint
  if (endpoint === undefined) return
  const { record } = call
  const parameters =
    typeof refresh_token === 'string'
      ? new URLSearchParams({ token: refresh_token, token_type_hint: 'refresh_token' })
      : new URLSearchParams({ token: access_token, token_type_hint: 'access_token' })
  try {
    const answer = await within(REVOCATION_MS, sendRepeatable(call, { client, endpoint, parameters }))
    record.revocation = answer?.status === 200 ? 'done' : 'failed'
    if (answer) readRevocationResponse(answer)
  } catch (error) {
    record.revocation = 'failed'
    const { reason, cause } = error as Partial<ProxyError>
    // The request's own outcome is another one, and whose alarm this is has to be seen all the same.
    record.revocation_error = reason ?? 'internal'
    record.error_name ??= causeName(cause ?? error)
  }
}
