import { findClient } from '../../lib/config/registrations.ts'
import { inForce } from '../../lib/config/source.ts'
import { ProxyError } from '../../lib/errors.ts'
import { requireOrigin } from '../../lib/http/cors.ts'
import { jsonReply } from '../../lib/http/reply.ts'
import { privateKeyJwt } from '../../lib/oauth/client-auth.ts'
import { audience } from '../../lib/oauth/endpoint.ts'
import { codeParameters, refuseMisuse, single } from '../../lib/oauth/parameters.ts'
import { exchangeCode, readTokenResponse } from '../../lib/oauth/token.ts'
import type { Endpoint } from '../call.ts'
import { timed } from '../timed.ts'

/** `POST /token` (RFC 6749 section 3.2): every check that is free, then one signature, then one request. */
export const token: Endpoint = async ({ form, headers, configuration, deps, record }) => {
  refuseMisuse(form, headers)
  const client = findClient(inForce(configuration), single(form, 'client_id'))
  record.client_id = client.client_id
  requireOrigin(headers.origin, client)
  if (!client.enabled) throw new ProxyError('client_disabled')
  const parameters = codeParameters(form, client)
  record.grant_type = 'authorization_code'
  record.pkce = parameters.has('code_verifier')

  const endpoint = client.as.token_endpoint
  const signer = await deps.signerFor(client.signing_key)
  record.kid = signer.kid
  const authenticate = privateKeyJwt(signer, {
    ...client.assertion,
    aud: audience(client.assertion.aud, client.as, endpoint),
    now: deps.now,
    randomId: deps.randomId,
    onSigned({ jti, kms_request_id }) {
      record.jti = jti
      if (kms_request_id !== undefined) record.kms_request_id = kms_request_id
    },
  })
  const answer = await exchangeCode(
    client,
    timed(record, 'kms_ms', authenticate),
    parameters,
    timed(record, 'provider_ms', deps.post),
  )
  record.upstream_status = answer.status
  const tokens = readTokenResponse(answer, client)
  record.outcome = 'tokens'
  return jsonReply(200, tokens)
}
