import type { JsonWebKey } from 'node:crypto'
import * as oauth from 'oauth4webapi'
import type { IdentityProvider, IdpClient } from '../../../local/idp/provider.ts'
import type { SignIn } from '../../support/sign-in.ts'

export const REDIRECT_URI = 'http://127.0.0.1:9/callback'
/** The provider under test speaks plain http on loopback. */
export const INSECURE = { [oauth.allowInsecureRequests]: true }

type ChangeAssertion = (header: Record<string, unknown>, payload: Record<string, unknown>) => void

/** A client with a fresh key, as it is registered and as oauth4webapi uses it. */
export interface TestClient {
  registration: IdpClient & { alg: string }
  client: oauth.Client
  /** Its private_key_jwt; `change` may alter the assertion before it is signed. */
  authenticate(change?: ChangeAssertion): oauth.ClientAuth
}

export async function testClient(alg: string, more: Partial<IdpClient> = {}): Promise<TestClient> {
  const { privateKey, publicKey } = await oauth.generateKeyPair(alg, { extractable: true })
  const jwk = (await crypto.subtle.exportKey('jwk', publicKey)) as JsonWebKey
  // Web Crypto names one of the two names of EdDSA in here; the registration's `alg` is what counts.
  const { alg: _alg, key_ops: _operations, ext: _ext, ...plain } = jwk
  const client_id = more.client_id ?? `client-${alg}`
  return {
    registration: {
      client_id,
      redirect_uris: [REDIRECT_URI],
      // RFC 9964 section 3: an AKP key has to have its alg.
      jwks: { keys: [{ ...plain, ...(jwk.kty === 'AKP' && { alg }), kid: 'k1' }] },
      alg,
      ...more,
    },
    client: { client_id },
    authenticate: change =>
      oauth.PrivateKeyJwt(
        { key: privateKey, kid: 'k1' },
        {
          [oauth.modifyAssertion]: (header, payload) => {
            header.alg = alg
            change?.(header, payload)
          },
        },
      ),
  }
}

export async function discover({ issuer }: IdentityProvider): Promise<oauth.AuthorizationServer> {
  const url = new URL(issuer)
  return oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, INSECURE))
}

/** What a token request came to: tokens on 200, `error` otherwise. */
export interface Outcome {
  status: number
  body: Record<string, unknown>
}

/** A token request made of exactly these parameters and this authentication. */
export async function tokenRequest(
  as: oauth.AuthorizationServer,
  client: oauth.Client,
  authenticate: oauth.ClientAuth,
  parameters: Record<string, string>,
  grant_type = 'authorization_code',
): Promise<Outcome> {
  const response = await oauth.genericTokenEndpointRequest(
    as,
    client,
    authenticate,
    grant_type,
    parameters,
    INSECURE,
  )
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

/** The parameters that turn a sign-in into tokens. */
export function codeParameters({ code, code_verifier, redirect_uri }: SignIn): Record<string, string> {
  return { code, redirect_uri, ...(code_verifier === '' ? {} : { code_verifier }) }
}
