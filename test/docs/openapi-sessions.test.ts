import { beforeEach, describe, expect, test } from 'vitest'
import { challengeOf } from '../../functions/session/ticket.ts'
import { ProxyError } from '../../lib/errors.ts'
import type { Answer } from '../../lib/http/post.ts'
import { event, GOOD, registration, type TestFunction, testFunction, VERIFIER } from '../support/function.ts'
import { idToken, published } from '../support/id-tokens.ts'
import { testKey } from '../support/keys.ts'
import { document, expectDocumented, formProblems, type Operation, resolve } from './openapi.ts'

// The same for the routes of a session: what the document has of them is what is answered.

const ISSUER = 'https://auth.pingone.eu/0000/as'
const PUBLIC_URL = 'https://auth.example.com'
const MEDIATED = { delivery: 'mediated', public_url: PUBLIC_URL }
const SESSION = { delivery: 'session', public_url: PUBLIC_URL, api_routes: ['* /*'] }
const NATIVE = {
  ...MEDIATED,
  application_type: 'native',
  allowed_origins: [],
  redirect_uris: ['com.example.app:/back'],
}
const APP = 'com.example.app:/back'
const CSRF = { 'x-csrf': '1' }

const json = (status: number, value: unknown): Answer => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
})

let fn: TestFunction

/** A function for one client, whose provider signs in whoever comes. */
function forClient(client: Record<string, unknown>) {
  fn = testFunction(registration(client))
  fn.jwks = json(200, { keys: [published(testKey('RS256', 'provider'), 'kid-p')] })
}

/** A navigation. */
function visit(path: string, query: Record<string, string>, cookies: readonly string[] = []) {
  return fn.handler({
    ...event({}, { path, method: 'GET', body: '', headers: { origin: undefined } }),
    rawQueryString: new URLSearchParams(query).toString(),
    cookies,
  })
}

/** A request with what the browser has. */
function send(path: string, form: Record<string, string>, cookies: readonly string[], headers = {}) {
  expect(formProblems(path, form)).toEqual([])
  return fn.handler({ ...event(form, { path, headers: { ...CSRF, ...headers } }), cookies })
}

/** What a browser would keep of them. */
const pairs = (cookies: readonly string[] = []) =>
  cookies.filter(cookie => !cookie.includes('Max-Age=0')).map(cookie => cookie.split(';')[0]!)

/** A sign-in as far as the provider, to which its parameters were pushed. */
async function begin(query: Record<string, string> = {}) {
  fn.answer = json(201, { request_uri: 'urn:x', expires_in: 60 })
  const begun = await visit('/login', { client_id: 'app-1', ...query })
  expect([begun.statusCode, begun.headers.location]).toEqual([303, expect.stringContaining('urn%3Ax')])
  expectDocumented('/login', begun, 'get')
  const asked = fn.sent.at(-1)!.form
  return { begun, asked, state: asked.get('state')! }
}

/** As far as the answer to `/callback`. */
async function signIn(query: Record<string, string> = {}) {
  const { begun, asked, state } = await begin(query)
  const nonce = asked.get('nonce')
  fn.answer = json(200, {
    access_token: 'at-1',
    token_type: 'Bearer',
    expires_in: 3600,
    refresh_token: 'rt-1',
    id_token: idToken(ISSUER, Date.now(), { claims: { nonce } }),
  })
  const ended = await visit('/callback', { code: 'code-1', state, iss: ISSUER }, pairs(begun.cookies))
  expectDocumented('/callback', ended, 'get')
  return { ended, state }
}

