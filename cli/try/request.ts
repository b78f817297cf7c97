import { createHash, randomBytes } from 'node:crypto'
import type { Client } from '../../lib/config/client.ts'
import { Failure } from '../failure.ts'

/** What is kept from the request until its answer comes. */
export interface Started {
  url: string
  redirect_uri: string
  scope: string
  state: string
  nonce: string
  code_verifier: string
}

/** `openid`, unless the client may not ask for it: then all that it may. */
export function usualScope({ scope }: Pick<Client, 'scope'>): string {
  return scope === undefined || scope.includes('openid') ? 'openid' : scope.join(' ')
}

/** RFC 6749 section 4.1.1, with PKCE (RFC 7636) and a nonce (OpenID Connect Core 3.1.2.1). */
export function authorizationRequest(
  { client_id }: Pick<Client, 'client_id'>,
  endpoint: string,
  { redirect_uri, scope }: { redirect_uri: string; scope: string },
): Started {
  const [state, nonce, code_verifier] = [16, 16, 32].map(bytes =>
    randomBytes(bytes).toString('base64url'),
  ) as [string, string, string]
  const url = new URL(endpoint)
  const parameters = {
    response_type: 'code',
    client_id,
    redirect_uri,
    scope,
    state,
    nonce,
    code_challenge: createHash('sha256').update(code_verifier).digest('base64url'),
    code_challenge_method: 'S256',
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return { url: url.href, redirect_uri, scope, state, nonce, code_verifier }
}

/** The code of the provider's answer. Throws Failure where it is none, or not to this request. */
export function codeOf(answer: URLSearchParams, { state }: Started, issuer: string): string {
  if (answer.get('state') !== state) {
    throw new Failure(
      'state_mismatch',
      'The redirect carries another state than the request: it is no answer to it.',
      {
        fix: 'Sign in once more, in one window. If it stays so, the provider does not return state as RFC 6749 asks.',
      },
    )
  }
  const iss = answer.get('iss')
  // RFC 9207 section 2.4: of errors too.
  if (iss !== null && iss !== issuer) {
    throw new Failure(
      'issuer_mismatch',
      `The redirect is from ${iss}, and the client's issuer is ${issuer}.`,
      {
        fix: 'Is authorization_endpoint in the configuration that of the issuer?',
      },
    )
  }
  const error = answer.get('error')
  if (error !== null) {
    const description = answer.get('error_description')
    throw new Failure(
      'provider_refused',
      `The provider refused: ${error}${description === null ? '' : ` (${description})`}`,
      { fix: FIXES[error] ?? "Look at the provider's own log: the request did not come to Countersign." },
    )
  }
  const code = answer.get('code')
  if (!code) throw new Failure('no_code', 'The redirect carries no code.')
  return code
}

/** RFC 6749 section 4.1.2.1. */
const FIXES: Record<string, string> = {
  access_denied: 'The sign-in was cancelled, or this user may not use the application.',
  invalid_scope: 'Ask for another scope by --scope; the application at the provider says which it may have.',
  unauthorized_client: 'Allow the authorization code grant in the application at the provider.',
}
