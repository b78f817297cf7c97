import type { GatewayResult } from '../../functions/shell.ts'
import type { Answer } from '../../lib/http/post.ts'
import { event, ORIGIN, registration, type TestFunction } from './function.ts'
import { type IdTokenParts, idToken, published } from './id-tokens.ts'
import { testKey } from './keys.ts'

// A browser in front of the test function, and a provider behind it, for the deliveries that set a cookie.

export const AUTH = 'https://auth.example.com'
export const ISSUER = 'https://auth.pingone.eu/0000/as'
export const CSRF = { 'x-csrf': '1', 'sec-fetch-site': 'same-site' }

/** A client of the delivery `mediated`, with whatever a test changes. */
export function sessionClient(overrides: Record<string, unknown> = {}): Record<string, unknown> {
  const { redirect_uris: _, ...common } = registration()
  return {
    ...common,
    delivery: 'mediated',
    public_url: AUTH,
    scope: 'openid profile offline_access',
    post_logout_redirect_uris: [`${ORIGIN}/bye`],
    // Without PAR, unless a test has it: the URL then says what was asked for.
    provider: 'generic',
    issuer: ISSUER,
    authorization_endpoint: `${ISSUER}/authorize`,
    token_endpoint: `${ISSUER}/token`,
    revocation_endpoint: `${ISSUER}/revoke`,
    end_session_endpoint: `${ISSUER}/signoff`,
    jwks_uri: `${ISSUER}/jwks`,
    ...overrides,
  }
}

export const bffClient = (overrides: Record<string, unknown> = {}) =>
  sessionClient({ delivery: 'session', api_routes: ['GET /orders', '* /orders/*'], ...overrides })

/** A native client of the delivery `mediated`. */
export function nativeClient(overrides: Record<string, unknown> = {}): Record<string, unknown> {
  const { allowed_origins: _, ...common } = sessionClient()
  return {
    ...common,
    application_type: 'native',
    redirect_uris: ['com.example.app:/signed-in'],
    ...overrides,
  }
}

const key = testKey('RS256', 'provider')

export const json = (value: unknown, status = 200): Answer => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
})

/** Has the provider give tokens whose ID token has this nonce. */
export function give(
  fn: TestFunction,
  nonce: string | null | undefined,
  changes: Record<string, unknown> = {},
  parts: IdTokenParts = {},
): void {
  fn.jwks = json({ keys: [published(key, 'kid-p')] })
  const claims = { nonce: nonce ?? undefined, name: 'Alice', ...parts.claims }
  fn.answer = json({
    access_token: 'sentinel-at-1',
    token_type: 'Bearer',
    expires_in: 300,
    scope: 'openid profile offline_access',
    refresh_token: 'sentinel-rt-1',
    id_token: idToken(ISSUER, Date.now() + fn.ahead, { ...parts, claims }, key),
    ...changes,
  })
}

type Headers = Record<string, string | undefined>

/** A request of a page with these cookies, whatever it has. */
export const post = (
  fn: TestFunction,
  path: string,
  cookies: string[],
  form: Record<string, string> = {},
): Promise<GatewayResult> =>
  fn.handler({ ...event({ client_id: 'app-1', ...form }, { path, headers: CSRF }), cookies })

/** One browser: keeps cookies as `Set-Cookie` says, and sends all of them. */
export class Browser {
  readonly cookies = new Map<string, string>()
  readonly handler: TestFunction['handler']
  constructor(handler: TestFunction['handler']) {
    this.handler = handler
  }

  async navigate(path: string, query: Record<string, string>, headers: Headers = {}): Promise<GatewayResult> {
    const rawQueryString = new URLSearchParams(query).toString()
    return this.send({
      ...event(undefined, {
        method: 'GET',
        path,
        body: '',
        headers: { origin: undefined, 'content-type': undefined, ...headers },
      }),
      rawQueryString,
    })
  }

  async post(path: string, form: Record<string, string> = {}, headers: Headers = {}): Promise<GatewayResult> {
    const all = { client_id: 'app-1', ...form }
    return this.send(event(all, { path, headers: { ...CSRF, ...headers } }))
  }

  /** With the cookies as they are, or as a test gives them. */
  async send(request: object, cookies = this.header()): Promise<GatewayResult> {
    const result = await this.handler({ ...request, ...(cookies.length > 0 && { cookies }) })
    for (const line of result.cookies ?? []) this.keep(line)
    return result
  }

  header(): string[] {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`)
  }

  keep(line: string): void {
    const [pair = ''] = line.split(';')
    const name = pair.slice(0, pair.indexOf('='))
    if (/; Max-Age=0;/.test(line)) this.cookies.delete(name)
    else this.cookies.set(name, pair.slice(pair.indexOf('=') + 1))
  }

  /** `/login`: the URL that the provider is asked with. */
  async begin(query: Record<string, string> = {}): Promise<URL> {
    const { statusCode, headers, body } = await this.navigate('/login', { client_id: 'app-1', ...query })
    if (statusCode !== 303) throw new Error(`${statusCode} ${body}`)
    return new URL(headers.location!)
  }

  /** The names of what is there under the session's name. */
  get session(): string[] {
    return [...this.cookies.keys()].filter(name => !name.includes('-login-'))
  }
}

/** One in front of the test function. */
export class TestBrowser extends Browser {
  readonly fn: TestFunction
  constructor(fn: TestFunction) {
    super(event => fn.handler(event))
    this.fn = fn
  }

  /** The whole sign-in; the answer of `/callback`. */
  async signIn(
    changes: Record<string, unknown> = {},
    query: Record<string, string> = {},
  ): Promise<GatewayResult> {
    const url = await this.begin(query)
    give(this.fn, url.searchParams.get('nonce'), changes)
    return this.navigate('/callback', { code: 'code-1', state: url.searchParams.get('state')!, iss: ISSUER })
  }
}
