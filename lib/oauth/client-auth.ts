import type { Assertion, AssertionSource } from './client-assertion.ts'

/** The part of an authorization server's metadata (RFC 8414 section 2) that authentication needs. */
export interface Issuer {
  readonly issuer: string
}

/** The part of a client's registration (RFC 7591 section 2) that authentication needs. */
export interface ClientId {
  readonly client_id: string
}

/**
 * Authenticates a request by adding to its form body. The shape of oauth4webapi's `ClientAuth`, so that the
 * one plugs into the other; without its `headers`, which private_key_jwt leaves alone.
 */
export type ClientAuth = (as: Issuer, client: ClientId, body: URLSearchParams) => Promise<void>

/** What may be known of an assertion once it is made: for the log, never the assertion itself. */
export type AssertionFacts = Pick<Assertion, 'jti' | 'kms_request_id' | 'ahead'>

export interface PrivateKeyJwtOptions {
  /** The audience, as it goes into the assertion; the issuer where none is given. */
  aud?: string | undefined
  onSigned?: ((facts: AssertionFacts) => void) | undefined
}

export const CLIENT_ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/**
 * `private_key_jwt` (OpenID Connect Core section 9, RFC 7523 section 2.2) with a source of assertions in place of a key.
 * Every call takes a new one, with its own `jti`. Rejects as `AssertionSource.take` does.
 */
export function privateKeyJwt(
  assertions: AssertionSource,
  { aud, onSigned }: PrivateKeyJwtOptions = {},
): ClientAuth {
  return async (as, client, body) => {
    // RFC 10070: the audience is the issuer, byte for byte as configured, unless the client's own rule names another.
    const { client_assertion, jti, kms_request_id, ahead } = await assertions.take(aud ?? as.issuer)
    // RFC 7521 section 4.2: client_id is optional beside an assertion; where it is sent it names the same client.
    body.set('client_id', client.client_id)
    body.set('client_assertion_type', CLIENT_ASSERTION_TYPE)
    body.set('client_assertion', client_assertion)
    onSigned?.({ jti, kms_request_id, ahead })
  }
}
