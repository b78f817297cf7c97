import * as oauth from 'oauth4webapi'
import { client_id, issuer, proxy, redirect_uri, run, type Tokens } from './shell.ts'

// The provider is on loopback, without TLS.
const options = { [oauth.allowInsecureRequests]: true }

const as = await oauth
  .discoveryRequest(new URL(issuer), options)
  .then(response => oauth.processDiscoveryResponse(new URL(issuer), response))
const client: oauth.Client = { client_id }

// #region docs
// `as` is as the provider's discovery gave it: the proofs name the provider's URLs, and the requests go to ours.
const ours: Record<string, string> = {
  [as.token_endpoint!]: `${proxy}/token`,
  [as.revocation_endpoint!]: `${proxy}/revoke`,
}
const toProxy = {
  ...options,
  [oauth.customFetch]: (url: string, init: object) => fetch(ours[url] ?? url, init),
}
const key = oauth.DPoP(client, await oauth.generateKeyPair('ES256'))

/** The provider may ask for a nonce, once: the same again then has one. */
const withNonce = (send: () => Promise<oauth.TokenEndpointResponse>) =>
  send().catch(error => (oauth.isDPoPNonceError(error) ? send() : Promise.reject(error)))

const exchange = (code: URLSearchParams, code_verifier: string) =>
  withNonce(async () => {
    const dpop = { ...toProxy, DPoP: key }
    const answer = await oauth.authorizationCodeGrantRequest(
      as,
      client,
      oauth.None(),
      code,
      redirect_uri,
      code_verifier,
      dpop,
    )
    return oauth.processAuthorizationCodeResponse(as, client, answer)
  })

const refresh = (token: string) =>
  withNonce(async () => {
    const dpop = { ...toProxy, DPoP: key }
    const answer = await oauth.refreshTokenGrantRequest(as, client, oauth.None(), token, dpop)
    return oauth.processRefreshTokenResponse(as, client, answer)
  })
// #endregion

const KEPT = 'sign-in'

async function signIn() {
  const code_verifier = oauth.generateRandomCodeVerifier()
  const state = oauth.generateRandomState()
  sessionStorage.setItem(KEPT, JSON.stringify({ code_verifier, state }))
  const query = new URLSearchParams({
    client_id,
    response_type: 'code',
    redirect_uri,
    scope: 'openid offline_access',
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(code_verifier),
    code_challenge_method: 'S256',
  })
  location.assign(`${as.authorization_endpoint}?${query}`)
}

let held: oauth.TokenEndpointResponse

const shown = async (answer: Promise<oauth.TokenEndpointResponse>): Promise<Tokens> => {
  held = await answer
  const { access_token, refresh_token, token_type } = held
  return { access_token, refresh_token, token_type, sub: oauth.getValidatedIdTokenClaims(held)?.sub }
}

run({
  signIn,
  async finish() {
    const { code_verifier, state } = JSON.parse(sessionStorage.getItem(KEPT)!)
    return shown(
      exchange(oauth.validateAuthResponse(as, client, new URL(location.href), state), code_verifier),
    )
  },
  refresh: () => shown(refresh(held.refresh_token!)),
})
