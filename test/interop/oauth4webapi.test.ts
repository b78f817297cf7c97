import { PassThrough } from 'node:stream'
import * as oauth from 'oauth4webapi'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Stack, startStack } from '../../local/stack.ts'
import { createBrowser } from '../support/sign-in.ts'

// An unmodified OAuth library that believes itself a public client, its token endpoint pointed at ours.

let stack: Stack
beforeAll(async () => {
  stack = await startStack({ port: 0, log: new PassThrough().resume() })
})
afterAll(() => stack.close())

test('DROP-1: discovery at the provider, its token endpoint replaced, and everything the library checks holds', async () => {
  const { issuer: identifier, gateway, clients } = stack.description
  const { client_id, redirect_uri, origin } = clients[1]!
  const issuer = new URL(identifier)
  const insecure = { [oauth.allowInsecureRequests]: true }
  const discovered = await oauth.processDiscoveryResponse(
    issuer,
    await oauth.discoveryRequest(issuer, insecure),
  )
  const as = { ...discovered, token_endpoint: `${gateway}/token` }
  const client = { client_id }

  const nonce = oauth.generateRandomNonce()
  const signIn = await createBrowser().signIn({
    issuer: identifier,
    client_id,
    redirect_uri,
    nonce,
    scope: 'openid profile',
  })
  const callback = new URL(
    `${redirect_uri}?${new URLSearchParams({ code: signIn.code, state: signIn.state, iss: identifier })}`,
  )
  const parameters = oauth.validateAuthResponse(as, client, callback, signIn.state)
  const response = await oauth.authorizationCodeGrantRequest(
    as,
    client,
    oauth.None(),
    parameters,
    redirect_uri,
    signIn.code_verifier,
    {
      ...insecure,
      // A browser adds it by itself.
      [oauth.customFetch]: (url, init) =>
        fetch(url, { ...(init as RequestInit), headers: { ...init.headers, origin } }),
    },
  )
  const tokens = await oauth.processAuthorizationCodeResponse(as, client, response, {
    expectedNonce: nonce,
    requireIdToken: true,
  })
  expect(tokens.token_type).toBe('bearer')
  expect(oauth.getValidatedIdTokenClaims(tokens)).toMatchObject({ iss: identifier, aud: client_id, nonce })
})
