import type { AuthorizationServer, Client } from '../lib/config/client.ts'
import { findClient } from '../lib/config/registrations.ts'
import { inForce } from '../lib/config/source.ts'
import { ProxyError } from '../lib/errors.ts'
import { requireOrigin } from '../lib/http/cors.ts'
import { refuseMisuse, single } from '../lib/oauth/parameters.ts'
import type { ReadyCall } from './call.ts'

/** The client that a request is for, once it is known that it may be used from there and now. Every check is free. */
export function clientOf({ form, headers, configuration, record }: ReadyCall): Client {
  refuseMisuse(form, headers)
  const client = findClient(inForce(configuration), single(form, 'client_id'))
  record.client_id = client.client_id
  requireOrigin(headers.origin, client)
  if (!client.enabled) throw new ProxyError('client_disabled')
  return client
}

/** One of the provider's endpoints, where the client's registration has it. */
export function endpointOf(
  { as }: Client,
  name: Exclude<keyof AuthorizationServer, 'issuer' | 'token_endpoint'>,
): string {
  const endpoint = as[name]
  if (endpoint === undefined) throw new ProxyError('endpoint_missing')
  return endpoint
}
