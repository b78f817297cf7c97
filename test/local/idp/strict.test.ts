import * as oauth from 'oauth4webapi'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type IdentityProvider, type IdpEvent, startIdentityProvider } from '../../../local/idp/provider.ts'
import { createBrowser, type SignIn, type SignInOptions, send } from '../../support/sign-in.ts'
import {
  codeParameters,
  discover,
  INSECURE,
  REDIRECT_URI,
  type TestClient,
  testClient,
  tokenRequest,
} from './client.ts'

const OTHER_URI = 'http://127.0.0.1:9/other'

let idp: IdentityProvider
let as: oauth.AuthorizationServer
let rsa: TestClient
let lax: TestClient
/** Has the key of `rsa`. */
let twin: TestClient
const told: IdpEvent[] = []

beforeAll(async () => {
  rsa = await testClient('RS256', { redirect_uris: [REDIRECT_URI, OTHER_URI] })
  lax = await testClient('ES256', { client_id: 'lax', require_pkce: false, scope: 'openid read:things' })
  twin = { ...rsa, registration: { ...rsa.registration, client_id: 'twin' }, client: { client_id: 'twin' } }
  idp = await startIdentityProvider({
    port: 0,
    clients: [rsa, lax, twin].map(({ registration }) => registration),
    onEvent: event => told.push(event),
  })
  as = await discover(idp)
})

afterAll(() => idp.close())

function signIn(client: TestClient, more: Partial<SignInOptions> = {}): Promise<SignIn> {
  const { client_id } = client.client
  return createBrowser().signIn({ issuer: idp.issuer, client_id, redirect_uri: REDIRECT_URI, ...more })
}

const now = () => Math.floor(Date.now() / 1000)
const exchange = (client: TestClient, parameters: Record<string, string>, auth = client.authenticate()) =>
  tokenRequest(as, client.client, auth, parameters)

