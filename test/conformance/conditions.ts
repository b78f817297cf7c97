import { createHash } from 'node:crypto'
import { compactVerify, createLocalJWKSet, decodeJwt, decodeProtectedHeader, type JWK } from 'jose'

// What the OpenID conformance suite, playing the server, holds a client's requests to: the conditions by the suite's own class
// names, in our words, with jose as the verifier. Nothing of lib/ is in here, so that it does not check itself.

/** A client as the server has it registered. */
export interface Registered {
  client_id: string
  redirect_uri: string
  token_endpoint_auth_signing_alg: string
  jwks: { keys: JWK[] }
}

/** One request, and what the server knows when it comes. */
export interface Context {
  client: Registered
  issuer: string
  /** Where it came to. */
  url: string
  form: URLSearchParams
  dpop?: string | undefined
  /** The nonce that a proof must have. */
  dpopNonce?: string | undefined
  /** Of the authorization request that the code was given for. */
  pushed?: URLSearchParams | undefined
  /** The query of the authorization request, where the browser brought it. */
  query?: URLSearchParams | undefined
  /** Milliseconds since the epoch. */
  now: number
  /** What has been seen before: `jti`s of assertions and proofs, code verifiers. */
  seen: Set<string>
}

/** Says what is wrong; undefined where it holds. */
export type Condition = (context: Context) => string | undefined | Promise<string | undefined>

const unless = (holds: boolean, complaint: string) => (holds ? undefined : complaint)
const assertionOf = ({ form }: Context) => form.get('client_assertion') ?? ''
const claimsOf = (context: Context): Record<string, unknown> => decodeJwt(assertionOf(context))
const proofOf = ({ dpop = '' }: Context) => ({
  header: decodeProtectedHeader(dpop) as { alg?: string; typ?: string; jwk?: JWK },
  claims: decodeJwt(dpop) as Record<string, unknown>,
})

/** For the first time, and never again. */
function once({ seen }: Context, kind: string, value: unknown): boolean {
  const key = `${kind} ${value}`
  const known = seen.has(key)
  seen.add(key)
  return typeof value === 'string' && value !== '' && !known
}

const S = 1000
const SKEW_MS = 5 * 60 * S
const DAY_MS = 24 * 60 * 60 * S
const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isInteger(value)
const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']
/** FAPI 2.0 Security Profile 5.4.1. */
const FAPI_ALGS = ['PS256', 'ES256', 'EdDSA', 'Ed25519']

/** Bits of a key, as the suite counts them. */
function bitsOf({ n, crv }: JWK): number {
  if (n === undefined) return Number(/\d+/.exec(crv ?? '')?.[0] ?? 0)
  const bytes = Buffer.from(n, 'base64url')
  return bytes.length * 8 - Math.clz32(bytes[0]!) + 24
}

/** RFC 7523 section 3, of every request with an assertion. */
export const CLIENT_AUTHENTICATION = {
  ExtractClientAssertion: context =>
    unless(/^[\w-]+\.[\w-]+\.[\w-]+$/.test(assertionOf(context)), 'no compact JWS'),

  EnsureClientAssertionTypeIsJwt: ({ form }) =>
    unless(
      form.get('client_assertion_type') === 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      'another type',
    ),

  EnsureClientAssertionSignatureAlgorithmMatchesRegistered: context =>
    unless(
      decodeProtectedHeader(assertionOf(context)).alg === context.client.token_endpoint_auth_signing_alg,
      'another algorithm',
    ),

  ValidateClientAssertionSignature: async context =>
    compactVerify(assertionOf(context), createLocalJWKSet(context.client.jwks)).then(
      () => undefined,
      () => 'by no registered key',
    ),

  ValidateClientAssertionClaims: context => {
    const { iss, sub, jti, iat, exp, nbf } = claimsOf(context)
    const { client, now } = context
    if (iss !== client.client_id) return 'iss'
    if (sub !== client.client_id) return 'sub'
    if (jti === undefined) return 'jti'
    if (!isTime(iat) || iat * S > now + DAY_MS) return 'iat'
    if (!isTime(exp) || exp * S < now - SKEW_MS || exp * S > now + DAY_MS) return 'exp'
    return unless(nbf === undefined || (isTime(nbf) && nbf * S <= now + SKEW_MS), 'nbf')
  },

  ValidateClientAssertionAudClaimIsIssuerAsString: context =>
    unless(claimsOf(context).aud === context.issuer, 'another audience, or a list'),

  CheckForClientAssertionJtiReuse: context =>
    unless(once(context, 'assertion', claimsOf(context).jti), 'seen before'),

  CheckClientIdMatchesOnTokenRequestIfPresent: ({ form, client }) =>
    unless([null, client.client_id].includes(form.get('client_id')), 'another client'),
} satisfies Record<string, Condition>

