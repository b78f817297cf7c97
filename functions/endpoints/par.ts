import { jsonReply } from '../../lib/http/reply.ts'
import { nonceHeader, nonceOf, readProof } from '../../lib/oauth/dpop.ts'
import { parParameters, readParResponse } from '../../lib/oauth/par.ts'
import type { Endpoint } from '../call.ts'
import { clientOf, endpointOf } from '../client.ts'
import { sendRepeatable } from '../upstream.ts'

/** `POST /par` (RFC 9126): the authorization request, checked here before the browser goes anywhere with it. */
export const par: Endpoint = async call => {
  const client = clientOf(call, 'tokens', 'mediated')
  const endpoint = endpointOf(client, 'pushed_authorization_request_endpoint')
  const parameters = parParameters(call.form, client)
  const dpop = readProof(call.headers.dpop, endpoint)
  const answer = await sendRepeatable(call, { client, endpoint, parameters, dpop })
  const pushed = readParResponse(answer)
  call.record.outcome = 'pushed'
  return jsonReply(201, pushed, nonceHeader(nonceOf(answer)))
}
