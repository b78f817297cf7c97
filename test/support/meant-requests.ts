import {
  CHALLENGE,
  DEVICE,
  HANDLE,
  LOGIN_COOKIES,
  PAR,
  proofOf,
  RESOURCES,
  SESSION_COOKIES,
  stateOf,
  TICKET,
} from './any-client.ts'
import { ORIGIN, REDIRECT_URI, VERIFIER } from './function.ts'
import { CSRF, ISSUER } from './session.ts'

// Requests as people mean them: one of every kind that somebody is let through with.

export type Pairs = [name: string, value: string][]

export interface Ask {
  method: string
  route: string
  headers: Pairs
  cookies: string[]
  params: Pairs
  /** Where the parameters are; `raw` is a body of its own. */
  as: 'form' | 'json' | 'query'
  raw?: string
  base64: boolean
  v1: boolean
}

export const FORM = 'application/x-www-form-urlencoded'
export const JSON_TYPE = 'application/json'

interface Meant {
  headers?: Record<string, string>
  cookies?: string[] | undefined
}

/** What the page of each client, or the app, sends along. */
export const WEB: Record<string, Record<string, string>> = {
  bearer: { origin: ORIGIN },
  dpop: { origin: 'https://dpop.example.com' },
  mediated: { origin: ORIGIN, ...CSRF },
  session: { origin: 'https://bff.example.com', ...CSRF },
  native: {},
  off: { origin: ORIGIN, ...CSRF },
}

export function posted(
  route: string,
  client_id: string,
  params: Record<string, string>,
  { headers = {}, cookies = [] }: Meant = {},
): Ask {
  return {
    method: 'POST',
    route,
    headers: Object.entries({ ...WEB[client_id], ...headers }),
    cookies,
    params: Object.entries({ client_id, ...params }),
    as: 'form',
    base64: false,
    v1: false,
  }
}

const navigated = (route: string, params: Record<string, string>, cookies: string[] = []): Ask => ({
  ...posted(route, 'native', {}, { headers: { 'sec-fetch-dest': 'document' }, cookies }),
  method: 'GET',
  params: Object.entries(params),
  as: 'query',
})

const CODE = {
  grant_type: 'authorization_code',
  code: 'canary-code',
  redirect_uri: REDIRECT_URI,
  code_verifier: VERIFIER,
}
const REFRESH = { grant_type: 'refresh_token', refresh_token: 'canary-rt' }
const PUSHED = {
  response_type: 'code',
  redirect_uri: REDIRECT_URI,
  code_challenge: CHALLENGE,
  code_challenge_method: 'S256',
  state: 'canary-state',
  login_hint: 'canary-hint',
}
const OF_TOKEN = { headers: { dpop: proofOf(`${ISSUER}/token`) } }
const BY_HANDLE = { headers: { authorization: HANDLE } }
const NATIVE_LOGIN = {
  return_to: 'com.example.app:/signed-in',
  code_challenge: CHALLENGE,
  code_challenge_method: 'S256',
}
const answered = (client_id: string) =>
  navigated(
    '/callback',
    { state: stateOf(client_id), code: 'canary-code', iss: ISSUER },
    LOGIN_COOKIES[client_id],
  )
const bySession = (route: string, client_id: string, params: Record<string, string>) =>
  posted(route, client_id, params, { cookies: SESSION_COOKIES[client_id] })

/** Every kind of request that somebody is let through with, and some that cost nothing all the same. */
export const MEANT: Ask[] = [
  posted('/token', 'bearer', { ...CODE, scope: 'openid', resource: RESOURCES[0]! }),
  posted('/token', 'bearer', REFRESH),
  posted('/token', 'bearer', { grant_type: DEVICE, device_code: 'canary-device' }),
  posted('/token', 'dpop', CODE, OF_TOKEN),
  posted('/token', 'dpop', REFRESH, OF_TOKEN),
  posted('/token', 'mediated', CODE),
  posted('/token', 'off', CODE),
  posted('/revoke', 'bearer', { token: 'canary-token', token_type_hint: 'refresh_token' }),
  posted('/revoke', 'session', { token: 'canary-token' }),
  posted('/revoke', 'native', { token: 'canary-token' }),
  posted('/par', 'bearer', PUSHED),
  posted('/par', 'dpop', PUSHED, { headers: { dpop: proofOf(PAR) } }),
  posted('/par', 'mediated', PUSHED),
  posted('/device_authorization', 'bearer', { scope: 'openid' }),
  bySession('/session', 'mediated', { force: 'true' }),
  bySession('/session', 'mediated', { scope: 'openid' }),
  bySession('/session', 'session', { force: 'true' }),
  bySession('/session', 'session', {}),
  posted('/session', 'native', { force: 'true' }, BY_HANDLE),
  posted('/session', 'native', { ticket: TICKET, code_verifier: VERIFIER }),
  bySession('/logout', 'mediated', { post_logout_redirect_uri: `${ORIGIN}/bye`, state: 'canary-state' }),
  bySession('/logout', 'session', {}),
  bySession('/logout', 'off', {}),
  posted('/logout', 'native', {}, BY_HANDLE),
  navigated('/login', { client_id: 'mediated', return_to: '/here', login_hint: 'canary-hint' }),
  navigated('/login', { client_id: 'session', scope: 'openid', max_age: '60' }),
  navigated('/login', { client_id: 'native', ...NATIVE_LOGIN }),
  navigated('/login', { client_id: 'off' }),
  ...['mediated', 'session', 'native', 'off'].map(answered),
]

export function dressed(
  meant: Ask,
  { json = false, ...dress }: { json?: boolean; base64?: boolean; v1?: boolean },
): Ask {
  const as = meant.as === 'form' && json ? 'json' : meant.as
  const type: Pairs = as === 'query' ? [] : [['content-type', as === 'json' ? JSON_TYPE : FORM]]
  return { ...meant, ...dress, as, headers: [...meant.headers, ...type] }
}
