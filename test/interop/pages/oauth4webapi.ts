import * as oauth from 'oauth4webapi'
import { client_id, issuer, proxy, redirect_uri, run, type Tokens } from './shell.ts'

// The provider is on loopback, without TLS.
const options = { [oauth.allowInsecureRequests]: true }

// #region docs
const discovered = await oauth
  .discoveryRequest(new URL(issuer), options)
  .then(response => oauth.processDiscoveryResponse(new URL(issuer), response))
const as = {
  ...discovered,
  token_endpoint: `${proxy}/token`,
  revocation_endpoint: `${proxy}/revoke`,
  pushed_authorization_request_endpoint: `${proxy}/par`,
}
const client = { client_id }

async function signIn() {
  const code_verifier = oauth.generateRandomCodeVerifier()
  const state = oauth.generateRandomState()
  const nonce = oauth.generateRandomNonce()
  sessionStorage.setItem('sign-in', JSON.stringify({ code_verifier, state, nonce }))
  const request = {
    response_type: 'code',
    redirect_uri,
    scope: 'openid offline_access',
    // OpenID Connect Core 11: for offline_access a provider may insist on it.
    prompt: 'consent',
    state,
    nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(code_verifier),
    code_challenge_method: 'S256',
  }
  const answer = await oauth.pushedAuthorizationRequest(as, client, oauth.None(), request, options)
  const { request_uri } = await oauth.processPushedAuthorizationResponse(as, client, answer)
  const query = new URLSearchParams({ client_id, request_uri })
  location.assign(`${as.authorization_endpoint}?${query}`)
}

async function finish() {
  const { code_verifier, state, nonce } = JSON.parse(sessionStorage.getItem('sign-in')!)
  const code = oauth.validateAuthResponse(as, client, new URL(location.href), state)
  const answer = await oauth.authorizationCodeGrantRequest(
    as,
    client,
    oauth.None(),
    code,
    redirect_uri,
    code_verifier,
    options,
  )
  return oauth.processAuthorizationCodeResponse(as, client, answer, { expectedNonce: nonce })
}

async function refresh(token: string) {
  const answer = await oauth.refreshTokenGrantRequest(as, client, oauth.None(), token, options)
  return oauth.processRefreshTokenResponse(as, client, answer)
}

async function revoke(token: string) {
  await oauth.processRevocationResponse(
    await oauth.revocationRequest(as, client, oauth.None(), token, options),
  )
}
// #endregion

let held: oauth.TokenEndpointResponse

const shown = async (answer: Promise<oauth.TokenEndpointResponse>): Promise<Tokens> => {
  held = await answer
  const { access_token, refresh_token, token_type } = held
  return { access_token, refresh_token, token_type, sub: oauth.getValidatedIdTokenClaims(held)?.sub }
}

run({
  signIn,
  finish: () => shown(finish()),
  refresh: () => shown(refresh(held.refresh_token!)),
  revoke: () => revoke(held.refresh_token!),
})
