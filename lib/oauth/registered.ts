import type { Client } from '../config/client.ts'
import { ProxyError } from '../errors.ts'
import type { Form } from '../http/form.ts'
import { REPEATABLE, required, single } from './parameters.ts'

// What a client may ask for, as its registration says. Every check is free, and throws ProxyError.

/** RFC 6749 section 3.3: scope tokens, one space between them. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/
/** RFC 8707 section 2: an absolute URI without a fragment, in RFC 3986's characters; a URL parser forgives others. */
const RESOURCE = /^[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9._~:/?[\]@!$&'()*+,;=%-]+$/
/** RFC 8252 section 7.3: http on a loopback IP literal, whose port the app has from the system at the time of the request. */
const LOOPBACK = /^(http:\/\/(?:127\.0\.0\.1|\[::1\]))(?::[1-9]\d{0,4})?(?=\/|\?|$)/

/** The redirect_uri of the request, if it is one of the client's. */
export function registeredRedirectUri(form: Form, client: Client): string {
  const redirect_uri = required(form, 'redirect_uri')
  if (!isRegistered(redirect_uri, client)) throw new ProxyError('redirect_uri_refused')
  return redirect_uri
}

/** RFC 9700 section 4.1.3: exact string comparison, nothing normalised. */
export function isRegistered(redirect_uri: string, { redirect_uris, application_type }: Client): boolean {
  const native = application_type === 'native'
  return redirect_uris.some(uri => uri === redirect_uri || (native && isSameLoopback(uri, redirect_uri)))
}

function isSameLoopback(registered: string, sent: string): boolean {
  return (
    LOOPBACK.test(registered) &&
    URL.canParse(sent) &&
    registered.replace(LOOPBACK, '$1') === sent.replace(LOOPBACK, '$1')
  )
}

/** The scope of the request, which can only be less than the client's; undefined where none is asked for. */
export function narrowedScope(form: Form, client: Client): string | undefined {
  const scope = single(form, 'scope')
  if (scope === undefined) return undefined
  if (!SCOPE.test(scope)) throw new ProxyError('parameter_malformed', { parameter: 'scope' })
  const allowed = client.scope
  if (allowed && !scope.split(' ').every(token => allowed.includes(token)))
    throw new ProxyError('scope_refused')
  return scope
}

/** The resources that the request names (RFC 8707), if the client may name them. */
function allowedResources(form: Form, client: Client): readonly string[] {
  const resources = form.get(REPEATABLE) ?? []
  for (const resource of resources) {
    if (!RESOURCE.test(resource)) throw new ProxyError('parameter_malformed', { parameter: REPEATABLE })
    if (client.resource && !client.resource.includes(resource)) throw new ProxyError('resource_refused')
  }
  return resources
}

/** Scope and resources of the request, added to what goes to the provider. */
export function addLimits(parameters: URLSearchParams, form: Form, client: Client): URLSearchParams {
  const scope = narrowedScope(form, client)
  if (scope !== undefined) parameters.set('scope', scope)
  for (const resource of allowedResources(form, client)) parameters.append('resource', resource)
  return parameters
}
