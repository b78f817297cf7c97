import { hasSession } from '../../lib/config/client.ts'
import { ProxyError } from '../../lib/errors.ts'
import { jsonReply } from '../../lib/http/reply.ts'
import { nonceHeader, nonceOf, readProof } from '../../lib/oauth/dpop.ts'
import { tokenParameters } from '../../lib/oauth/grants.ts'
import { forTheApp } from '../../lib/oauth/token.ts'
import { newSession } from '../../lib/session/session.ts'
import type { Endpoint } from '../call.ts'
import { clientOf } from '../client.ts'
import { exchange, revokeTokens } from '../exchange.ts'
import { paced } from '../paced.ts'
import { keep } from '../session/keep.ts'

/** `POST /token` (RFC 6749 section 3.2): every check that is free, then one signature, then one request. */
export const token: Endpoint = async call => {
  const { form, headers, record, deps } = call
  const client = clientOf(call, 'tokens', 'mediated')
  const parameters = tokenParameters(form, client)
  const grant_type = parameters.get('grant_type') as string
  record.grant_type = grant_type
  if (grant_type === 'authorization_code') record.pkce = parameters.has('code_verifier')
  if (hasSession(client)) {
    // A native app has no cookie to keep the rest in: it signs in by `/login`.
    if (client.application_type === 'native') throw new ProxyError('delivery_refused')
    if (headers.dpop !== undefined) throw new ProxyError('parameter_unsupported', { parameter: 'DPoP' })
    // Before the code is spent: without a key there is no session to begin.
    await deps.seals.toSeal('session', client)
  }
  const dpop = readProof(headers.dpop, client.as.token_endpoint)
  if (parameters.has('refresh_token') && client.refresh === 'dpop' && dpop === undefined) {
    throw new ProxyError('dpop_missing')
  }
  const run = async () => {
    const { tokens, claims, answer } = await exchange(call, { client, parameters, dpop })
    const given = forTheApp(tokens, client)
    record.outcome = 'tokens'
    if (hasSession(client)) {
      const scope = parameters.get('scope') ?? undefined
      const now_s = Math.floor(deps.now() / 1000)
      await keep(
        call,
        client,
        newSession(tokens, claims, { scope, lifetime: client.session_lifetime, now_s }),
      )
    } else if (given !== tokens) {
      record.withheld = true
      if (client.revoke_withheld) await revokeTokens(call, client, tokens)
    }
    return jsonReply(200, given, nonceHeader(nonceOf(answer)))
  }
  const device_code = parameters.get('device_code')
  return device_code === null ? run() : paced(deps.polls, device_code, run)
}
