import * as v from 'valibot'
import { SESSION_LIFETIME_MAX_S, SESSION_LIFETIME_MIN_S, SESSION_LIFETIME_S } from '../limits.ts'
import type { ApiRoute } from './client.ts'
import { list, type Raw, text } from './members.ts'
import { nativeRedirectProblem, publicUrlProblem, webRedirectProblem } from './urls.ts'

const COOKIES_ONLY = 'is for the deliveries "mediated" and "session"'
const SESSION_ONLY = 'is for the delivery "session"'
const TOKENS_ONLY = 'is for the delivery "tokens": in the others no refresh token is withheld'
const LIFETIME = `must be a whole number of seconds from ${SESSION_LIFETIME_MIN_S} to ${SESSION_LIFETIME_MAX_S}`

const absent = (message: string) => v.exactOptional(v.never(message))

/** The members of a client that depend on its delivery. In the other ones they would be a promise that nobody keeps. */
export function sessionMembers({ delivery, application_type }: Raw, onLambda: boolean) {
  const cookie = delivery === 'mediated' || delivery === 'session'
  const native = application_type === 'native'
  const uris = v.array(text(uri => (native ? nativeRedirectProblem(uri) : webRedirectProblem(uri, onLambda))))
  return {
    public_url: cookie ? text(url => publicUrlProblem(url, onLambda)) : absent(COOKIES_ONLY),
    session_lifetime: cookie ? v.optional(lifetime, SESSION_LIFETIME_S) : absent(COOKIES_ONLY),
    post_logout_redirect_uris: cookie ? v.optional(uris, []) : absent(COOKIES_ONLY),
    api_routes: delivery === 'session' ? apiRoutes : absent(SESSION_ONLY),
    revoke_withheld: cookie ? absent(TOKENS_ONLY) : v.optional(v.boolean(), false),
  }
}

const lifetime = v.pipe(
  v.number(LIFETIME),
  v.check(s => Number.isInteger(s) && s >= SESSION_LIFETIME_MIN_S && s <= SESSION_LIFETIME_MAX_S, LIFETIME),
)

// Nothing is forwarded that is not named (RFC 10017, on proxying requests): also everything is said by a line of its own.
const apiRoutes = list(text(apiRouteProblem), routes =>
  routes.length > 0 ? undefined : 'must not be empty: nothing else of the API can be called',
)

const METHODS = ['*', 'GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']
/** RFC 3986 section 3.3, without percent-encoding, which has more than one spelling. */
const SEGMENT = /^[A-Za-z0-9._~!$&'()+,;=:@-]+$/

function apiRouteProblem(text: string): string | undefined {
  const { method, path } = toApiRoute(text)
  if (!METHODS.includes(method)) return `must begin with a method, one of ${METHODS.join(' ')}, and a space`
  const segments = path.split('/').slice(1)
  const plain = segments.every(segment => SEGMENT.test(segment) && segment !== '.' && segment !== '..')
  // `/*` is the whole of the API. Its root alone cannot be called: what stands behind `/api/` is never empty.
  const fits = (path === '' && text.endsWith(' /*')) || (path.startsWith('/') && plain)
  return fits ? undefined : 'must have a plain path after the method, such as /orders or /orders/*'
}

/** `GET /orders`, or `GET /orders/*` for everything beneath. */
export function toApiRoute(text: string): ApiRoute {
  const space = text.indexOf(' ')
  const path = text.slice(space + 1)
  const beneath = path.endsWith('/*')
  return { method: text.slice(0, Math.max(space, 0)), path: beneath ? path.slice(0, -2) : path, beneath }
}
