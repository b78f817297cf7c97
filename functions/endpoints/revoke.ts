import { emptyReply } from '../../lib/http/reply.ts'
import { readRevocationResponse, revocationParameters } from '../../lib/oauth/revocation.ts'
import type { Endpoint } from '../call.ts'
import { clientOf, endpointOf } from '../client.ts'
import { sendRepeatable } from '../upstream.ts'

/** `POST /revoke` (RFC 7009). */
export const revoke: Endpoint = async call => {
  const client = clientOf(call, 'tokens', 'mediated', 'session')
  const endpoint = endpointOf(client, 'revocation_endpoint')
  const parameters = revocationParameters(call.form)
  readRevocationResponse(await sendRepeatable(call, { client, endpoint, parameters }))
  call.record.outcome = 'revoked'
  return emptyReply(200)
}
