import type { Client } from '../config/client.ts'
import { ProxyError } from '../errors.ts'
import type { Form } from '../http/form.ts'

/** RFC 6749 appendix A.11 and A.1: a code and a client_id are visible characters and spaces. */
const VSCHARS = /^[\x20-\x7e]+$/
/** RFC 7636 section 4.1: 43 to 128 characters of the unreserved set. */
const CODE_VERIFIER = /^[A-Za-z0-9\-._~]{43,128}$/
/** RFC 6749 section 3.3: scope tokens, one space between them. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/
/** RFC 8707 section 2: an absolute URI without a fragment, in RFC 3986's characters; a URL parser forgives others. */
const RESOURCE = /^[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9._~:/?[\]@!$&'()*+,;=%-]+$/

/**
 * What authenticates the client is ours to add. A caller that brings some of it (RFC 6749 section 2.3: one method
 * and no more) is confused or is trying to have an assertion of its own sent on.
 */
const CREDENTIALS = ['client_secret', 'client_assertion', 'client_assertion_type'] as const

/** RFC 8707 section 2: the one parameter of a token request that may stand there several times. */
const REPEATABLE = 'resource'

const NAMED_IN_ERRORS: ReadonlySet<string> = new Set([
  ...CREDENTIALS,
  'client_id',
  'code',
  'code_verifier',
  'grant_type',
  'redirect_uri',
  'scope',
])

/**
 * Refuses what no token request may hold, whoever the client is: a second authentication of the client (requirement
 * IN-6) and repeated parameters (RFC 6749 section 3.2). Throws ProxyError `parameter_refused`, `dpop_refused` or
 * `parameter_repeated`.
 */
export function refuseMisuse(form: Form, headers: Readonly<Record<string, string | undefined>>): void {
  if (headers.authorization !== undefined)
    throw new ProxyError('parameter_refused', { parameter: 'Authorization' })
  // To drop a proof in silence would give a bearer token to an app that believes its token bound to a key.
  if (headers.dpop !== undefined) throw new ProxyError('dpop_refused')
  for (const parameter of CREDENTIALS) {
    if (form.has(parameter)) throw new ProxyError('parameter_refused', { parameter })
  }
  for (const [name, values] of form) {
    if (values.length > 1 && name !== REPEATABLE) {
      // An unknown name is the caller's own text and is not repeated to it.
      throw new ProxyError('parameter_repeated', NAMED_IN_ERRORS.has(name) ? { parameter: name } : {})
    }
  }
}

/** The value of a parameter that stands there at most once. */
export function single(form: Form, name: string): string | undefined {
  return form.get(name)?.[0]
}

/**
 * The parameters of an authorization code exchange (RFC 6749 section 4.1.3, RFC 7636 section 4.5, RFC 8707 section
 * 2.2) as they go to the provider: these and no others. Throws ProxyError; every check is free.
 */
export function codeParameters(form: Form, client: Client): URLSearchParams {
  requireGrant(form, client)
  const code = required(form, 'code')
  if (!VSCHARS.test(code)) throw new ProxyError('parameter_malformed', { parameter: 'code' })

  const redirect_uri = required(form, 'redirect_uri')
  // RFC 9700 section 4.1.3: exact string comparison, nothing normalised.
  if (!client.redirect_uris.includes(redirect_uri)) throw new ProxyError('redirect_uri_refused')

  const parameters = new URLSearchParams({ grant_type: 'authorization_code', code, redirect_uri })
  const code_verifier = verifier(form, client)
  if (code_verifier !== undefined) parameters.set('code_verifier', code_verifier)
  const scope = narrowedScope(form, client)
  if (scope !== undefined) parameters.set('scope', scope)
  for (const resource of allowedResources(form, client)) parameters.append('resource', resource)
  return parameters
}

// RFC 6749 section 4.4 and its like hand a confidential client's own rights to whoever asks: an anonymous caller must
// never reach them, so the grants are named in code and the configuration can only take away.
function requireGrant(form: Form, client: Client): void {
  const grant_type = single(form, 'grant_type')
  if (grant_type === undefined) throw new ProxyError('parameter_missing', { parameter: 'grant_type' })
  if (grant_type !== 'authorization_code' || !client.grant_types.includes(grant_type)) {
    throw new ProxyError('grant_refused')
  }
}

function verifier(form: Form, client: Client): string | undefined {
  const code_verifier = single(form, 'code_verifier')
  if (code_verifier === undefined) {
    if (client.require_pkce) throw new ProxyError('parameter_missing', { parameter: 'code_verifier' })
    return undefined
  }
  if (!CODE_VERIFIER.test(code_verifier))
    throw new ProxyError('parameter_malformed', { parameter: 'code_verifier' })
  return code_verifier
}

function narrowedScope(form: Form, client: Client): string | undefined {
  const scope = single(form, 'scope')
  if (scope === undefined) return undefined
  if (!SCOPE.test(scope)) throw new ProxyError('parameter_malformed', { parameter: 'scope' })
  const allowed = client.scope
  if (allowed && !scope.split(' ').every(token => allowed.includes(token)))
    throw new ProxyError('scope_refused')
  return scope
}

function allowedResources(form: Form, client: Client): readonly string[] {
  const resources = form.get(REPEATABLE) ?? []
  for (const resource of resources) {
    if (!RESOURCE.test(resource)) throw new ProxyError('parameter_malformed', { parameter: REPEATABLE })
    if (client.resource && !client.resource.includes(resource)) throw new ProxyError('resource_refused')
  }
  return resources
}

function required(form: Form, parameter: string): string {
  const value = single(form, parameter)
  if (value === undefined) throw new ProxyError('parameter_missing', { parameter })
  return value
}