describe.each([
  ['mediated', MEDIATED, ['access_token', 'token_type']],
  ['session', SESSION, []],
] as const)('%s', (_, client, tokens) => {
  beforeEach(() => forClient(client))

  test('sign-in, session, refresh, logout', async () => {
    const { ended } = await signIn()
    expect(ended.headers.location).toBe('https://app.example.com/')
    const cookies = pairs(ended.cookies)
    const held = await send('/session', { client_id: 'app-1' }, cookies)
    const members = Object.keys(JSON.parse(held.body))
    expect([held.statusCode, members.filter(name => name.includes('token'))]).toEqual([200, tokens])
    expectDocumented('/session', held)
    const renewed = await send('/session', { client_id: 'app-1', force: 'true' }, cookies)
    expect([renewed.statusCode, pairs(renewed.cookies).length]).toEqual([200, 1])
    expectDocumented('/session', renewed)
    const over = await send('/logout', { client_id: 'app-1' }, cookies)
    expect([over.statusCode, JSON.parse(over.body)]).toEqual([200, { logout_url: expect.any(String) }])
    expectDocumented('/logout', over)
    expectDocumented('/logout', await send('/logout', { client_id: 'app-1' }, []))
  })

  test('what the provider may say to a refresh, and to a revocation', async () => {
    const statuses = new Set<number>()
    for (const refusal of REFUSALS) {
      // A session each: a refusal may have ended it.
      const cookies = pairs((await signIn()).ended.cookies)
      fn.answer = refusal
      const result = await send('/session', { client_id: 'app-1', force: 'true' }, cookies)
      statuses.add(result.statusCode)
      expectDocumented('/session', result)
      expectDocumented('/logout', await send('/logout', { client_id: 'app-1' }, cookies))
      forClient(client)
    }
    expect([...statuses].toSorted()).toEqual([400, 401, 429, 502, 503, 504])
    const { ended } = await signIn()
    fn.signerError = new ProxyError('signer_misconfigured')
    expectDocumented(
      '/session',
      await send('/session', { client_id: 'app-1', force: 'true' }, pairs(ended.cookies)),
    )
  })

  test.each(['/session', '/logout'])('what %s refuses', async path => {
    const none = await send(path, { client_id: 'app-1' }, ['__Host-Http-cs-login-x=y'])
    expect(none.statusCode).toBe(path === '/session' ? 401 : 200)
    expectDocumented(path, none)
    const refused = [
      await send(path, { client_id: 'app-1' }, [], { 'x-csrf': undefined }),
      await send(path, { client_id: 'app-1' }, [], { origin: 'https://evil.example' }),
      await send(path, { client_id: 'another' }, []),
      await send(path, { client_id: 'app-1', x: 'x'.repeat(70_000) }, []),
    ]
    expect(refused.map(({ statusCode }) => statusCode)).toEqual([403, 403, 400, 413])
    for (const result of refused) expectDocumented(path, result)
    forClient({ ...client, enabled: false })
    expectDocumented(path, await send(path, { client_id: 'app-1' }, []))
  })

  test('a preflight lets cookies and X-CSRF through', async () => {
    const result = await fn.handler(event(undefined, { path: '/session', method: 'OPTIONS', body: '' }))
    expect(result.headers).toMatchObject({
      'access-control-allow-credentials': 'true',
      'access-control-allow-headers': 'content-type, dpop, x-csrf',
    })
    expectDocumented('/session', result, 'options')
  })

  test('what a human sees of a sign-in that cannot be', async () => {
    const { state } = await signIn()
    const unknown = await visit('/callback', { code: 'c', state })
    const misled = await visit('/login', { client_id: 'app-1', return_to: 'https://evil.example/' })
    expect([unknown.statusCode, misled.statusCode]).toEqual([400, 400])
    expectDocumented('/callback', unknown, 'get')
    expectDocumented('/login', misled, 'get')
    for (const path of ['/login', '/callback']) {
      const framed = event({}, { path, method: 'GET', body: '', headers: { 'sec-fetch-dest': 'iframe' } })
      expectDocumented(path, await fn.handler(framed), 'get')
    }
    fn.expired = true
    expectDocumented('/login', await visit('/login', { client_id: 'app-1' }), 'get')
  })

  test('a sign-in that the provider refuses goes back to the app', async () => {
    const { begun, state } = await begin({ return_to: '/shop' })
    const ended = await visit(
      '/callback',
      { error: 'access_denied', state, iss: ISSUER },
      pairs(begun.cookies),
    )
    expect(ended.headers.location).toMatch(/^https:\/\/app\.example\.com\/shop\?error=access_denied&/)
    expectDocumented('/callback', ended, 'get')
  })
})

test('mediated: a code at /token', async () => {
  forClient(MEDIATED)
  fn.answer = json(200, {
    access_token: 'at-1',
    token_type: 'Bearer',
    refresh_token: 'rt-1',
    id_token: idToken(ISSUER, Date.now()),
  })
  const result = await send('/token', GOOD, [])
  expect([result.statusCode, pairs(result.cookies).length]).toEqual([200, 1])
  expectDocumented('/token', result)
})

test('a native app: a ticket, then a handle', async () => {
  forClient(NATIVE)
  const challenge = { code_challenge: challengeOf(VERIFIER), code_challenge_method: 'S256' }
  const { ended } = await signIn({ return_to: APP, ...challenge })
  const ticket = new URL(ended.headers.location!).searchParams.get('ticket')!
  const native = { origin: undefined, 'x-csrf': undefined }
  const first = await send('/session', { client_id: 'app-1', ticket, code_verifier: VERIFIER }, [], native)
  expect(first.statusCode).toBe(200)
  expectDocumented('/session', first)
  const { handle } = JSON.parse(first.body)
  const bearer = { ...native, authorization: `Bearer ${handle}` }
  const later = await send('/session', { client_id: 'app-1' }, [], bearer)
  expect([later.statusCode, JSON.parse(later.body).handle]).toEqual([200, expect.any(String)])
  expectDocumented('/session', later)
  expectDocumented('/session', await send('/session', { client_id: 'app-1' }, [], native))
  expectDocumented('/logout', await send('/logout', { client_id: 'app-1' }, [], bearer))
})

const REFUSALS: (Answer | ProxyError)[] = [
  json(400, { error: 'invalid_grant' }),
  json(400, { error: 'invalid_scope' }),
  json(401, { error: 'invalid_client' }),
  json(429, {}),
  json(503, {}),
  json(302, {}),
  new ProxyError('upstream_timeout'),
  new ProxyError('upstream_lost'),
  new ProxyError('upstream_unreachable'),
]

test('every parameter of the query that it names goes on to the provider, or is for us', async () => {
  const OURS = ['client_id', 'return_to', 'code_challenge', 'code_challenge_method']
  const { parameters = [] } = document.paths['/login']!.get as Operation
  const names = parameters.map(one => resolve<{ name?: string }>(one as { $ref: string }).name!)
  forClient({ ...MEDIATED })
  const query = Object.fromEntries(
    names.filter(name => !OURS.includes(name)).map(name => [name, name === 'max_age' ? '60' : `${name}-1`]),
  )
  const { asked } = await begin({ ...query, unknown: 'x' })
  expect(Object.entries(query).filter(([name, value]) => asked.get(name) !== value)).toEqual([])
  expect(asked.has('unknown')).toBe(false)
})
