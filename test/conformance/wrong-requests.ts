import { generateKeyPairSync } from 'node:crypto'
import { exportJWK, SignJWT } from 'jose'
import { testKey } from '../support/keys.ts'
import type { Context } from './conditions.ts'

// A good request, and what is wrong with it in one point at a time.

const ISSUER = 'https://as.example.com'
const NOW = Date.parse('2026-11-24T12:00:00Z')
const seconds = NOW / 1000
const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const own = await exportJWK(publicKey)
const sign = (header: Record<string, unknown>, claims: Record<string, unknown>, key = privateKey) =>
  new SignJWT(claims).setProtectedHeader({ alg: 'ES256', ...header }).sign(key)

const assertion = (claims: Record<string, unknown> = {}, key = privateKey) =>
  sign(
    { kid: 'k-1' },
    { iss: 'c', sub: 'c', aud: ISSUER, jti: 'j-1', iat: seconds, exp: seconds + 60, ...claims },
    key,
  )
export const proof = (
  header: Record<string, unknown> = {},
  claims: Record<string, unknown> = {},
  key = privateKey,
) =>
  sign(
    { typ: 'dpop+jwt', jwk: own, ...header },
    { htm: 'POST', htu: `${ISSUER}/token`, jti: 'p-1', iat: seconds, ...claims },
    key,
  )

type Changes = Omit<Partial<Context>, 'form'> & { form?: Record<string, string | undefined> }

export async function request({ form = {}, ...changes }: Changes = {}): Promise<Context> {
  const good = {
    client_id: 'c',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: await assertion(),
    response_type: 'code',
    scope: 'openid profile',
    state: 's',
    redirect_uri: 'https://app.example.com/callback',
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
    code_verifier: VERIFIER,
    ...form,
  }
  const present = Object.entries(good).filter((one): one is [string, string] => one[1] !== undefined)
  return {
    client: {
      client_id: 'c',
      redirect_uri: 'https://app.example.com/callback',
      token_endpoint_auth_signing_alg: 'ES256',
      jwks: { keys: [{ ...own, kid: 'k-1' }] },
    },
    issuer: ISSUER,
    url: `${ISSUER}/token`,
    form: new URLSearchParams(present),
    dpop: await proof(),
    pushed: new URLSearchParams({ code_challenge: CHALLENGE }),
    query: new URLSearchParams({ client_id: 'c', request_uri: 'urn:x' }),
    now: NOW,
    seen: new Set(),
    ...changes,
  }
}

const stranger = testKey('ES256', 'stranger')
const strange = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const client = (changes: object) => ({
  client_id: 'c',
  redirect_uri: 'https://app.example.com/callback',
  token_endpoint_auth_signing_alg: 'ES256',
  jwks: { keys: [{ ...own, kid: 'k-1' }] },
  ...changes,
})
export const claims = (changes: Record<string, unknown>) => async (): Promise<Changes> => ({
  form: { client_assertion: await assertion(changes) },
})
const form = (changes: Record<string, string | undefined>) => async (): Promise<Changes> => ({
  form: changes,
})
const dpop =
  (header: Record<string, unknown>, body: Record<string, unknown> = {}) =>
  async (): Promise<Changes> => ({ dpop: await proof(header, body) })

