import type { Client } from '../config/client.ts'
import { coded, ProxyError } from '../errors.ts'
import type { Form } from '../http/form.ts'
import { RETURN_TO_MAX } from '../limits.ts'
import { S256_CHALLENGE } from './par.ts'
import { opaque, required, single } from './parameters.ts'
import { isRegistered, narrowedScope } from './registered.ts'

// The authorization request where it is made here, and its answer.

/** What `/login` passes on of its own query (OpenID Connect Core 3.1.2.1). */
const PASSED = ['prompt', 'max_age', 'ui_locales', 'login_hint', 'acr_values', 'display'] as const

/** What ties the answer to the browser that began. */
export interface Binding {
  state: string
  nonce: string
  /** RFC 7636 section 4.2, of a verifier that stays here. */
  code_challenge: string
  redirect_uri: string
}

/** The authorization request (OpenID Connect Core 3.1.2.1, RFC 7636 section 4.3). Throws ProxyError. */
export function authorizationParameters(query: Form, client: Client, binding: Binding): URLSearchParams {
  const scope = narrowedScope(query, client)?.split(' ') ?? client.scope ?? ['openid']
  const parameters = new URLSearchParams({
    response_type: 'code',
    ...binding,
    code_challenge_method: 'S256',
    // A set, which a caller could otherwise make as long as it likes.
    scope: [...new Set(scope)].join(' '),
  })
  for (const name of PASSED) {
    const value = single(query, name)
    if (value === undefined) continue
    if (name === 'max_age' && !/^\d{1,9}$/.test(value)) {
      throw new ProxyError('parameter_malformed', { parameter: 'max_age' })
    }
    parameters.set(name, value)
  }
  for (const resource of client.resource ?? []) parameters.append('resource', resource)
  return parameters
}

/**
 * Where the browser goes when the sign-in is over. For a web app one of its own pages: a path, or an absolute URL, of an
 * allowed origin. For a native one an address of the app, to the letter. Throws ProxyError `return_to_refused`, or
 * `parameter_missing` for a native app.
 */
export function returnTo(query: Form, client: Client): string {
  if (client.application_type === 'native') {
    const uri = required(query, 'return_to')
    if (!isRegistered(uri, client)) throw new ProxyError('return_to_refused')
    return uri
  }
  const [home] = client.allowed_origins
  const text = single(query, 'return_to') ?? '/'
  // As it is read is as it is sent: nothing of the text itself goes into the header. A backslash is a slash to a browser, and
  // two of them begin a host; the parser knows that, and so its origin is looked at and not the text.
  if (text.length > RETURN_TO_MAX || !URL.canParse(text, home)) throw new ProxyError('return_to_refused')
  const url = new URL(text, home)
  // A blob: or filesystem: URL has the origin that it was made by.
  const plain = /^https?:$/.test(url.protocol) && url.username === '' && url.password === ''
  if (!plain || !client.allowed_origins.includes(url.origin)) {
    throw new ProxyError('return_to_refused')
  }
  return url.href
}

/** That address with more in its query: what became of the sign-in. */
export function withQuery(address: string, more: Record<string, string> | [string, string][]): string {
  const [before = '', ...fragment] = address.split('#')
  const added = `${before}${before.includes('?') ? '&' : '?'}${new URLSearchParams(more)}`
  return [added, ...fragment].join('#')
}

/** OpenID Connect Core 3.1.2.6, RFC 6749 section 4.1.2.1: what an app may be told of a sign-in that ended without a code. */
const PASSED_ON: ReadonlySet<string> = new Set([
  'access_denied',
  'account_selection_required',
  'consent_required',
  'interaction_required',
  'invalid_request',
  'invalid_scope',
  'login_required',
  'server_error',
  'temporarily_unavailable',
  'unmet_authentication_requirements',
])

/**
 * The code of an authorization response, once it is known to be the answer to our own request: `state` has been compared.
 * Throws ProxyError `issuer_mismatch` (RFC 9207 section 2.4) or `authorization_refused`.
 */
export function readAuthorizationResponse(query: Form, client: Client): string {
  for (const [parameter, values] of query) {
    if (values.length > 1)
      throw new ProxyError('parameter_repeated', NAMED.has(parameter) ? { parameter } : {})
  }
  const iss = single(query, 'iss')
  if (iss === undefined ? client.authorization_response_iss_parameter_supported : iss !== client.as.issuer) {
    throw new ProxyError('issuer_mismatch')
  }
  const error = single(query, 'error')
  if (error !== undefined) {
    const known = PASSED_ON.has(error)
    throw new ProxyError('authorization_refused', {
      upstream: { status: 303, error: known ? error : 'server_error' },
      ...(!known && { cause: coded('UNKNOWN_ERROR') }),
    })
  }
  return opaque(query, 'code')
}

const NAMED: ReadonlySet<string> = new Set(['code', 'state', 'iss', 'error'])

/** RFC 7636 section 4.2, in the query of `/login`: a native app's own. Throws ProxyError. */
export function appChallenge(query: Form): string {
  const challenge = required(query, 'code_challenge')
  if (!S256_CHALLENGE.test(challenge)) {
    throw new ProxyError('parameter_malformed', { parameter: 'code_challenge' })
  }
  if (required(query, 'code_challenge_method') !== 'S256') {
    throw new ProxyError('parameter_malformed', { parameter: 'code_challenge_method' })
  }
  return challenge
}

/**
 * Where the browser ends the session at the provider (OpenID Connect RP-Initiated Logout section 2); undefined where the
 * provider has no such page. By `client_id`: the ID token is not kept. Throws ProxyError.
 */
export function logoutUrl(form: Form, client: Client): string | undefined {
  const post_logout_redirect_uri = single(form, 'post_logout_redirect_uri')
  if (
    post_logout_redirect_uri !== undefined &&
    !client.post_logout_redirect_uris.includes(post_logout_redirect_uri)
  ) {
    throw new ProxyError('redirect_uri_refused')
  }
  const state = form.has('state') ? opaque(form, 'state') : undefined
  const endpoint = client.as.end_session_endpoint
  if (endpoint === undefined) return undefined
  return withQuery(endpoint, {
    client_id: client.client_id,
    ...(post_logout_redirect_uri !== undefined && { post_logout_redirect_uri }),
    ...(state !== undefined && { state }),
  })
}
