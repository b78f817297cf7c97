import { createHash } from 'node:crypto'
import type { GatewayResult } from '../../functions/shell.ts'
import { event, registration, type TestFunction, testFunction } from './function.ts'
import { idToken, published } from './id-tokens.ts'
import { testKey } from './keys.ts'

// The function with a native client of a cookie delivery, and the provider's part of a sign-in by hand.

export const ISSUER = 'https://auth.pingone.eu/0000/as'
export const RETURN_TO = 'com.example.app:/signed-in'
export const APP_VERIFIER = 'a'.repeat(43)

const key = testKey('RS256', 'provider')
const challengeOf = (verifier: string) => createHash('sha256').update(verifier).digest('base64url')

/** Its registration, with changes. */
export function mobileRegistration(overrides: Record<string, unknown> = {}): Record<string, unknown> {
  const { allowed_origins: _, ...others } = registration()
  return {
    ...others,
    application_type: 'native',
    delivery: 'session',
    public_url: 'https://auth.example.com',
    redirect_uris: [RETURN_TO],
    api_routes: ['GET /me'],
    ...overrides,
  }
}

export function mobileFunction(...clients: Record<string, unknown>[]): TestFunction {
  const fn = testFunction(...(clients.length > 0 ? clients : [mobileRegistration()]))
  fn.jwks = json({ keys: [published(key, 'kid-p')] })
  return fn
}

const json = (value: unknown) => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
})

export interface Navigation {
  headers?: Record<string, string>
  cookies?: string[]
}

/** A GET by a browser. */
export async function visit(
  fn: TestFunction,
  path: string,
  query: Record<string, string>,
  { headers = {}, cookies = [] }: Navigation = {},
): Promise<GatewayResult> {
  return fn.handler({
    ...event(undefined, { method: 'GET', path, headers: { origin: undefined, ...headers }, body: '' }),
    rawQueryString: new URLSearchParams(query).toString(),
    cookies,
  })
}

export const LOGIN = {
  client_id: 'app-1',
  return_to: RETURN_TO,
  code_challenge: challengeOf(APP_VERIFIER),
  code_challenge_method: 'S256',
}

/** The ticket of a sign-in, at the end of which the provider gives this code and these tokens. */
export async function ticketOf(
  fn: TestFunction,
  { code = 'code-1', tokens = {} }: { code?: string; tokens?: Record<string, unknown> } = {},
): Promise<string> {
  // Pushed (RFC 9126): the provider is told state and nonce in a form.
  fn.answer = { ...json({ request_uri: 'urn:ietf:params:oauth:request_uri:1', expires_in: 60 }), status: 201 }
  const begun = await visit(fn, '/login', LOGIN)
  if (begun.statusCode !== 303) throw new Error(`/login: ${begun.statusCode} ${begun.body}`)
  const cookies = (begun.cookies ?? []).map(line => line.split(';')[0]!)
  const pushed = fn.sent.at(-1)!.form
  const called = await visit(fn, '/callback', { code, state: pushed.get('state')! }, { cookies })
  const nonce = pushed.get('nonce')
  fn.answer = json({
    access_token: 'at-1',
    token_type: 'Bearer',
    expires_in: 3600,
    refresh_token: 'rt-1',
    id_token: idToken(ISSUER, Date.now(), { claims: { nonce } }),
    ...tokens,
  })
  return new URL(called.headers.location!).searchParams.get('ticket')!
}

/** A form of the app: no Origin, no cookie. */
export async function post(
  fn: TestFunction,
  path: string,
  parameters: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<{ status: number; json: Record<string, unknown> }> {
  const { statusCode, body } = await fn.handler(
    event({ client_id: 'app-1', ...parameters }, { path, headers: { origin: undefined, ...headers } }),
  )
  return { status: statusCode, json: JSON.parse(body) }
}
