import type { Client } from '../config/client.ts'

/** A request as the client's app would send it, in everything but what only a sign-in gives. */
export interface MadeUp {
  path: '/token' | '/revoke'
  form: URLSearchParams
  headers: Record<string, string>
}

/**
 * What proves everything and spends nothing. A token request with a code that nobody was given: the provider's `invalid_grant`
 * to it (RFC 6749 section 5.2) shows that the function could sign, and that the provider took the assertion. Where `/token`
 * is not the client's (its app has a session) the revocation of a token that nobody was given: a provider authenticates the
 * client first, and then has no complaint (RFC 7009 sections 2.1 and 2.2). Undefined where it has no such endpoint.
 *
 * @param randomId at least 128 bits of unreserved characters, fresh at each call
 */
export function madeUpRequest(client: MadeUpFor, randomId: () => string): MadeUp | undefined {
  const { client_id, redirect_uris, delivery, as } = client
  const made_up = `countersign-probe-${randomId()}`
  const headers = appHeaders(client, client.allowed_origins[0])
  if (delivery !== 'tokens') {
    if (as.revocation_endpoint === undefined) return undefined
    return { path: '/revoke', form: new URLSearchParams({ client_id, token: made_up }), headers }
  }
  const form = new URLSearchParams({
    grant_type: 'authorization_code',
    client_id,
    code: made_up,
    redirect_uri: redirect_uris[0] ?? '',
    // RFC 7636 section 4.1: 43 characters at least. 128 bits are 22 unreserved ones or more.
    code_verifier: `${randomId()}${randomId()}`,
  })
  return { path: '/token', form, headers }
}

/** What tells the function that it is the client's own app that asks: a page has an Origin, a native app has none. */
export function appHeaders(
  { application_type, delivery }: Pick<Client, 'application_type' | 'delivery'>,
  origin: string | undefined,
): Record<string, string> {
  if (application_type === 'native' || origin === undefined) return {}
  return { origin, ...(delivery !== 'tokens' && { 'x-csrf': '1' }) }
}

type MadeUpFor = Pick<
  Client,
  'client_id' | 'redirect_uris' | 'application_type' | 'allowed_origins' | 'delivery'
> & { as: Pick<Client['as'], 'revocation_endpoint'> }
