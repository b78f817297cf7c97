import { createHash, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ConfigurationError } from '../../lib/config/problems.ts'
import { parseRegistrations } from '../../lib/config/registrations.ts'
import { DEVICE_CODE } from '../../lib/oauth/grants.ts'
import { dpopKey } from '../support/dpop.ts'
import { closeProviders } from '../support/fake-provider.ts'
import { REDIRECT_URI, registration } from '../support/function.ts'
import { testKey } from '../support/keys.ts'
import { closeKms, type RelyingParty, type SigningAlg, startRelyingParty } from './relying-party.ts'
import { type Server, startServer, type Verdict } from './server.ts'

// What the suite holds every authenticated request of a client to (ValidateClientAuthenticationWithPrivateKeyJWT and what
// stands around it), at each endpoint and for each algorithm of FAPI 2.0.

const ALGS: SigningAlg[] = ['PS256', 'ES256', 'EdDSA']
const ENDPOINTS = ['par', 'token', 'revoke', 'device']

let held: Verdict[]
let servers: Server[]

beforeAll(async () => {
  servers = await Promise.all(ALGS.map(oneOfEach))
  held = servers.flatMap(({ verdicts }) => verdicts)
})
afterAll(() => {
  closeProviders()
  closeKms()
})

/** Every request that there is, with its nonce asked for where a proof comes along. */
async function oneOfEach(alg: SigningAlg): Promise<Server> {
  const server = await startServer({ dpopNonce: true })
  const party = await startRelyingParty(server, {
    alg,
    over: { grant_types: ['authorization_code', 'refresh_token', DEVICE_CODE], refresh: 'dpop' },
  })
  const code_verifier = randomBytes(32).toString('base64url')
  const code_challenge = createHash('sha256').update(code_verifier).digest('base64url')
  const send = await withProofs(party, server)
  const { request_uri } = await send('/par', 'par', 201, {
    response_type: 'code',
    redirect_uri: REDIRECT_URI,
    scope: 'openid',
    state: 's',
    nonce: 'n',
    code_challenge,
    code_challenge_method: 'S256',
  })
  const { code } = await server.authorize(
    `${server.issuer}/authorize?${new URLSearchParams({ client_id: 'app-1', request_uri: request_uri! })}`,
  )
  const { refresh_token } = await send('/token', 'token', 200, {
    grant_type: 'authorization_code',
    code: code!,
    redirect_uri: REDIRECT_URI,
    code_verifier,
  })
  await send('/token', 'token', 200, { grant_type: 'refresh_token', refresh_token: refresh_token! })
  expect((await party.post('/revoke', { token: 'a-token' })).statusCode).toBe(200)
  expect((await party.post('/device_authorization', { scope: 'openid' })).statusCode).toBe(200)
  return server
}

/** Sends with a proof and, being asked for a nonce, once more. */
async function withProofs(party: RelyingParty, { issuer }: Server) {
  const { proof } = await dpopKey()
  return async (path: string, at: string, status: number, form: Record<string, string>) => {
    const htu = `${issuer}/${at}`
    const challenge = await party.post(path, form, { dpop: await proof(htu) })
    expect([challenge.statusCode, JSON.parse(challenge.body).error]).toEqual([400, 'use_dpop_nonce'])
    const nonce = challenge.headers['dpop-nonce']!
    const answer = await party.post(path, form, { dpop: await proof(htu, { nonce }) })
    expect(answer.statusCode).toBe(status)
    return JSON.parse(answer.body) as Record<string, string>
  }
}

