import * as openid from 'openid-client'

// openid-client in a native app or a command: no browser around it, and no Origin.

export interface NativeApp {
  issuer: string
  /** Where the function is. */
  proxy: string
  client_id: string
  redirect_uri: string
}

export async function startApp({ issuer, proxy, client_id, redirect_uri }: NativeApp) {
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
      device_authorization_endpoint: `${proxy}/device_authorization`,
    },
    client_id,
    undefined,
    openid.None(),
  )

  const code_verifier = openid.randomPKCECodeVerifier()
  const state = openid.randomState()

  const signIn = async () =>
    openid.buildAuthorizationUrlWithPAR(config, {
      redirect_uri,
      scope: 'openid offline_access',
      // OpenID Connect Core 11: for offline_access a provider may insist on it.
      prompt: 'consent',
      state,
      code_challenge: await openid.calculatePKCECodeChallenge(code_verifier),
      code_challenge_method: 'S256',
    })

  const finish = (callback: URL) =>
    openid.authorizationCodeGrant(config, callback, {
      pkceCodeVerifier: code_verifier,
      expectedState: state,
      idTokenExpected: true,
    })

  const refresh = (token: string) => openid.refreshTokenGrant(config, token)
  const revoke = (token: string) => openid.tokenRevocation(config, token)

  const device = () => openid.initiateDeviceAuthorization(config, { scope: 'openid' })
  const poll = (started: Awaited<ReturnType<typeof device>>) =>
    openid.pollDeviceAuthorizationGrant(config, started)
  // #endregion

  openid.allowInsecureRequests(config)
  return { state, signIn, finish, refresh, revoke, device, poll }
}

/** DPoP: the provider's metadata stay as they are, and so do the URLs in the proofs; the requests go to ours. */
export async function startBoundApp({ issuer, proxy, client_id, redirect_uri }: NativeApp) {
  const config = await openid.discovery(new URL(issuer), client_id, undefined, openid.None(), {
    execute: [openid.allowInsecureRequests],
  })
  const ours: Record<string, string> = { [config.serverMetadata().token_endpoint!]: `${proxy}/token` }
  config[openid.customFetch] = (url, init) => fetch(ours[url] ?? url, init as RequestInit)
  const DPoP = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair())

  const code_verifier = openid.randomPKCECodeVerifier()
  const state = openid.randomState()
  return {
    state,
    signIn: async () =>
      openid.buildAuthorizationUrl(config, {
        redirect_uri,
        scope: 'openid offline_access',
        state,
        code_challenge: await openid.calculatePKCECodeChallenge(code_verifier),
        code_challenge_method: 'S256',
      }),
    finish: (callback: URL) =>
      openid.authorizationCodeGrant(
        config,
        callback,
        { pkceCodeVerifier: code_verifier, expectedState: state },
        undefined,
        { DPoP },
      ),
    refresh: (token: string) => openid.refreshTokenGrant(config, token, undefined, { DPoP }),
  }
}