describe('a client assertion is refused', () => {
  type Claims = Record<string, unknown>
  test.each<[string, RegExp, (claims: Claims, header: Claims) => void]>([
    ['for an array aud', /one string/, claims => (claims.aud = [idp.issuer, as.token_endpoint])],
    ['for an array aud of one', /one string/, claims => (claims.aud = [idp.issuer])],
    ['for a foreign aud', /audience/, claims => (claims.aud = 'https://auth.example.com/as')],
    ['for an aud with a slash too many', /audience/, claims => (claims.aud = `${idp.issuer}/`)],
    ['for no aud', /aud/, claims => delete claims.aud],
    ['for a life over five minutes', /300 seconds/, claims => (claims.exp = Number(claims.iat) + 301)],
    ['for no iat', /iat is missing/, claims => delete claims.iat],
    ['for an iat ahead', /in the future/, claims => (claims.iat = now() + 30)],
    ['for another iss', /iss/, claims => (claims.iss = 'lax')],
    ['for no iss', /iss/, claims => delete claims.iss],
    ['for no sub', /sub/, claims => delete claims.sub],
    ['for no exp', /expiration/, claims => delete claims.exp],
    ['once it has expired', /expired/, claims => (claims.exp = now() - 30)],
    ['for an nbf ahead', /not active/, claims => (claims.nbf = now() + 30)],
    ['for no jti', /jti/, claims => delete claims.jti],
    ['for an alg that is not the client’s', /alg mismatch/, (_claims, header) => (header.alg = 'PS256')],
    ['for a kid that is not the client’s', /no applicable key/, (_claims, header) => (header.kid = 'k2')],
  ])('%s', async (_name, detail, change) => {
    const parameters = codeParameters(await signIn(rsa))
    const refused = await exchange(
      rsa,
      parameters,
      rsa.authenticate((header, claims) => change(claims, header)),
    )
    // RFC 6749 section 5.2; the words are the same for every reason.
    expect(refused).toEqual({
      status: 401,
      body: { error: 'invalid_client', error_description: 'client authentication failed' },
    })
    expect(told.at(-1)).toMatchObject({ type: 'grant.error', error: 'invalid_client' })
    expect(told.at(-1)?.detail).toMatch(detail)
    // The code was not spent by it.
    expect((await exchange(rsa, parameters)).status).toBe(200)
  })

  test('for another sub, be it with client_id or without, and be the key the same', async () => {
    const parameters = codeParameters(await signIn(rsa))
    const change = rsa.authenticate((_header, claims) => {
      claims.sub = 'twin'
    })
    expect(await exchange(rsa, parameters, change)).toMatchObject({
      status: 400,
      body: { error: 'invalid_request', error_description: 'client_id mismatch' },
    })
    const alone: oauth.ClientAuth = async (server, client, body, headers) => {
      await change(server, client, body, headers)
      body.delete('client_id')
    }
    expect(await exchange(rsa, parameters, alone)).toMatchObject({
      status: 401,
      body: { error: 'invalid_client' },
    })
    expect(told.at(-1)?.detail).toBe('iss (JWT issuer) must be the client_id')
  })

  test('for a key that is not the client’s', async () => {
    const stranger = await testClient('RS256')
    const parameters = codeParameters(await signIn(rsa))
    expect(await exchange(rsa, parameters, stranger.authenticate())).toMatchObject({ status: 401 })
    expect(told.at(-1)?.detail).toMatch(/signature/)
  })

  test('for a jti that was seen before, while the code stays good', async () => {
    const reused = rsa.authenticate((_header, claims) => {
      claims.jti = 'seen-twice'
    })
    expect((await exchange(rsa, codeParameters(await signIn(rsa)), reused)).status).toBe(200)
    const parameters = codeParameters(await signIn(rsa))
    expect(await exchange(rsa, parameters, reused)).toMatchObject({
      status: 401,
      body: { error: 'invalid_client' },
    })
    expect(told.at(-1)?.detail).toMatch(/only be used once/)
    expect((await exchange(rsa, parameters)).status).toBe(200)
  })

  test.each([
    ['none', oauth.None()],
    ['client_secret_post', oauth.ClientSecretPost('secret')],
    ['client_secret_basic', oauth.ClientSecretBasic('secret')],
    ['client_secret_jwt', oauth.ClientSecretJwt('secret')],
  ])('where the method is %s', async (_name, authenticate) => {
    const { status, body } = await exchange(rsa, codeParameters(await signIn(rsa)), authenticate)
    expect(status).toBeGreaterThanOrEqual(400)
    expect(['invalid_client', 'invalid_request']).toContain(body.error)
  })
})

test.each<[string, (claims: Record<string, unknown>) => void]>([
  ['the token endpoint as aud', claims => (claims.aud = as.token_endpoint)],
  ['a life of exactly five minutes', claims => (claims.exp = Number(claims.iat) + 300)],
  ['an iat two seconds ahead', claims => (claims.iat = now() + 2)],
])('a client assertion is taken with %s', async (_name, change) => {
  const authenticate = rsa.authenticate((_header, claims) => change(claims))
  expect((await exchange(rsa, codeParameters(await signIn(rsa)), authenticate)).status).toBe(200)
})

describe('PKCE', () => {
  test('a request without a challenge is refused, unless the client may', async () => {
    await expect(signIn(rsa, { pkce: false })).rejects.toMatchObject({ error: 'invalid_request' })
    const parameters = codeParameters(await signIn(lax, { pkce: false }))
    expect(parameters).not.toHaveProperty('code_verifier')
    expect((await exchange(lax, parameters)).status).toBe(200)
  })

  test.each(['plain', 's256'])(
    'the method %s is refused, also for a client that may leave it out',
    async code_challenge_method => {
      for (const client of [rsa, lax]) {
        await expect(signIn(client, { parameters: { code_challenge_method } })).rejects.toMatchObject({
          error: 'invalid_request',
        })
      }
    },
  )

  test.each([
    ['wrong', { code_verifier: oauth.generateRandomCodeVerifier() }, 'invalid_grant'],
    ['missing', { code_verifier: undefined }, 'invalid_grant'],
    ['too short', { code_verifier: 'short' }, 'invalid_request'],
  ])('a verifier that is %s is refused', async (_name, change, error) => {
    const all: Record<string, string | undefined> = { ...codeParameters(await signIn(rsa)), ...change }
    const parameters = Object.entries(all).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    )
    expect(await exchange(rsa, Object.fromEntries(parameters))).toMatchObject({
      status: 400,
      body: { error },
    })
  })
})

