import { UserManager } from 'oidc-client-ts'
import { client_id, issuer, proxy, redirect_uri, run, type Tokens } from './shell.ts'

// Where the registration lets no refresh token through.

const manager = new UserManager({
  authority: issuer,
  metadataSeed: { token_endpoint: `${proxy}/token` },
  client_id,
  redirect_uri,
  scope: 'openid offline_access',
})

const shown = async (user: ReturnType<typeof manager.signinSilent>): Promise<Tokens> => {
  const { access_token, refresh_token, token_type, profile } = (await user)!
  return { access_token, refresh_token, token_type, sub: profile.sub }
}

// To renew, the library opens its redirect_uri in a frame, by way of the provider: there is nothing to draw there.
if (self !== top) manager.signinSilentCallback()
else {
  run({
    signIn: () => manager.signinRedirect(),
    finish: () => shown(manager.signinRedirectCallback()),
    refresh: () => shown(manager.signinSilent()),
  })
}
