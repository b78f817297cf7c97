import {
  AuthorizationNotifier,
  AuthorizationRequest,
  AuthorizationServiceConfiguration,
  BaseTokenRequestHandler,
  BasicQueryStringUtils,
  FetchRequestor,
  GRANT_TYPE_AUTHORIZATION_CODE,
  GRANT_TYPE_REFRESH_TOKEN,
  LocalStorageBackend,
  type LocationLike,
  RedirectRequestHandler,
  RevokeTokenRequest,
  TokenRequest,
  type TokenResponse,
} from '@openid/appauth'
import { client_id, issuer, proxy, redirect_uri, run, type Tokens } from './shell.ts'

// #region docs
const configuration = new AuthorizationServiceConfiguration({
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${proxy}/token`,
  revocation_endpoint: `${proxy}/revoke`,
})

// AppAuth looks for the code behind the #, where no provider puts it unless asked to.
class InQuery extends BasicQueryStringUtils {
  override parse = (location: LocationLike) => this.parseQueryString(location.search)
}
const handler = new RedirectRequestHandler(new LocalStorageBackend(), new InQuery())
const tokens = new BaseTokenRequestHandler(new FetchRequestor())

const signIn = () =>
  handler.performAuthorizationRequest(
    configuration,
    new AuthorizationRequest({
      client_id,
      redirect_uri,
      response_type: AuthorizationRequest.RESPONSE_TYPE_CODE,
      scope: 'openid offline_access',
    }),
  )

const finish = () =>
  new Promise<TokenResponse>((resolve, reject) => {
    const notifier = new AuthorizationNotifier()
    notifier.setAuthorizationListener((request, response, error) => {
      if (!response) return reject(error)
      const { code } = response
      const extras = { code_verifier: request.internal!.code_verifier! }
      const grant_type = GRANT_TYPE_AUTHORIZATION_CODE
      const exchange = new TokenRequest({ grant_type, code, client_id, redirect_uri, extras })
      resolve(tokens.performTokenRequest(configuration, exchange))
    })
    handler.setAuthorizationNotifier(notifier)
    handler.completeAuthorizationRequestIfPossible()
  })

const refresh = (refresh_token: string) =>
  tokens.performTokenRequest(
    configuration,
    new TokenRequest({ grant_type: GRANT_TYPE_REFRESH_TOKEN, refresh_token, client_id, redirect_uri }),
  )

const revoke = (token: string) =>
  tokens.performRevokeTokenRequest(
    configuration,
    new RevokeTokenRequest({ token, token_type_hint: 'refresh_token', client_id }),
  )
// #endregion

let held: TokenResponse

const shown = async (answer: Promise<TokenResponse>): Promise<Tokens> => {
  held = await answer
  return {
    access_token: held.accessToken,
    refresh_token: held.refreshToken,
    token_type: held.tokenType,
    // AppAuth does not look into the ID token.
    sub: JSON.parse(atob(held.idToken!.split('.')[1]!.replaceAll('-', '+').replaceAll('_', '/'))).sub,
  }
}

run({
  signIn: async () => signIn(),
  finish: () => shown(finish()),
  refresh: () => shown(refresh(held.refreshToken!)),
  revoke: () => revoke(held.refreshToken!),
})
