import { UserManager } from 'oidc-client-ts'
import { client_id, issuer, proxy, redirect_uri, run, type Tokens } from './shell.ts'

// #region docs
const manager = new UserManager({
  authority: issuer,
  metadataSeed: { token_endpoint: `${proxy}/token`, revocation_endpoint: `${proxy}/revoke` },
  client_id,
  redirect_uri,
  scope: 'openid offline_access',
})

const signIn = () => manager.signinRedirect()
const finish = () => manager.signinCallback()
const refresh = () => manager.signinSilent()
const revoke = () => manager.revokeTokens()
// #endregion

const shown = async (user: ReturnType<typeof finish>): Promise<Tokens> => {
  const { access_token, refresh_token, token_type, profile } = (await user)!
  return { access_token, refresh_token, token_type, sub: profile.sub }
}

run({
  signIn,
  finish: () => shown(finish()),
  refresh: () => shown(refresh() as ReturnType<typeof finish>),
  revoke,
})
