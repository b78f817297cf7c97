import * as oauth from 'oauth4webapi'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type IdentityProvider, startIdentityProvider } from '../../../local/idp/provider.ts'
import { ALGS_HERE, testEachAlg } from '../../support/keys.ts'
import { createBrowser, type SignIn, send } from '../../support/sign-in.ts'
import {
  codeParameters,
  discover,
  INSECURE,
  REDIRECT_URI,
  type TestClient,
  testClient,
  tokenRequest,
} from './client.ts'

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'

let idp: IdentityProvider
let as: oauth.AuthorizationServer
let clients: Map<string, TestClient>
let device: TestClient

function signIn(client_id: string, more: { scope?: string; nonce?: string } = {}): Promise<SignIn> {
  return createBrowser().signIn({ issuer: idp.issuer, client_id, redirect_uri: REDIRECT_URI, ...more })
}

beforeAll(async () => {
  const all = await Promise.all(ALGS_HERE.map(alg => testClient(alg)))
  clients = new Map(all.map(client => [client.registration.alg, client]))
  device = await testClient('ES256', { client_id: 'device', grant_types: ['authorization_code', DEVICE] })
  idp = await startIdentityProvider({
    port: 0,
    clients: [...all, device].map(({ registration }) => registration),
  })
  as = await discover(idp)
})

afterAll(() => idp.close())

describe('layout', () => {
  test('the issuer and its endpoints are laid out as those of PingOne', () => {
    expect(idp.issuer).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[0-9a-f-]{36}\/as$/)
    expect(as).toMatchObject({
      issuer: idp.issuer,
      authorization_endpoint: `${idp.issuer}/authorize`,
      token_endpoint: `${idp.issuer}/token`,
      jwks_uri: `${idp.issuer}/jwks`,
      userinfo_endpoint: `${idp.issuer}/userinfo`,
      revocation_endpoint: `${idp.issuer}/revoke`,
      introspection_endpoint: `${idp.issuer}/introspect`,
      pushed_authorization_request_endpoint: `${idp.issuer}/par`,
      device_authorization_endpoint: `${idp.issuer}/device_authorization`,
      end_session_endpoint: `${idp.issuer}/signoff`,
    })
  })

  test('discovery announces the strict rules', () => {
    expect(as).toMatchObject({
      response_types_supported: ['code'],
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: ['private_key_jwt'],
      authorization_response_iss_parameter_supported: true,
    })
    expect(as.token_endpoint_auth_signing_alg_values_supported?.toSorted()).toEqual(ALGS_HERE.toSorted())
  })

  test('every URL of the document is the issuer’s, whatever the Host header says', async () => {
    const { body } = await send(`${idp.issuer}/.well-known/openid-configuration`, {
      headers: { host: 'evil.example' },
    })
    expect(body).not.toContain('evil.example')
    expect(JSON.parse(body).token_endpoint).toBe(as.token_endpoint)
  })

  test.each([
    '',
    '/',
    '/token',
    '{as}',
    '{as}/',
    '{as}/token/',
    '{as}/TOKEN',
    '{as}/auth',
    '{as}/reg',
    '{as}/.well-known/oauth-authorization-server',
    '/00000000-0000-4000-8000-000000000000/as/token',
  ])('another path is not found: %s', async path => {
    const { origin, pathname } = new URL(idp.issuer)
    expect((await send(origin + path.replace('{as}', pathname))).status).toBe(404)
  })
})

