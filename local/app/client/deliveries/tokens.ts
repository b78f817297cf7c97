import { InMemoryWebStorage, type User, UserManager, WebStorageStateStore } from 'oidc-client-ts'
import { addressOf, type Held, type Make } from './delivery.ts'

/** An OAuth library as it is: all tokens come to the page, and a reload loses them. */
export const tokens: Make = ({ issuer, gateway, api }) => {
  const manager = new UserManager({
    authority: issuer,
    metadataSeed: { token_endpoint: `${gateway}/token`, revocation_endpoint: `${gateway}/revoke` },
    client_id: 'tokens',
    redirect_uri: addressOf('tokens'),
    scope: 'openid profile offline_access',
    userStore: new WebStorageStateStore({ store: new InMemoryWebStorage() }),
  })
  const held = (user: User | null | undefined): Held | undefined =>
    user
      ? {
          sub: user.profile.sub,
          access_token: user.access_token,
          refresh_token: user.refresh_token,
          id_token: user.id_token,
        }
      : undefined

  /** Once, however often it is asked for: a code is good for one exchange. */
  let returned: Promise<User | null | undefined> | undefined
  const finish = () => {
    const url = location.href
    history.replaceState(null, '', addressOf('tokens'))
    return manager.signinCallback(url)
  }
  return {
    signIn: () => manager.signinRedirect(),
    async current() {
      if (new URLSearchParams(location.search).has('state')) returned = finish()
      await returned
      return held(await manager.getUser())
    },
    refresh: async () => held(await manager.signinSilent()),
    async call() {
      const user = await manager.getUser()
      return fetch(`${api}/me`, { headers: { authorization: `Bearer ${user?.access_token}` } })
    },
    async signOut() {
      await manager.revokeTokens()
      await manager.removeUser()
    },
  }
}
