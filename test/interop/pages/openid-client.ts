import * as openid from 'openid-client'
import { client_id, issuer, proxy, redirect_uri, run, type Tokens } from './shell.ts'

// The provider is on loopback, without TLS.
const options = { execute: [openid.allowInsecureRequests] }

// #region docs
const discovered = await openid.discovery(new URL(issuer), client_id, undefined, openid.None(), options)
const config = new openid.Configuration(
  {
    ...(discovered.serverMetadata() as openid.ServerMetadata),
    token_endpoint: `${proxy}/token`,
    revocation_endpoint: `${proxy}/revoke`,
    pushed_authorization_request_endpoint: `${proxy}/par`,
  },
  client_id,
  undefined,
  openid.None(),
)

async function signIn() {
  const code_verifier = openid.randomPKCECodeVerifier()
  const state = openid.randomState()
  sessionStorage.setItem('sign-in', JSON.stringify({ code_verifier, state }))
  const url = openid.buildAuthorizationUrl(config, {
    redirect_uri,
    scope: 'openid offline_access',
    state,
    code_challenge: await openid.calculatePKCECodeChallenge(code_verifier),
    code_challenge_method: 'S256',
  })
  location.assign(url)
}

function finish() {
  const { code_verifier, state } = JSON.parse(sessionStorage.getItem('sign-in')!)
  return openid.authorizationCodeGrant(config, new URL(location.href), {
    pkceCodeVerifier: code_verifier,
    expectedState: state,
    idTokenExpected: true,
  })
}

const refresh = (token: string) => openid.refreshTokenGrant(config, token)
const revoke = (token: string) => openid.tokenRevocation(config, token)
// #endregion
openid.allowInsecureRequests(config)

type Answer = openid.TokenEndpointResponse & openid.TokenEndpointResponseHelpers
let held: Answer

const shown = async (answer: Promise<Answer>): Promise<Tokens> => {
  held = await answer
  const { access_token, refresh_token, token_type } = held
  return { access_token, refresh_token, token_type, sub: held.claims()?.sub }
}

run({
  signIn,
  finish: () => shown(finish()),
  refresh: () => shown(refresh(held.refresh_token!)),
  revoke: () => revoke(held.refresh_token!),
})