/** At these endpoints, with each algorithm, and nowhere otherwise. */
function holds(name: string, endpoints = ENDPOINTS): void {
  const found = held.filter(({ condition }) => condition === name)
  expect([...new Set(found.map(({ at }) => at))].sort()).toEqual([...endpoints].sort())
  expect(found.length).toBeGreaterThanOrEqual(ALGS.length * endpoints.length)
  expect(found.filter(({ complaint }) => complaint !== undefined)).toEqual([])
}

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
    expect(servers.map(({ requests }) => requests.filter(({ method }) => method === 'POST').length)).toEqual(
      ALGS.map(() => 8),
    )
  })

  test('CheckClientIdMatchesOnTokenRequestIfPresent: client_id is that of the assertion', () => {
    holds('CheckClientIdMatchesOnTokenRequestIfPresent')
    const posts = servers.flatMap(({ requests }) => requests.filter(({ method }) => method === 'POST'))
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
  const { nbf, iat } = JSON.parse(
    Buffer.from(form.get('client_assertion')!.split('.')[1]!, 'base64url').toString(),
  )
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

describe('a pushed authorization request', () => {
  const PAR = ['par']

  test('EnsurePAREndpointRequestDoesNotContainRequestUriParameter: no request_uri goes there, whoever sends one', async () => {
    holds('EnsurePAREndpointRequestDoesNotContainRequestUriParameter', PAR)
    expect(await pushedWith({ request_uri: 'urn:x' })).toEqual([400, 0])
  })

  test('EnsureAuthorizationRequestContainsPkceCodeChallenge: S256, and nothing is pushed without', async () => {
    holds('EnsureAuthorizationRequestContainsPkceCodeChallenge', PAR)
    expect(await pushedWith({ code_challenge: '' })).toEqual([400, 0])
    expect(await pushedWith({ code_challenge_method: 'plain' })).toEqual([400, 0])
  })

  test('EnsureResponseTypeIsCode: and nothing else is pushed', async () => {
    holds('EnsureResponseTypeIsCode', PAR)
    expect(await pushedWith({ response_type: 'code id_token' })).toEqual([400, 0])
  })

  test('EnsureMatchingClientId: client_id is that of the client that authenticates', () =>
    holds('EnsureMatchingClientId', PAR))

  test('EnsureOpenIDInScopeRequest: the app’s scope arrives', () => holds('EnsureOpenIDInScopeRequest', PAR))

  test('EnsureAuthorizationRequestContainsStateParameter: the app’s state arrives', () =>
    holds('EnsureAuthorizationRequestContainsStateParameter', PAR))

  /** Status, and requests at the server. */
  async function pushedWith(changes: Record<string, string>): Promise<[number, number]> {
    const server = await startServer()
    const party = await startRelyingParty(server)
    const good = {
      response_type: 'code',
      redirect_uri: REDIRECT_URI,
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 'S256',
    }
    const { statusCode } = await party.post('/par', { ...good, ...changes })
    return [statusCode, server.requests.length]
  }
})

describe('the exchange of a code', () => {
  const TOKEN = ['token']

  test('ValidateRedirectUri: the one that is registered', () => holds('ValidateRedirectUri', TOKEN))

  test('ValidateCodeVerifierWithS256: the verifier of the challenge that was pushed', () =>
    holds('ValidateCodeVerifierWithS256', TOKEN))

  test('EnsureMinimumPkceCodeVerifierLength: 43 characters at least', () =>
    holds('EnsureMinimumPkceCodeVerifierLength', TOKEN))
})

describe('a DPoP proof of the app’s, on its way through', () => {
  const PROVEN = ['par', 'token']

  test('ValidateDpopProofTokenRequest: htm and htu are of the server’s own endpoint', () =>
    holds('ValidateDpopProofTokenRequest', PROVEN))

  test('ValidateDpopProofIat: it arrives while it is new', () => holds('ValidateDpopProofIat', PROVEN))

  test('EnsureDpopProofJtiNotAlreadyUsed: none is sent twice', () =>
    holds('EnsureDpopProofJtiNotAlreadyUsed', PROVEN))

  test('ValidateDpopProofSignature: it arrives as it was signed', () =>
    holds('ValidateDpopProofSignature', PROVEN))

  test('ValidateParEndpointDpopProofNonce: the nonce goes to the app, and back in its next proof', () =>
    nonces('/par', 1))

  test('ValidateTokenEndpointDpopProofNonce: the same at the token endpoint, for a code and for a refresh token', () =>
    nonces('/token', 2))

  /** So many requests in vain, and as many that came back with the nonce. */
  function nonces(path: string, count: number): void {
    for (const { requests } of servers) {
      const proofs = requests
        .filter(one => one.path === path)
        .map(({ headers }) => headers.find(([name]) => name.toLowerCase() === 'dpop')![1])
        .map(jws => JSON.parse(Buffer.from(jws.split('.')[1]!, 'base64url').toString()).nonce)
      expect(proofs.filter(nonce => nonce === undefined)).toHaveLength(count)
      expect(new Set(proofs.filter(nonce => nonce !== undefined)).size).toBe(count)
    }
  }
})
