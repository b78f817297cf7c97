import type { AuthorizationServer } from '../lib/config/client.ts'
import { type Client, hasSession, type SessionClient } from '../lib/config/client.ts'
import { findClient } from '../lib/config/registrations.ts'
import { inForce } from '../lib/config/source.ts'
import { ProxyError } from '../lib/errors.ts'
import { requireOrigin } from '../lib/http/cors.ts'
import { requireNavigation, requireOwnPage } from '../lib/http/csrf.ts'
import type { Form } from '../lib/http/form.ts'
import { refuseMisuse, single } from '../lib/oauth/parameters.ts'
import type { PageCall, ReadyCall } from './call.ts'

type Delivery = Client['delivery']

/**
 * The client that a request is for, once it is known that it may be used from there and now. Every check is free.
 *
 * @param deliveries those that the route is for
 */
export function clientOf(call: ReadyCall, ...deliveries: Delivery[]): Client {
  const { form, headers } = call
  refuseMisuse(form, headers)
  const client = named(call, form)
  requireOrigin(headers.origin, client)
  requireUsable(client, deliveries)
  // What sets a cookie is as good a target as what is authenticated by one: a page that signs its visitor in as somebody else.
  if (hasSession(client) && headers.origin !== undefined) requireOwnPage(headers)
  return client
}

/** The same where a session speaks for the user: a browser by its cookie, a native app by its handle, and nobody by both. */
export function sessionClientOf(call: ReadyCall, { evenDisabled = false } = {}): SessionClient {
  const { form, headers, cookies } = call
  const { authorization, ...others } = headers
  refuseMisuse(form, others)
  const client = named(call, form)
  requireOrigin(headers.origin, client)
  requireUsable(evenDisabled ? { ...client, enabled: true } : client, BY_SESSION)
  const foreign =
    client.application_type === 'native'
      ? cookies.length > 0 && 'Cookie'
      : authorization !== undefined && 'Authorization'
  if (foreign) throw new ProxyError('parameter_unsupported', { parameter: foreign })
  // RFC 10017 leaves sender-constrained tokens out of these patterns: the proof's key is in the page, the tokens are not.
  if (headers.dpop !== undefined) throw new ProxyError('parameter_unsupported', { parameter: 'DPoP' })
  return client as SessionClient
}

/**
 * The client whose sign-in a navigation begins. Navigations have no Origin. One that a native app begins comes from another
 * site to some browsers; and to begin it gains nobody anything, since its ticket goes to the app and fits no other challenge.
 */
export function pageClientOf(call: PageCall, query: Form): SessionClient {
  refuseMisuse(query, {})
  const client = named(call, query)
  requireUsable(client, BY_SESSION)
  requireNavigation(call.headers, { fromOtherSites: client.application_type === 'native' })
  return client as SessionClient
}

const BY_SESSION: readonly Delivery[] = ['mediated', 'session']

function named({ configuration, record }: PageCall, form: Form): Client {
  const client = findClient(inForce(configuration), single(form, 'client_id'))
  record.client_id = client.client_id
  return client
}

function requireUsable(client: Client, deliveries: readonly Delivery[]): void {
  if (!client.enabled) throw new ProxyError('client_disabled')
  if (!deliveries.includes(client.delivery)) throw new ProxyError('delivery_refused')
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
