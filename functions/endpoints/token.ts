import { findClient } from '../../lib/config/registrations.ts'
import { inForce } from '../../lib/config/source.ts'
import { ProxyError } from '../../lib/errors.ts'
import { requireOrigin } from '../../lib/http/cors.ts'
import { jsonReply } from '../../lib/http/reply.ts'
import { checkIdToken } from '../../lib/oauth/id-token.ts'
import { codeParameters, refuseMisuse, single } from '../../lib/oauth/parameters.ts'
import { exchangeCode, readTokenResponse } from '../../lib/oauth/token.ts'
import type { Endpoint } from '../call.ts'
import { upstream } from '../upstream.ts'

/** `POST /token` (RFC 6749 section 3.2): every check that is free, then one signature, then one request. */
export const token: Endpoint = async call => {
  const { form, headers, configuration, record, deps } = call
  refuseMisuse(form, headers)
  const client = findClient(inForce(configuration), single(form, 'client_id'))
  record.client_id = client.client_id
  requireOrigin(headers.origin, client)
  if (!client.enabled) throw new ProxyError('client_disabled')
  const parameters = codeParameters(form, client)
  record.grant_type = 'authorization_code'
  record.pkce = parameters.has('code_verifier')

  const keys = deps.keysFor(client)
  const { authenticate, post } = await upstream(call, client, client.as.token_endpoint, () => keys?.renew())
  const answer = await exchangeCode(client, authenticate, parameters, post)
  record.upstream_status = answer.status
  const tokens = readTokenResponse(answer, client)
  const code = parameters.get('code') ?? undefined
  if (keys) await checkIdToken(tokens, client, keys, { code, now: deps.now() })
  record.outcome = 'tokens'
  return jsonReply(200, tokens)
}
