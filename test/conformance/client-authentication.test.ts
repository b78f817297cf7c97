import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { ConfigurationError } from '../../lib/config/problems.ts'
import { parseRegistrations } from '../../lib/config/registrations.ts'
import { registration } from '../support/function.ts'
import { decode, testKey } from '../support/keys.ts'
import { trial } from './one-of-each.ts'
import { startRelyingParty } from './relying-party.ts'
import { startServer } from './server.ts'

// What the suite holds every authenticated request of a client to (ValidateClientAuthenticationWithPrivateKeyJWT and what
// stands around it), at each endpoint and for each algorithm of FAPI 2.0.

const trials = trial()
const { holds } = trials

describe('a client assertion, at every endpoint', () => {
  test('ExtractClientAssertion: the request has one, as a compact JWS', () => holds('ExtractClientAssertion'))

  test('EnsureClientAssertionTypeIsJwt: client_assertion_type is that of RFC 7523', () =>
    holds('EnsureClientAssertionTypeIsJwt'))

  test('EnsureClientAssertionSignatureAlgorithmMatchesRegistered: alg is the registered one', () =>
    holds('EnsureClientAssertionSignatureAlgorithmMatchesRegistered'))

  test('ValidateClientAssertionSignature: a registered key has signed it', () =>
    holds('ValidateClientAssertionSignature'))

  test('ValidateClientAssertionClaims: iss and sub are the client, jti, iat and exp are there and within their times', () =>
    holds('ValidateClientAssertionClaims'))

  test('ValidateClientAssertionAudClaimIsIssuerAsString: aud is the issuer, and no list', () =>
    holds('ValidateClientAssertionAudClaimIsIssuerAsString'))

  test('CheckForClientAssertionJtiReuse: no jti comes twice, also where a nonce is asked for', () => {
    holds('CheckForClientAssertionJtiReuse')
    // Each of the challenged requests has come twice.
    expect(
      trials.servers.map(({ requests }) => requests.filter(({ method }) => method === 'POST').length),
    ).toEqual([8, 8, 8])
  })

  test('CheckClientIdMatchesOnTokenRequestIfPresent: client_id is that of the assertion', () => {
    holds('CheckClientIdMatchesOnTokenRequestIfPresent')
    const posts = trials.servers.flatMap(({ requests }) => requests.filter(({ method }) => method === 'POST'))
    expect(new Set(posts.map(({ body }) => new URLSearchParams(body).get('client_id')))).toEqual(
      new Set(['app-1']),
    )
  })
})

test('ValidateClientAssertionClaims: nbf, where a registration has it, is not in the future', async () => {
  const server = await startServer()
  const party = await startRelyingParty(server, {
    over: { assertion: { aud: 'issuer' }, provider: 'entra', ...withCertificate() },
    alg: 'PS256',
  })
  await party.post('/revoke', { token: 'a-token' })
  const form = new URLSearchParams(server.requests[0]!.body)
  const { nbf, iat } = decode(form.get('client_assertion')!).claims
  expect([nbf, typeof nbf]).toEqual([iat, 'number'])
  expect(server.verdicts.filter(({ complaint }) => complaint !== undefined)).toEqual([])
})

/** Entra ID finds a key by its certificate. */
function withCertificate() {
  const [key] = registration().signing_keys as Record<string, unknown>[]
  const { public_jwk } = testKey('PS256', 'client')
  const hash = createHash('sha256').update('certificate').digest('base64url')
  return { signing_keys: [{ ...key, alg: 'PS256', public_jwk, 'x5t#S256': hash }] }
}

describe('the keys that a client registers', () => {
  test('EnsureJwksHasNoPrivateOrSymmetricKeyMaterial: the public half alone is configured', () => {
    holds('EnsureJwksHasNoPrivateOrSymmetricKeyMaterial')
    expect(refused({ ...jwk(), d: 'AQAB' })).toEqual(['clients[0].signing_keys[0].public_jwk.d'])
  })

  test('CheckDistinctKeyIdValueInClientJWKs: two keys of one kid are a configuration error', () => {
    holds('CheckDistinctKeyIdValueInClientJWKs')
    const { signing_keys, ...client } = registration()
    const [key] = signing_keys as Record<string, unknown>[]
    const other = { ...key, kms_key_arn: String(key!.kms_key_arn).replace(/1$/, '2'), state: 'next' }
    const two = [
      { ...key, kid: 'k' },
      { ...other, kid: 'k', public_jwk: testKey('RS256', 'other').public_jwk },
    ]
    expect(paths({ ...client, signing_keys: two })).toEqual(['clients[0].signing_keys[1].kid'])
  })

  test('FAPI2FinalEnsureMinimumClientKeyLength: an RSA key of less than 2048 bits, or a small curve, is a configuration error', () => {
    holds('FAPI2FinalEnsureMinimumClientKeyLength')
    const n = Buffer.alloc(255, 255).toString('base64url')
    expect(refused({ ...jwk(), n })).toEqual(['clients[0].signing_keys[0].public_jwk.n'])
    const small = { kty: 'EC', crv: 'P-192', x: 'A'.repeat(32), y: 'A'.repeat(32) }
    expect(refused(small, 'ES256')).toContain('clients[0].signing_keys[0].public_jwk.crv')
  })

  const jwk = () => testKey('RS256', 'client').public_jwk
  const refused = (public_jwk: object, alg = 'RS256') => {
    const [key] = registration().signing_keys as Record<string, unknown>[]
    return paths(registration({ signing_keys: [{ ...key, alg, public_jwk }] }))
  }
})

function paths(client: Record<string, unknown>): string[] {
  try {
    parseRegistrations(JSON.stringify({ version: 1, clients: [client] }), { revision: '1', onLambda: true })
    return []
  } catch (error) {
    return (error as ConfigurationError).problems.map(({ path }) => path)
  }
}
