import type { Client } from '../config/client.ts'
import { coded, ProxyError } from '../errors.ts'
import type { Form } from '../http/form.ts'
import type { Answer } from '../http/post.ts'
import { readErrorResponse, readJsonObject } from './error-response.ts'
import { required, single } from './parameters.ts'
import { addLimits, registeredRedirectUri } from './registered.ts'

/**
 * What an authorization request may hold beside what is checked below: OpenID Connect Core 3.1.2.1 and 5, OAuth
 * multiple response types 2.1, RFC 9396 section 2, RFC 9449 section 10. All else stays behind.
 */
const PASSED = [
  'state',
  'nonce',
  'response_mode',
  'display',
  'prompt',
  'max_age',
  'ui_locales',
  'claims_locales',
  'id_token_hint',
  'login_hint',
  'acr_values',
  'claims',
  'authorization_details',
  'dpop_jkt',
] as const

/** RFC 7636 section 4.2: the base64url of a SHA-256. */
export const S256_CHALLENGE = /^[A-Za-z0-9_-]{43}$/

/** The parameters of a pushed authorization request (RFC 9126 section 2.1) as they go to the provider. Throws ProxyError. */
export function parParameters(form: Form, client: Client): URLSearchParams {
  // RFC 9126 section 2.1: a request_uri MUST NOT be provided here. A request object would carry parameters past these checks.
  for (const parameter of ['request_uri', 'request']) {
    if (form.has(parameter)) throw new ProxyError('parameter_unsupported', { parameter })
  }
  // Nothing but the code flow: whatever else there is puts tokens into URLs (RFC 9700 section 2.1.2).
  if (required(form, 'response_type') !== 'code') throw new ProxyError('response_type_refused')
  const parameters = new URLSearchParams({
    response_type: 'code',
    redirect_uri: registeredRedirectUri(form, client),
  })
  for (const [name, value] of Object.entries(challenge(form, client))) parameters.set(name, value)
  for (const name of PASSED) {
    const value = single(form, name)
    if (value !== undefined) parameters.set(name, value)
  }
  return addLimits(parameters, form, client)
}

function challenge(form: Form, client: Client): Record<string, string> {
  const code_challenge = single(form, 'code_challenge')
  const method = single(form, 'code_challenge_method')
  if (code_challenge === undefined && method === undefined && !client.require_pkce) return {}
  if (!S256_CHALLENGE.test(required(form, 'code_challenge')))
    throw new ProxyError('parameter_malformed', { parameter: 'code_challenge' })
  // RFC 7636 section 4.3: left out it means `plain`, with which the verifier itself travels through the browser.
  if (required(form, 'code_challenge_method') !== 'S256')
    throw new ProxyError('parameter_malformed', { parameter: 'code_challenge_method' })
  return { code_challenge: code_challenge as string, code_challenge_method: 'S256' }
}

/** RFC 9126 section 2.2: 201 with a request_uri and its life in seconds. Throws ProxyError. */
export function readParResponse(answer: Answer): { request_uri: string; expires_in: number } {
  const { status } = answer
  if (status !== 201) throw readErrorResponse(answer)
  const { request_uri, expires_in } = readJsonObject(answer) ?? {}
  if (
    typeof request_uri !== 'string' ||
    request_uri === '' ||
    !(typeof expires_in === 'number' && Number.isFinite(expires_in) && expires_in > 0)
  ) {
    throw new ProxyError('upstream_malformed', { upstream: { status }, cause: coded('NO_REQUEST_URI') })
  }
  return { request_uri, expires_in }
}