export const WRONG: [name: string, how: string, change: () => Promise<Changes>][] = [
  ['EnsureClientAssertionTypeIsJwt', 'another type', form({ client_assertion_type: 'jwt-bearer' })],
  ['EnsureClientAssertionTypeIsJwt', 'another type', form({ client_assertion_type: undefined })],
  [
    'EnsureClientAssertionSignatureAlgorithmMatchesRegistered',
    'another algorithm',
    async () => ({ client: client({ token_endpoint_auth_signing_alg: 'PS256' }) }),
  ],
  [
    'ValidateClientAssertionSignature',
    'by no registered key',
    async () => ({ form: { client_assertion: await assertion({}, strange) } }),
  ],
  [
    'ValidateClientAssertionSignature',
    'by no registered key',
    async () => ({ client: client({ jwks: { keys: [{ ...stranger.public_jwk, kid: 'k-1' }] } }) }),
  ],
  ['ValidateClientAssertionClaims', 'iss', claims({ iss: 'd' })],
  ['ValidateClientAssertionClaims', 'sub', claims({ sub: undefined })],
  ['ValidateClientAssertionClaims', 'iat', claims({ iat: undefined })],
  ['ValidateClientAssertionClaims', 'iat', claims({ iat: seconds + 86_401 })],
  ['ValidateClientAssertionClaims', 'exp', claims({ exp: undefined })],
  ['ValidateClientAssertionClaims', 'exp', claims({ exp: seconds - 301 })],
  ['ValidateClientAssertionClaims', 'exp', claims({ exp: seconds + 86_401 })],
  ['ValidateClientAssertionClaims', 'nbf', claims({ nbf: seconds + 301 })],
  [
    'ValidateClientAssertionAudClaimIsIssuerAsString',
    'another audience, or a list',
    claims({ aud: [ISSUER] }),
  ],
  [
    'ValidateClientAssertionAudClaimIsIssuerAsString',
    'another audience, or a list',
    claims({ aud: `${ISSUER}/token` }),
  ],
  ['CheckForClientAssertionJtiReuse', 'seen before', async () => ({ seen: new Set(['assertion j-1']) })],
  ['CheckClientIdMatchesOnTokenRequestIfPresent', 'another client', form({ client_id: 'd' })],
  [
    'EnsureJwksHasNoPrivateOrSymmetricKeyMaterial',
    'a private member',
    async () => ({
      client: client({
        jwks: {
          keys: [
            { ...own, kid: 'k-1' },
            { ...stranger.public_jwk, d: 'AA' },
          ],
        },
      }),
    }),
  ],
  [
    'CheckDistinctKeyIdValueInClientJWKs',
    'a kid twice',
    async () => ({
      client: client({
        jwks: {
          keys: [
            { ...own, kid: 'k-1' },
            { ...testKey('PS256').public_jwk, kid: 'k-1' },
          ],
        },
      }),
    }),
  ],
  [
    'FAPI2FinalEnsureMinimumClientKeyLength',
    'too short',
    async () => ({
      client: client({
        jwks: {
          keys: [
            { ...own, kid: 'k-1' },
            { kty: 'RSA', e: 'AQAB', kid: 'k-2', n: Buffer.alloc(255, 255).toString('base64url') },
          ],
        },
      }),
    }),
  ],
  [
    'FAPI2FinalEnsureMinimumClientKeyLength',
    'too short',
    async () => ({
      client: client({
        jwks: {
          keys: [
            { ...own, kid: 'k-1' },
            { kty: 'EC', crv: 'P-192', kid: 'k-2' },
          ],
        },
      }),
    }),
  ],
  [
    'EnsurePAREndpointRequestDoesNotContainRequestUriParameter',
    'a request_uri',
    form({ request_uri: 'urn:x' }),
  ],
  ['EnsureAuthorizationRequestContainsPkceCodeChallenge', 'no S256', form({ code_challenge: undefined })],
  [
    'EnsureAuthorizationRequestContainsPkceCodeChallenge',
    'no S256',
    form({ code_challenge_method: 'plain' }),
  ],
  ['EnsureResponseTypeIsCode', 'another one', form({ response_type: 'code id_token' })],
  ['EnsureOpenIDInScopeRequest', 'no openid', form({ scope: 'profile' })],
  ['EnsureAuthorizationRequestContainsStateParameter', 'no state', form({ state: undefined })],
  [
    'EnsureAuthorizationRequestContainsOnlyExpectedParamsWhenUsingPAR',
    'more, or less',
    async () => ({ query: new URLSearchParams({ client_id: 'c', request_uri: 'urn:x', state: 's' }) }),
  ],
  ['ValidateRedirectUri', 'another one', form({ redirect_uri: 'https://app.example.com/callback/' })],
  ['ValidateCodeVerifierWithS256', 'not that of the challenge', form({ code_verifier: 'v'.repeat(43) })],
  ['EnsureMinimumPkceCodeVerifierLength', 'too short', form({ code_verifier: 'x'.repeat(42) })],
  ['EnsurePkceCodeVerifierNotUsed', 'seen before', async () => ({ seen: new Set([`verifier ${VERIFIER}`]) })],
  ['ValidateDpopProofTokenRequest', 'typ', dpop({ typ: 'JWT' })],
  ['ValidateDpopProofTokenRequest', 'jwk', dpop({ jwk: { ...own, d: 'AA' } })],
  ['ValidateDpopProofTokenRequest', 'htm', dpop({}, { htm: 'GET' })],
  ['ValidateDpopProofTokenRequest', 'htu', dpop({}, { htu: `${ISSUER}/par` })],
  ['ValidateDpopProofTokenRequest', 'ath', dpop({}, { ath: 'x' })],
  ['ValidateDpopProofIat', 'none, or not of now', dpop({}, { iat: seconds - 301 })],
  ['ValidateDpopProofIat', 'none, or not of now', dpop({}, { iat: undefined })],
  ['EnsureDpopProofJtiNotAlreadyUsed', 'seen before', async () => ({ seen: new Set(['proof p-1']) })],
  ['ValidateDpopProofSignature', 'not by its own key', async () => ({ dpop: await proof({}, {}, strange) })],
]