describe('the code flow', () => {
  testEachAlg('an assertion of %s turns a code into tokens', async alg => {
    const { client, authenticate } = clients.get(alg)!
    const nonce = oauth.generateRandomNonce()
    const { code, code_verifier, state, iss } = await signIn(client.client_id, {
      scope: 'openid email',
      nonce,
    })
    const callback = new URL(REDIRECT_URI)
    callback.search = new URLSearchParams({ code, state, ...(iss === undefined ? {} : { iss }) }).toString()
    const parameters = oauth.validateAuthResponse(as, client, callback, state)

    const response = await oauth.authorizationCodeGrantRequest(
      as,
      client,
      authenticate(),
      parameters,
      REDIRECT_URI,
      code_verifier,
      INSECURE,
    )
    const tokens = await oauth.processAuthorizationCodeResponse(as, client, response, {
      expectedNonce: nonce,
      requireIdToken: true,
    })
    await oauth.validateApplicationLevelSignature(as, response, INSECURE)

    expect(oauth.getValidatedIdTokenClaims(tokens)?.sub).toBe('alice')
    expect(tokens).not.toHaveProperty('refresh_token')
    const info = await oauth.userInfoRequest(as, client, tokens.access_token, INSECURE)
    expect(await oauth.processUserInfoResponse(as, client, 'alice', info)).toMatchObject({
      sub: 'alice',
      email: 'alice@example.com',
    })
  })

  test('without openid there is an access token and no ID token', async () => {
    const { client, authenticate } = clients.get('RS256')!
    const parameters = codeParameters(await signIn(client.client_id, { scope: 'profile' }))
    const { status, body } = await tokenRequest(as, client, authenticate(), parameters)
    expect(status).toBe(200)
    expect(Object.keys(body).toSorted()).toEqual(['access_token', 'expires_in', 'scope', 'token_type'])
  })

  test('offline_access brings a refresh token, which rotates and works once', async () => {
    const { client, authenticate } = clients.get('ES256')!
    const parameters = codeParameters(await signIn(client.client_id, { scope: 'openid offline_access' }))
    const { body } = await tokenRequest(as, client, authenticate(), parameters)
    const first = String(body.refresh_token)
    const refresh = (refresh_token: string) =>
      tokenRequest(as, client, authenticate(), { refresh_token }, 'refresh_token')

    const second = await refresh(first)
    expect(second.status).toBe(200)
    expect(second.body.refresh_token).toEqual(expect.any(String))
    expect(second.body.refresh_token).not.toBe(first)

    expect(await refresh(first)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    // RFC 9700 section 4.14.2: reuse ends the whole family.
    expect((await refresh(String(second.body.refresh_token))).status).toBe(400)
  })

  test('with a grace period a used refresh token gives tokens once more, and the family lives on', async () => {
    const { client, registration, authenticate } = clients.get('ES256')!
    const lenient = await startIdentityProvider({ port: 0, refresh_grace_s: 60, clients: [registration] })
    try {
      const here = await discover(lenient)
      const { issuer } = lenient
      const scope = 'openid offline_access'
      const walk = createBrowser().signIn({
        issuer,
        client_id: client.client_id,
        redirect_uri: REDIRECT_URI,
        scope,
      })
      const { body } = await tokenRequest(here, client, authenticate(), codeParameters(await walk))
      const refresh = async (refresh_token: unknown) => {
        const given = { refresh_token: String(refresh_token) }
        const outcome = await tokenRequest(here, client, authenticate(), given, 'refresh_token')
        expect([outcome.status, outcome.body.error]).toEqual([200, undefined])
        return outcome.body.refresh_token
      }
      const made = [await refresh(body.refresh_token), await refresh(body.refresh_token)]
      made.push(await refresh(made[0]), await refresh(made[1]))
      expect(new Set([body.refresh_token, ...made]).size).toBe(5)
    } finally {
      await lenient.close()
    }
  })
})

describe('the other endpoints answer', () => {
  async function accessToken({ client, authenticate }: TestClient): Promise<string> {
    const parameters = codeParameters(await signIn(client.client_id))
    return String((await tokenRequest(as, client, authenticate(), parameters)).body.access_token)
  }

  test('/introspect and /revoke know an access token of the client', async () => {
    const { client, authenticate } = clients.get('RS256')!
    const token = await accessToken(clients.get('RS256')!)
    const introspect = async (by: TestClient) =>
      oauth.processIntrospectionResponse(
        as,
        by.client,
        await oauth.introspectionRequest(as, by.client, by.authenticate(), token, INSECURE),
      )
    expect(await introspect(clients.get('RS256')!)).toMatchObject({
      active: true,
      client_id: client.client_id,
    })
    expect(await introspect(clients.get('ES256')!)).toEqual({ active: false })

    await oauth.processRevocationResponse(
      await oauth.revocationRequest(as, client, authenticate(), token, INSECURE),
    )
    expect(await introspect(clients.get('RS256')!)).toEqual({ active: false })
  })

  test('/par takes an authorization request that /authorize then knows', async () => {
    const { client, authenticate } = clients.get('PS256')!
    const parameters = {
      response_type: 'code',
      redirect_uri: REDIRECT_URI,
      scope: 'openid',
      state: 'pushed',
      code_challenge: await oauth.calculatePKCECodeChallenge(oauth.generateRandomCodeVerifier()),
      code_challenge_method: 'S256',
    }
    const response = await oauth.pushedAuthorizationRequest(as, client, authenticate(), parameters, INSECURE)
    const pushed = await oauth.processPushedAuthorizationResponse(as, client, response)
    const { client_id } = client
    const url = `${as.authorization_endpoint}?${new URLSearchParams({ client_id, request_uri: pushed.request_uri })}`
    expect((await send(url)).headers.location).toMatch(/\/as\/signon\//)
  })

  test('/par keeps offline_access without a prompt, as /authorize does', async () => {
    const { client, authenticate } = clients.get('PS256')!
    const code_verifier = oauth.generateRandomCodeVerifier()
    const parameters = {
      response_type: 'code',
      redirect_uri: REDIRECT_URI,
      scope: 'openid offline_access',
      state: 'pushed',
      code_challenge: await oauth.calculatePKCECodeChallenge(code_verifier),
      code_challenge_method: 'S256',
    }
    const response = await oauth.pushedAuthorizationRequest(as, client, authenticate(), parameters, INSECURE)
    const { request_uri } = await oauth.processPushedAuthorizationResponse(as, client, response)
    const { client_id } = client
    const pushed = { request_uri, state: 'pushed' }
    const { code } = await createBrowser().signIn({
      issuer: idp.issuer,
      client_id,
      redirect_uri: REDIRECT_URI,
      pushed,
    })
    const given = { code, code_verifier, redirect_uri: REDIRECT_URI }
    const { body } = await tokenRequest(as, client, authenticate(), given)
    expect(body.refresh_token).toEqual(expect.any(String))
  })

  test('/device_authorization starts a device flow', async () => {
    const { client, authenticate } = device
    const response = await oauth.deviceAuthorizationRequest(
      as,
      client,
      authenticate(),
      { scope: 'openid' },
      INSECURE,
    )
    const started = await oauth.processDeviceAuthorizationResponse(as, client, response)
    expect(started.verification_uri).toBe(`${idp.issuer}/device`)
    expect(
      await tokenRequest(as, client, authenticate(), { device_code: started.device_code }, DEVICE),
    ).toMatchObject({ status: 400, body: { error: 'authorization_pending' } })
  })

  test('/jwks holds two public keys', async () => {
    const { keys } = JSON.parse((await send(as.jwks_uri!)).body)
    expect(keys.map((key: { alg: string }) => key.alg)).toEqual(['RS256', 'ES256'])
    for (const key of keys) expect(key).not.toHaveProperty('d')
  })
})
