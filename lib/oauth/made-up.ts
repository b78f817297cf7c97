import type { Client } from '../config/client.ts'

/**
 * A token request that is right in everything but its code, which nobody was given: the provider's `invalid_grant` to it
 * (RFC 6749 section 5.2) shows that the function could sign, and that the provider took the assertion. It spends nothing.
 *
 * @param randomId at least 128 bits of unreserved characters, fresh at each call
 */
export function madeUpRequest(
  { client_id, redirect_uris, application_type, allowed_origins }: MadeUpFor,
  randomId: () => string,
): { form: URLSearchParams; origin: string | undefined } {
  return {
    form: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id,
      code: `countersign-probe-${randomId()}`,
      redirect_uri: redirect_uris[0] ?? '',
      // RFC 7636 section 4.1: 43 characters at least.
      code_verifier: `${randomId()}${randomId()}`.padEnd(43, '-'),
    }),
    origin: application_type === 'web' ? allowed_origins[0] : undefined,
  }
}

type MadeUpFor = Pick<Client, 'client_id' | 'redirect_uris' | 'application_type' | 'allowed_origins'>
