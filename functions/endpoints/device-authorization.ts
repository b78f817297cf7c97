import { jsonReply } from '../../lib/http/reply.ts'
import { deviceParameters, readDeviceResponse } from '../../lib/oauth/device.ts'
import type { Endpoint } from '../call.ts'
import { clientOf, endpointOf } from '../client.ts'
import { sendRepeatable } from '../upstream.ts'

/** `POST /device_authorization` (RFC 8628 section 3.1), for clients whose registration has that grant. */
export const deviceAuthorization: Endpoint = async call => {
  const client = clientOf(call, 'tokens')
  const parameters = deviceParameters(call.form, client)
  const endpoint = endpointOf(client, 'device_authorization_endpoint')
  const started = readDeviceResponse(await sendRepeatable(call, { client, endpoint, parameters }))
  call.deps.polls.name(started.device_code, started.interval)
  call.record.outcome = 'device_started'
  return jsonReply(200, started)
}
