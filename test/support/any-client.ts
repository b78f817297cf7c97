import { createHash } from 'node:crypto'
import { parseRegistrations } from '../../lib/config/registrations.ts'
import { loginCookie, sessionCookie, setCookies, tagOf } from '../../lib/session/cookies.ts'
import { handleFor } from '../../lib/session/handle.ts'
import { sealKeys } from '../../lib/session/keys.ts'
import { seal } from '../../lib/session/seal.ts'
import { REDIRECT_URI, RING, type TestFunction, testFunction, VERIFIER } from './function.ts'
import { bffClient, ISSUER, nativeClient, sessionClient } from './session.ts'

// One client of each delivery, in one configuration, and what the browser or the app of each has in hand.

export const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'
export const SCOPE = ['openid', 'profile', 'offline_access']
export const RESOURCES = ['https://api.example.com/a', 'https://api.example.com/b']
export const PAR = `${ISSUER}/par`

const ENDPOINTS = {
  token_endpoint: `${ISSUER}/token`,
  revocation_endpoint: `${ISSUER}/revoke`,
  pushed_authorization_request_endpoint: PAR,
}
/** Nothing is signed ahead: what is counted is what a request has cost. */
const COMMON = { scope: SCOPE.join(' '), resource: RESOURCES, assertion: { ahead: false } }

const tokensClient = (own: Record<string, unknown>) => {
  const { delivery: _, public_url: __, post_logout_redirect_uris: ___, ...common } = sessionClient(COMMON)
  return { ...common, redirect_uris: [REDIRECT_URI], ...own }
}

export const REGISTERED: Record<string, unknown>[] = [
  tokensClient({
    ...ENDPOINTS,
    client_id: 'bearer',
    grant_types: ['authorization_code', 'refresh_token', DEVICE],
    refresh: 'rotating',
    device_authorization_endpoint: `${ISSUER}/device`,
  }),
  tokensClient({
    ...ENDPOINTS,
    client_id: 'dpop',
    grant_types: ['authorization_code', 'refresh_token'],
    refresh: 'dpop',
    allowed_origins: ['https://dpop.example.com'],
  }),
  sessionClient({
    ...COMMON,
    ...ENDPOINTS,
    client_id: 'mediated',
    redirect_uris: [REDIRECT_URI],
    authorization_response_iss_parameter_supported: true,
  }),
  bffClient({ ...COMMON, client_id: 'session', allowed_origins: ['https://bff.example.com'] }),
  nativeClient({ ...COMMON, ...ENDPOINTS, client_id: 'native' }),
  sessionClient({ ...COMMON, ...ENDPOINTS, client_id: 'off', redirect_uris: [REDIRECT_URI], enabled: false }),
]

/** Makes the function with these clients. They are read once: a property makes thousands of functions. */
export function functionOf(clients: Record<string, unknown>[]): () => TestFunction {
  const text = JSON.stringify({ version: 1, clients })
  const registrations = parseRegistrations(text, { revision: '1', onLambda: true })
  return () => {
    const fn = testFunction()
    fn.deps.configuration = async () => ({ registrations, expired: false })
    return fn
  }
}
export const functionOfAll = functionOf(REGISTERED)

const now = Math.floor(Date.now() / 1000)
const seals = sealKeys({
  ring: { get: async () => ({ value: RING, expired: false }), renewed: async () => true },
  now: Date.now,
})
const owner = (client_id: string) => ({ client_id, as: { issuer: ISSUER } })

export const NONCE = 'nonce-1'
export const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url')
export const stateOf = (client_id: string) => `${tagOf(client_id)}.state-1`

const session = (more: object = {}) => ({
  access_token: 'tok-access',
  token_type: 'Bearer',
  expires_at: now + 3600,
  scope: SCOPE.join(' '),
  refresh_token: 'tok-refresh',
  claims: { sub: 'alice', ...more },
  iat: now,
  exp: now + 28_800,
})

const transaction = (client_id: string) => ({
  state: stateOf(client_id),
  nonce: NONCE,
  code_verifier: VERIFIER,
  return_to: client_id === 'native' ? 'com.example.app:/signed-in' : 'https://app.example.com/',
  scope: SCOPE.join(' '),
  iat: now,
  exp: now + 600,
  ...(client_id === 'native' && { app_challenge: CHALLENGE }),
})

/** What is put into the browser, as it sends it back. */
const sent = (lines: string[]) =>
  lines.filter(line => !line.includes('Max-Age=0;')).map(line => line.slice(0, line.indexOf(';')))

async function sessionCookies(client_id: string, more?: object): Promise<string[]> {
  const sealed = await seal(seals, 'session', owner(client_id), session(more))
  return sent(setCookies(sessionCookie(client_id), sealed, { max_age: 600, same_site: 'Strict' }))
}

async function loginCookies(client_id: string): Promise<string[]> {
  const sealed = await seal(seals, 'login', owner(client_id), transaction(client_id))
  return sent(setCookies(loginCookie(client_id), sealed, { max_age: 600, same_site: 'Lax' }))
}

/** The cookies of a session, by client: of `session` so large that it is in two pieces. */
export const SESSION_COOKIES: Record<string, string[]> = {
  mediated: await sessionCookies('mediated'),
  session: await sessionCookies('session', { picture: 'p'.repeat(3_000) }),
  off: await sessionCookies('off'),
}
/** Those of a sign-in under way. */
export const LOGIN_COOKIES: Record<string, string[]> = {
  mediated: await loginCookies('mediated'),
  session: await loginCookies('session'),
  native: await loginCookies('native'),
  off: await loginCookies('off'),
}
/** What a native app sends. */
export const handleOf = async (client_id: string) =>
  `Bearer ${handleFor(client_id, await seal(seals, 'handle', owner(client_id), session()))}`
export const HANDLE = await handleOf('native')
export const TICKET = await seal(seals, 'ticket', owner('native'), {
  code: 'canary-code',
  transaction: transaction('native'),
  iat: now,
  exp: now + 3600,
})

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
/** A proof in form: who verifies it is the provider. */
export const proofOf = (htu: string, htm = 'POST') =>
  `${part({ typ: 'dpop+jwt', alg: 'ES256' })}.${part({ htm, htu })}.${part('canary-proof')}`