describe('the code', () => {
  test('works once, and its second use also ends the token of the first', async () => {
    const parameters = codeParameters(await signIn(rsa))
    const { body } = await exchange(rsa, parameters)
    expect(await exchange(rsa, parameters)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    const headers = { authorization: `Bearer ${body.access_token}` }
    expect((await send(as.userinfo_endpoint!, { headers })).status).toBe(401)
  })

  test('belongs to its client', async () => {
    expect(await exchange(lax, codeParameters(await signIn(rsa)))).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    })
  })

  test('belongs to its redirect_uri, also against another registered one', async () => {
    const redirect_uri = OTHER_URI
    const parameters = { ...codeParameters(await signIn(rsa)), redirect_uri }
    expect(await exchange(rsa, parameters)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
  })

  test('needs the redirect_uri even where only one is registered', async () => {
    const { redirect_uri: _left, ...parameters } = codeParameters(await signIn(lax))
    expect(await exchange(lax, parameters)).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
  })
})

describe('the authorization request', () => {
  test.each(['token', 'id_token', 'code id_token', 'none'])('the response_type %s is refused', async type => {
    await expect(signIn(rsa, { nonce: 'n', parameters: { response_type: type } })).rejects.toMatchObject({
      error: 'unsupported_response_type',
    })
  })

  test.each([
    ['redirect_uri', { redirect_uri: `${REDIRECT_URI}/more` }, 'invalid_redirect_uri'],
    ['client_id', { client_id: 'nobody' }, 'invalid_client'],
  ])('a wrong %s ends on a page, not at the app', async (_name, parameters, text) => {
    await expect(signIn(rsa, { parameters })).rejects.toMatchObject({
      error: 'page',
      status: 400,
      message: expect.stringContaining(text),
    })
  })

  test('a client with a scope list gets those and no others', async () => {
    const parameters = codeParameters(await signIn(lax, { scope: 'openid read:things' }))
    expect((await exchange(lax, parameters)).body.scope).toBe('openid read:things')
    await expect(signIn(lax, { scope: 'openid email' })).rejects.toMatchObject({ error: 'invalid_scope' })
  })
})

test('events name reasons and clients, and hold no code, verifier, token or assertion', async () => {
  const before = idp.events.length
  const sent: string[] = []
  const spy = rsa.authenticate()
  const authenticate: oauth.ClientAuth = async (server, client, body, headers) => {
    await spy(server, client, body, headers)
    sent.push(...body.values())
  }
  const parameters = codeParameters(await signIn(rsa, { scope: 'openid offline_access' }))
  const { body } = await exchange(rsa, parameters, authenticate)
  await exchange(rsa, parameters, authenticate)
  const wrong = rsa.authenticate((_header, claims) => {
    claims.iat = undefined
  })
  await exchange(rsa, parameters, wrong)
  await oauth.revocationRequest(as, rsa.client, wrong, String(body.access_token), INSECURE)

  const events = idp.events.slice(before)
  expect(events.map(({ type }) => type)).toEqual([
    'authorization.success',
    'grant.success',
    'grant.error',
    'grant.error',
    'revocation.error',
  ])
  expect(events[1]).toMatchObject({ client_id: 'client-RS256', grant_type: 'authorization_code' })
  expect(told.slice(-events.length)).toEqual(events)
  const secrets = [...sent, ...Object.values(body).map(String)].filter(value => value.length > 30)
  // code, verifier and two assertions; access, refresh and ID token
  expect(secrets.length).toBeGreaterThanOrEqual(7)
  const text = JSON.stringify(events)
  for (const secret of secrets.filter(value => !value.startsWith('urn:'))) expect(text).not.toContain(secret)
})
