import { hasSession, type SessionClient } from '../../lib/config/client.ts'
import { inForce } from '../../lib/config/source.ts'
import { ProxyError } from '../../lib/errors.ts'
import { hasOverride, permits } from '../../lib/http/api-routes.ts'
import { requireOwnPage } from '../../lib/http/csrf.ts'
import type { SessionReader } from '../../lib/reader.ts'
import { partsOf, readCookie, sessionCookie, tagOf } from '../../lib/session/cookies.ts'
import { readHandle } from '../../lib/session/handle.ts'
import { open } from '../../lib/session/seal.ts'
import { accessLeft, type Session } from '../../lib/session/session.ts'
import type { Call } from '../call.ts'

/** The access token for one request. Throws ProxyError; every check is free. */
export async function authorize(
  call: Call,
  path: string,
  { configuration, seals, now }: SessionReader,
): Promise<string> {
  const { clients } = inForce(await configuration())
  const client = clientOf(call, clients.filter(hasSession))
  call.record.client_id = client.client_id
  if (!client.enabled) throw new ProxyError('client_disabled')
  if (!permits(client.api_routes, call.method, path)) throw new ProxyError('api_route_refused')
  if (hasOverride(call.headers)) throw new ProxyError('api_route_refused')
  const now_s = Math.floor(now() / 1000)
  const native = client.application_type === 'native'
  const sealed = native
    ? readHandle(call.headers.authorization)?.sealed
    : readCookie(call.cookies, sessionCookie(client.client_id))
  const session = sealed && (await open<Session>(seals, native ? 'handle' : 'session', client, sealed, now_s))
  if (!session) throw new ProxyError('session_unreadable')
  // Refreshing writes a cookie, which an authorizer cannot: the app asks `/session`, and comes again.
  if ((accessLeft(session, now_s) ?? 1) <= 0) throw new ProxyError('session_ended')
  return session.access_token
}

/**
 * Whose session it is: of a browser by its Origin and cookie, of a native app by the tag of its handle. A same-origin GET has
 * no Origin; the browser then says that it is one.
 */
function clientOf({ headers, cookies }: Call, all: readonly SessionClient[]): SessionClient {
  const handle = readHandle(headers.authorization)
  const { origin, 'sec-fetch-site': site } = headers
  if (handle) {
    if (origin !== undefined || cookies.length > 0) throw new ProxyError('origin_refused')
    const client = all.find(
      ({ client_id, application_type }) => application_type === 'native' && tagOf(client_id) === handle.tag,
    )
    if (!client) throw new ProxyError('session_missing')
    return forApis(client)
  }
  const from = origin ?? (site === 'same-origin' ? site : undefined)
  if (from === undefined) {
    // Some other bearer token: an app, and not signed in.
    throw new ProxyError(headers.authorization === undefined ? 'origin_missing' : 'session_missing')
  }
  const allowed = all.filter(({ allowed_origins, public_url }) =>
    allowed_origins.includes(origin ?? public_url),
  )
  if (allowed.length === 0) throw new ProxyError('origin_refused')
  requireOwnPage(headers)
  const withCookie = allowed.filter(
    client =>
      client.delivery === 'session' &&
      client.enabled &&
      partsOf(cookies, sessionCookie(client.client_id)).length > 0,
  )
  if (withCookie.length === 0) throw new ProxyError('session_missing')
  // Two apps of one origin, both signed in: nobody can say whose request it is.
  if (withCookie.length > 1) throw new ProxyError('parameter_missing', { parameter: 'client_id' })
  return withCookie[0]!
}

/** In the delivery `mediated` the app has its access token, and calls the API by itself. */
function forApis(client: SessionClient): SessionClient {
  if (client.delivery !== 'session') throw new ProxyError('delivery_refused')
  return client
}