/** Of the keys that the client has registered. */
export const CLIENT_KEYS = {
  EnsureJwksHasNoPrivateOrSymmetricKeyMaterial: ({ client }) =>
    unless(!client.jwks.keys.some(key => PRIVATE.some(member => member in key)), 'a private member'),

  CheckDistinctKeyIdValueInClientJWKs: ({ client: { jwks } }) => {
    const kids = jwks.keys.flatMap(({ kid }) => (kid === undefined ? [] : [kid]))
    return unless(new Set(kids).size === kids.length, 'a kid twice')
  },

  FAPI2FinalEnsureMinimumClientKeyLength: ({ client: { jwks } }) => {
    const least: Record<string, number> = { RSA: 2048, EC: 224 }
    return unless(
      jwks.keys.every(key => bitsOf(key) >= (least[key.kty ?? ''] ?? 0)),
      'too short',
    )
  },
} satisfies Record<string, Condition>

/** Of a pushed authorization request (RFC 9126). */
export const PUSHED_REQUEST = {
  EnsurePAREndpointRequestDoesNotContainRequestUriParameter: ({ form }) =>
    unless(!form.has('request_uri'), 'a request_uri'),

  EnsureAuthorizationRequestContainsPkceCodeChallenge: ({ form }) =>
    unless(form.get('code_challenge') !== null && form.get('code_challenge_method') === 'S256', 'no S256'),

  EnsureResponseTypeIsCode: ({ form }) => unless(form.get('response_type') === 'code', 'another one'),

  EnsureOpenIDInScopeRequest: ({ form }) =>
    unless((form.get('scope') ?? '').split(' ').includes('openid'), 'no openid'),

  EnsureMatchingClientId: ({ form, client }) =>
    unless(form.get('client_id') === client.client_id, 'another client'),

  EnsureAuthorizationRequestContainsStateParameter: ({ form }) => unless(!!form.get('state'), 'no state'),
} satisfies Record<string, Condition>

/** Of the browser's request, after one that was pushed. */
export const BROWSER_REQUEST = {
  EnsureAuthorizationRequestContainsOnlyExpectedParamsWhenUsingPAR: ({ query }) =>
    unless([...(query?.keys() ?? [])].sort().join() === 'client_id,request_uri', 'more, or less'),
} satisfies Record<string, Condition>

/** Of the exchange of a code. */
export const CODE_EXCHANGE = {
  ValidateRedirectUri: ({ form, client }) =>
    unless(form.get('redirect_uri') === client.redirect_uri, 'another one'),

  ValidateCodeVerifierWithS256: ({ form, pushed }) =>
    unless(
      createHash('sha256')
        .update(form.get('code_verifier') ?? '')
        .digest('base64url') === pushed?.get('code_challenge'),
      'not that of the challenge',
    ),

  EnsureMinimumPkceCodeVerifierLength: ({ form }) =>
    unless((form.get('code_verifier') ?? '').length >= 43, 'too short'),

  EnsurePkceCodeVerifierNotUsed: context =>
    unless(once(context, 'verifier', context.form.get('code_verifier')), 'seen before'),
} satisfies Record<string, Condition>

/** Of a DPoP proof at the authorization server (RFC 9449 section 4.3). */
export const DPOP_PROOF = {
  ValidateDpopProofTokenRequest: context => {
    const { header, claims } = proofOf(context)
    if (header.typ !== 'dpop+jwt') return 'typ'
    if (!header.jwk || PRIVATE.some(member => member in header.jwk!)) return 'jwk'
    if (!FAPI_ALGS.includes(header.alg ?? '')) return 'alg'
    if (typeof claims.jti !== 'string' || claims.jti === '') return 'jti'
    if (claims.htm !== 'POST') return 'htm'
    if (claims.htu !== context.url) return 'htu'
    return unless(claims.ath === undefined, 'ath')
  },

  ValidateDpopProofIat: context => {
    const { iat } = proofOf(context).claims
    return unless(isTime(iat) && Math.abs(iat * S - context.now) <= SKEW_MS, 'none, or not of now')
  },

  EnsureDpopProofJtiNotAlreadyUsed: context =>
    unless(once(context, 'proof', proofOf(context).claims.jti), 'seen before'),

  ValidateDpopProofSignature: async context => {
    const { jwk } = proofOf(context).header
    return compactVerify(context.dpop ?? '', jwk as JWK).then(
      () => undefined,
      () => 'not by its own key',
    )
  },
} satisfies Record<string, Condition>

/** No failure, but what is answered with a nonce to come again with. */
export function hasNonce(context: Context): boolean {
  try {
    return proofOf(context).claims.nonce === context.dpopNonce
  } catch {
    return false
  }
}

/** What is wrong with a request, by condition. A request of which a part cannot even be read fails by that. */
export async function verdicts(
  conditions: Record<string, Condition>,
  context: Context,
): Promise<Record<string, string | undefined>> {
  const found: Record<string, string | undefined> = {}
  for (const [name, condition] of Object.entries(conditions)) {
    try {
      found[name] = await condition(context)
    } catch {
      found[name] = 'cannot be read'
    }
  }
  return found
}
