import { signJws } from '../jose/jws.ts'
import type { Signer } from '../jose/signer.ts'
import { ASSERTION_LIFETIME_S } from '../limits.ts'
import { clientAssertion } from './client-assertion.ts'

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
export interface AssertionFacts {
  jti: string
  /** The signing service's own id of its request. */
  kms_request_id: string | undefined
}

export interface PrivateKeyJwtOptions {
  /** Milliseconds since the epoch, as `Date.now`. */
  now(): number
  /** At least 128 bits of randomness, at most 64 characters, new at each call. */
  randomId(): string
  /** The audience, as it goes into the assertion; the issuer where none is given. */
  aud?: string | undefined
  /** The JWT's explicit type; RFC 10070's own where none is given. */
  typ?: string | undefined
  /** Seconds; 60 where none is given. */
  lifetime?: number | undefined
  onSigned?: ((facts: AssertionFacts) => void) | undefined
}

export const CLIENT_ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/**
 * `private_key_jwt` (OpenID Connect Core section 9, RFC 7523 section 2.2) with a signer in place of a key.
 * Every call makes a new assertion, with its own `jti`. Rejects as `Signer.sign` does.
 */
export function privateKeyJwt(signer: Signer, options: PrivateKeyJwtOptions): ClientAuth {
  return async (as, client, body) => {
    const jti = options.randomId()
    // RFC 10070: the audience is the issuer, byte for byte as configured, unless the client's own rule names another.
    const aud = options.aud ?? as.issuer
    const lifetime = options.lifetime ?? ASSERTION_LIFETIME_S
    const claims = clientAssertion(client.client_id, aud, options.now(), jti, lifetime)
    const { jws, requestId } = await signJws(options.typ ?? 'client-authentication+jwt', claims, signer)
    // RFC 7521 section 4.2: client_id is optional beside an assertion; where it is sent it names the same client.
    body.set('client_id', client.client_id)
    body.set('client_assertion_type', CLIENT_ASSERTION_TYPE)
    body.set('client_assertion', jws)
    options.onSigned?.({ jti, kms_request_id: requestId })
  }
}
