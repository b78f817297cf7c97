import { jwtVerify } from 'jose'
import * as oauth from 'oauth4webapi'
import { afterAll, describe, expect, test } from 'vitest'
import { type ClientAuth, privateKeyJwt } from '../../../lib/oauth/client-auth.ts'
import { sourceOf } from '../../support/client.ts'
import { closeProviders, json, startProvider } from '../../support/fake-provider.ts'
import { testEachAlg, testKey, testSigner } from '../../support/keys.ts'

afterAll(closeProviders)

const insecure = { [oauth.allowInsecureRequests]: true }
const client: oauth.Client = { client_id: 'app-1' }
const redirect_uri = 'https://app.example.com/callback'
const code_verifier = oauth.generateRandomCodeVerifier()

/** oauth4webapi's own exchange, with our authentication where it takes its own. */
async function exchange(url: string, authenticate: oauth.ClientAuth): Promise<oauth.TokenEndpointResponse> {
  const as: oauth.AuthorizationServer = { issuer: url, token_endpoint: `${url}/token` }
  const callback = new URL(`${redirect_uri}?${new URLSearchParams({ code: 'a&client_id=evil', iss: url })}`)
  const parameters = oauth.validateAuthResponse(as, client, callback)
  const response = await oauth.authorizationCodeGrantRequest(
    as,
    client,
    authenticate,
    parameters,
    redirect_uri,
    code_verifier,
    insecure,
  )
  return oauth.processAuthorizationCodeResponse(as, client, response)
}

describe('privateKeyJwt in the place of the PrivateKeyJwt of oauth4webapi', () => {
  testEachAlg('%s: the request goes out and its assertion verifies', async alg => {
    const key = testKey(alg)
    const provider = await startProvider(response =>
      json(response, 200, { access_token: 'at-1', token_type: 'Bearer' }),
    )
    const authenticate: ClientAuth = privateKeyJwt(sourceOf(testSigner(key)))
    const tokens = await exchange(provider.url, authenticate)
    expect(tokens.access_token).toBe('at-1')

    const form = new URLSearchParams(provider.requests[0]!.body)
    const { client_assertion = '', ...rest } = Object.fromEntries(form)
    expect(rest).toEqual({
      grant_type: 'authorization_code',
      code: 'a&client_id=evil',
      redirect_uri,
      code_verifier,
      client_id: 'app-1',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    })
    await jwtVerify(client_assertion, key.publicKey, {
      algorithms: [alg],
      audience: provider.url,
      issuer: 'app-1',
      subject: 'app-1',
      typ: 'client-authentication+jwt',
      maxTokenAge: '60s',
      requiredClaims: ['jti', 'exp', 'iat'],
    })
  })

  test('the claims are those that oauth4webapi itself makes, but for nbf', async () => {
    const bodies: URLSearchParams[] = []
    const provider = await startProvider((response, { body }) => {
      bodies.push(new URLSearchParams(body))
      json(response, 200, { access_token: 'at-1', token_type: 'Bearer' })
    })
    const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])
    await exchange(provider.url, oauth.PrivateKeyJwt(pair.privateKey))
    await exchange(provider.url, privateKeyJwt(sourceOf(testSigner(testKey('ES256')))))

    const claims = bodies.map(body =>
      JSON.parse(Buffer.from(body.get('client_assertion')!.split('.')[1]!, 'base64url').toString()),
    )
    const [theirs, own] = claims.map(({ jti, iat, exp, ...rest }) => ({
      ...rest,
      lifetime: exp - iat,
      jti: typeof jti,
    }))
    const { nbf, ...comparable } = theirs!
    expect(own).toEqual(comparable)
    expect(nbf).toBeTypeOf('number')
  })
})
