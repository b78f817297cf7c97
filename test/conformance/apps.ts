import * as oauth from 'oauth4webapi'
import type { GatewayResult } from '../../functions/shell.ts'
import type { Alg } from '../../lib/jose/algorithms.ts'
import { event, REDIRECT_URI, type TestFunction } from '../support/function.ts'
import { TestBrowser } from '../support/session.ts'
import { type RelyingParty, type SigningAlg, startRelyingParty } from './relying-party.ts'
import type { Server } from './server.ts'

// The suite tests a client as a whole. In the delivery `tokens` half of it is the app, whose part an unmodified library plays;
// in `mediated` the browser has none.

export interface App {
  party: RelyingParty
  /** True where tokens, or a session, have come of it. */
  signIn(): Promise<boolean>
  /** An access token that is new. */
  refresh(): Promise<string>
  /** What kept the library from going on, where it was that. */
  error: unknown
  /** The last answer that the app got. */
  answer: GatewayResult | undefined
}

export interface AppOptions {
  /** Of client assertions. */
  alg?: SigningAlg
  /** Of ID tokens. */
  idTokenAlg?: Alg
  dpop?: boolean
  over?: Record<string, unknown>
}

/** Delivery `tokens`: oauth4webapi, which is told nothing but that there is a `fetch` of the page's own. */
export async function startPage(
  server: Server,
  { alg, idTokenAlg = 'PS256', dpop = true, over }: AppOptions = {},
): Promise<App> {
  const refreshing = {
    grant_types: ['authorization_code', 'refresh_token'],
    refresh: dpop ? 'dpop' : 'rotating',
  }
  const party = await startRelyingParty(server, { ...(alg && { alg }), over: { ...refreshing, ...over } })
  const as = {
    ...server.metadata,
    issuer: server.issuer,
    authorization_response_iss_parameter_supported: true,
  }
  const client: oauth.Client = { client_id: 'app-1', id_token_signed_response_alg: idTokenAlg }
  const proofs = dpop ? { DPoP: oauth.DPoP(client, await oauth.generateKeyPair('ES256')) } : {}
  const options = {
    ...proofs,
    [oauth.allowInsecureRequests]: true,
    async [oauth.customFetch](
      url: string,
      { headers, body }: { headers: Record<string, string>; body: unknown },
    ) {
      const path = new URL(url).pathname
      app.answer = await party.handler(
        event([...(body as URLSearchParams)], { path, headers: Object.fromEntries(new Headers(headers)) }),
      )
      const { statusCode, headers: answered, body: text } = app.answer
      return new Response(text, { status: statusCode, headers: answered as Record<string, string> })
    },
  } as unknown as oauth.TokenEndpointRequestOptions
  /** Once more with the nonce, where one is asked for. */
  const send = <Result>(work: () => Promise<Result>) =>
    work().catch(error => (oauth.isDPoPNonceError(error) ? work() : Promise.reject(error)))
  let refresh_token = ''

  async function walk(): Promise<void> {
    const state = oauth.generateRandomState()
    const nonce = oauth.generateRandomNonce()
    const verifier = oauth.generateRandomCodeVerifier()
    const parameters = {
      response_type: 'code',
      client_id: 'app-1',
      redirect_uri: REDIRECT_URI,
      scope: 'openid',
      state,
      nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    }
    const query = server.metadata.pushed_authorization_request_endpoint
      ? { client_id: 'app-1', request_uri: await push(parameters) }
      : parameters
    const answered = await server.authorize(`${server.issuer}/authorize?${new URLSearchParams(query)}`)
    const callback = new URL(`${REDIRECT_URI}?${new URLSearchParams(answered)}`)
    const code = oauth.validateAuthResponse(as, client, callback, state)
    const tokens = await send(async () => {
      const response = await oauth.authorizationCodeGrantRequest(
        as,
        client,
        oauth.None(),
        code,
        REDIRECT_URI,
        verifier,
        options,
      )
      return oauth.processAuthorizationCodeResponse(as, client, response, {
        expectedNonce: nonce,
        requireIdToken: true,
      })
    })
    refresh_token = tokens.refresh_token ?? ''
  }

  const push = (parameters: Record<string, string>) =>
    send(async () => {
      const response = await oauth.pushedAuthorizationRequest(as, client, oauth.None(), parameters, options)
      return (await oauth.processPushedAuthorizationResponse(as, client, response)).request_uri
    })

  const app: App = {
    party,
    error: undefined,
    answer: undefined,
    async signIn() {
      app.error = await walk().catch(error => error)
      return app.error === undefined
    },
    refresh: () =>
      send(async () => {
        const response = await oauth.refreshTokenGrantRequest(
          as,
          client,
          oauth.None(),
          refresh_token,
          options,
        )
        const tokens = await oauth.processRefreshTokenResponse(as, client, response)
        refresh_token = tokens.refresh_token ?? ''
        return tokens.access_token
      }),
  }
  return app
}

/** Delivery `mediated`: a browser that follows redirects and keeps cookies. */
export async function startBrowser(
  server: Server,
  { alg, over }: AppOptions = {},
): Promise<App & { browser: TestBrowser }> {
  const party = await startRelyingParty(server, {
    ...(alg && { alg }),
    over: { delivery: 'mediated', ...over },
  })
  const browser = new TestBrowser({ handler: party.handler } as TestFunction)
  const app = {
    party,
    browser,
    error: undefined,
    answer: undefined as GatewayResult | undefined,
    async signIn() {
      const url = await browser.begin()
      app.answer = await browser.navigate('/callback', await server.authorize(url.href))
      return browser.session.length > 0
    },
    async refresh() {
      app.answer = await browser.post('/session', { force: 'true' })
      const { access_token } = JSON.parse(app.answer.body)
      if (typeof access_token !== 'string') throw new Error(`refused: ${app.answer.statusCode}`)
      return access_token
    },
  }
  return app
}
