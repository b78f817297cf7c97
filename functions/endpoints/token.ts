import { ProxyError } from '../../lib/errors.ts'
import { jsonReply } from '../../lib/http/reply.ts'
import { nonceHeader, nonceOf, readProof } from '../../lib/oauth/dpop.ts'
import { tokenParameters } from '../../lib/oauth/grants.ts'
import { checkIdToken } from '../../lib/oauth/id-token.ts'
import { forTheApp, readTokenResponse, rotation } from '../../lib/oauth/token.ts'
import type { Endpoint } from '../call.ts'
import { clientOf } from '../client.ts'
import { paced } from '../paced.ts'
import { timed } from '../timed.ts'
import { send } from '../upstream.ts'

/** `POST /token` (RFC 6749 section 3.2): every check that is free, then one signature, then one request. */
export const token: Endpoint = async call => {
  const { form, headers, record, deps } = call
  const client = clientOf(call)
  const parameters = tokenParameters(form, client)
  const grant_type = parameters.get('grant_type') as string
  record.grant_type = grant_type
  if (grant_type === 'authorization_code') record.pkce = parameters.has('code_verifier')
  const endpoint = client.as.token_endpoint
  const dpop = readProof(headers.dpop, endpoint)
  const refresh_token = parameters.get('refresh_token')
  if (refresh_token !== null && client.refresh === 'dpop' && dpop === undefined) {
    throw new ProxyError('dpop_missing')
  }
  const keys = deps.keysFor(client)
  const exchange = async () => {
    const answer = await send(call, { client, endpoint, parameters, dpop, onSent: () => keys?.renew() })
    const tokens = readTokenResponse(answer, { proof: dpop !== undefined, members: client.response_members })
    const code = parameters.get('code') ?? undefined
    const check = timed(record, 'id_token_ms', checkIdToken)
    if (keys && tokens.id_token !== undefined) await check(tokens, client, keys, { code, now: deps.now() })
    if (refresh_token !== null) record.rotation = rotation(refresh_token, tokens)
    const given = forTheApp(tokens, client)
    if (given !== tokens) record.withheld = true
    record.outcome = 'tokens'
    return jsonReply(200, given, nonceHeader(nonceOf(answer)))
  }
  const device_code = parameters.get('device_code')
  return device_code === null ? exchange() : paced(deps.polls, device_code, exchange)
}
