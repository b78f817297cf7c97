import { StrictMode, useEffect, useRef } from 'react'
import { createRoot } from 'react-dom/client'
import { AuthProvider, type AuthProviderProps, useAuth } from 'react-oidc-context'
import { client_id, issuer, proxy, redirect_uri, show, told } from './shell.ts'

// #region docs
const settings = {
  authority: issuer,
  metadataSeed: { token_endpoint: `${proxy}/token`, revocation_endpoint: `${proxy}/revoke` },
  client_id,
  redirect_uri,
  scope: 'openid offline_access',
  // A reload must not send the code again.
  onSigninCallback: () => history.replaceState(null, '', '/'),
}

const App = ({ children }: Pick<AuthProviderProps, 'children'>) => (
  <AuthProvider {...settings}>{children}</AuthProvider>
)

function Account() {
  const auth = useAuth()
  if (auth.error) return <p role="alert">{auth.error.message}</p>
  if (!auth.user)
    return (
      <button type="button" onClick={() => auth.signinRedirect()}>
        Sign in
      </button>
    )
  return (
    <>
      <p>Signed in as {auth.user.profile.sub}</p>
      <button type="button" onClick={() => auth.signinSilent()}>
        Refresh
      </button>
      <button type="button" onClick={() => auth.revokeTokens()}>
        Revoke
      </button>
    </>
  )
}
// #endregion

/** Draws nothing: it tells the test what the library holds. */
function Shown() {
  const { user, error, isLoading } = useAuth()
  const first = useRef<string>(undefined)
  useEffect(() => {
    if (error) return show('failed', told(error.innerError ?? error))
    if (!user) return isLoading ? undefined : show('ready')
    const { access_token, refresh_token, token_type, profile } = user
    first.current ??= access_token
    const refreshed = access_token === first.current ? 'signed-in' : 'refreshed'
    show(refresh_token ? refreshed : 'revoked', { access_token, refresh_token, token_type, sub: profile.sub })
  }, [user, error, isLoading])
  return null
}

createRoot(document.querySelector('#root')!).render(
  <StrictMode>
    <App>
      <Account />
      <Shown />
    </App>
  </StrictMode>,
)
