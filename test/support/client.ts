import type { Client, SigningKey } from '../../lib/config/client.ts'
import type { Signer } from '../../lib/jose/signer.ts'
import {
  type AssertionOptions,
  type AssertionSource,
  signedInTime,
} from '../../lib/oauth/client-assertion.ts'

export const ISSUER = 'https://auth.example.com/env-1/as'
export const REDIRECT_URI = 'https://app.example.com/callback'

const signing_key: SigningKey = {
  kms_key_arn: 'arn:aws:kms:eu-central-1:111122223333:key/00000000-0000-4000-8000-000000000001',
  alg: 'ES256',
  public_jwk: { kty: 'EC', crv: 'P-256', x: '', y: '' },
  state: 'active',
}

/** A registered client as the configuration gives it, with whatever a test changes. */
export function client(overrides: Partial<Client> = {}): Client {
  return {
    client_id: 'app-1',
    provider: 'generic',
    as: { issuer: ISSUER, token_endpoint: `${ISSUER}/token` },
    signing_key,
    signing_keys: [signing_key],
    assertion: { aud: 'issuer', typ: 'client-authentication+jwt', lifetime: 60, ahead: true },
    application_type: 'web',
    delivery: 'tokens',
    session_lifetime: 28_800,
    api_routes: [],
    post_logout_redirect_uris: [],
    revoke_withheld: false,
    authorization_response_iss_parameter_supported: false,
    allowed_origins: ['https://app.example.com'],
    redirect_uris: [REDIRECT_URI],
    grant_types: ['authorization_code'],
    require_pkce: true,
    refresh: 'none',
    validate_id_token: true,
    enabled: true,
    ...overrides,
  }
}

/** The assertions of that client by a signer, each made when it is taken. */
export function sourceOf(signer: Signer, overrides: Partial<AssertionOptions> = {}): AssertionSource {
  return signedInTime(signer, {
    client_id: 'app-1',
    typ: 'client-authentication+jwt',
    lifetime: 60,
    now: Date.now,
    randomId: () => 'jti-1',
    ...overrides,
  })
}
