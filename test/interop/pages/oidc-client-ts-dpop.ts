import { IndexedDbDPoPStore, UserManager } from 'oidc-client-ts'
import { client_id, issuer, proxy, redirect_uri, run, type Tokens, way } from './shell.ts'

// The library's own DPoP, which signs for the URL that it posts to.

const manager = new UserManager({
  authority: issuer,
  // Or not told of us at all: then it posts to the provider's own URL, and something on the way sends it here.
  ...(way !== 'same url' && { metadataSeed: { token_endpoint: `${proxy}/token` } }),
  client_id,
  redirect_uri,
  scope: 'openid offline_access',
  dpop: { store: new IndexedDbDPoPStore() },
})

const shown = async (user: ReturnType<typeof manager.signinSilent>): Promise<Tokens> => {
  const { access_token, refresh_token, token_type, profile } = (await user)!
  return { access_token, refresh_token, token_type, sub: profile.sub }
}

run({
  signIn: () => manager.signinRedirect(),
  finish: () => shown(manager.signinRedirectCallback()),
  refresh: () => shown(manager.signinSilent()),
})
