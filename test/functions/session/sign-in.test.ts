import { beforeEach, describe, expect, test } from 'vitest'
import { challengeOf } from '../../../functions/session/ticket.ts'
import { ProxyError } from '../../../lib/errors.ts'
import { event, ORIGIN, type TestFunction, testFunction } from '../../support/function.ts'
import { AUTH, give, ISSUER, json, sessionClient, TestBrowser } from '../../support/session.ts'

let fn: TestFunction
let browser: TestBrowser
const start = (changes: Record<string, unknown> = {}) => {
  fn = testFunction(sessionClient(changes))
  browser = new TestBrowser(fn)
}
beforeEach(() => start())

const callback = (query: Record<string, string>, headers = {}) =>
  browser.navigate('/callback', query, headers)

describe('BFF-1: a sign-in that the back end begins', () => {
  test('the request has state, nonce and an S256 challenge; their secrets stay in a sealed cookie of ten minutes', async () => {
    const answer = await browser.navigate('/login', { client_id: 'app-1', return_to: '/orders?id=1' })
    expect(answer.statusCode).toBe(303)
    const url = new URL(answer.headers.location!)
    expect(`${url.origin}${url.pathname}`).toBe('https://auth.pingone.eu/0000/as/authorize')
    expect(Object.fromEntries(url.searchParams)).toEqual({
      client_id: 'app-1',
      response_type: 'code',
      redirect_uri: `${AUTH}/callback`,
      scope: 'openid profile offline_access',
      state: expect.stringMatching(/^[\w-]{8}\../),
      nonce: expect.any(String),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    })
    expect(answer.cookies).toHaveLength(1)
    expect(answer.cookies![0]).toMatch(
      /^__Host-Http-cs-login-[\w-]{8}=[\w.-]+; Max-Age=600; Path=\/; Secure; HttpOnly; SameSite=Lax$/,
    )
    expect([fn.signed, fn.sent.length]).toEqual([0, 0])
  })

  test('by a pushed request where the provider takes one: the browser gets its reference alone', async () => {
    start({ pushed_authorization_request_endpoint: `${ISSUER}/par` })
    fn.answer = json({ request_uri: 'urn:pushed', expires_in: 60 }, 201)
    const { headers } = await browser.navigate('/login', { client_id: 'app-1', login_hint: 'alice' })
    expect(Object.fromEntries(new URL(headers.location!).searchParams)).toEqual({
      client_id: 'app-1',
      request_uri: 'urn:pushed',
    })
    expect(fn.sent[0]!.url).toBe(`${ISSUER}/par`)
    expect(fn.sent[0]!.form.get('login_hint')).toBe('alice')
    expect(fn.sent[0]!.form.get('client_assertion')).toBeTruthy()
  })

  test('IDT-2, COOKIE-2, COOKIE-3: the code is exchanged with our verifier, the session set, and the browser is back in the app', async () => {
    const url = await browser.begin({ return_to: '/orders?id=1' })
    give(fn, url.searchParams.get('nonce'))
    const answer = await callback({ code: 'code-1', state: url.searchParams.get('state')!, iss: ISSUER })
    expect([answer.statusCode, answer.headers.location]).toEqual([303, `${ORIGIN}/orders?id=1`])
    const { form } = fn.sent[0]!
    expect(form.get('redirect_uri')).toBe(`${AUTH}/callback`)
    expect(challengeOf(form.get('code_verifier')!)).toBe(url.searchParams.get('code_challenge'))
    const [session, ...others] = answer.cookies!
    const gone = others.at(-1)
    // COOKIE-4: the forms that an older session may have are taken away: a Strict cookie does not come along to be seen.
    expect(others.slice(0, -1).map(line => /-(\d)=; Max-Age=0/.exec(line)?.[1])).toEqual(['0', '1', '2'])
    expect(session).toMatch(
      /^__Host-Http-cs-[\w-]{8}=[\w.-]+; Max-Age=28800; Path=\/; Secure; HttpOnly; SameSite=Strict$/,
    )
    expect(gone).toMatch(
      /^__Host-Http-cs-login-[\w-]{8}=; Max-Age=0; Path=\/; Secure; HttpOnly; SameSite=Lax$/,
    )
    expect(fn.log.at(-1)).toMatchObject({ outcome: 'session_begun', client_id: 'app-1', status: 303 })
  })

  test('the log, the answers and the addresses hold no token and no code', async () => {
    await browser.signIn()
    const text = JSON.stringify(fn.log)
    expect(text).not.toMatch(/sentinel|code-1/)
  })
})

describe('CSRF-3: a callback that is not the answer to this browser’s own request', () => {
  const refused = { statusCode: 400, body: expect.stringContaining('not known here') }
  let state: string
  beforeEach(async () => {
    const url = await browser.begin()
    state = url.searchParams.get('state')!
    give(fn, url.searchParams.get('nonce'))
  })
  const nothingSpent = () => expect([fn.signed, fn.sent.length]).toEqual([0, 0])

  test('without its cookie', async () => {
    browser.cookies.clear()
    expect(await callback({ code: 'c', state, iss: ISSUER })).toMatchObject(refused)
    nothingSpent()
  })

  test('with the wrong state, and the sign-in that was begun goes on', async () => {
    expect(await callback({ code: 'c', state: `${state}x`, iss: ISSUER })).toMatchObject(refused)
    expect(await callback({ code: 'c', state: 'other.state', iss: ISSUER })).toMatchObject(refused)
    expect((await callback({ code: 'c', iss: ISSUER })).statusCode).toBe(400)
    nothingSpent()
    expect((await callback({ code: 'c', state, iss: ISSUER })).statusCode).toBe(303)
  })

  test('another browser’s', async () => {
    const other = new TestBrowser(fn)
    await other.begin()
    expect(await other.navigate('/callback', { code: 'c', state, iss: ISSUER })).toMatchObject(refused)
    nothingSpent()
  })

  test('a second time', async () => {
    expect((await callback({ code: 'c', state, iss: ISSUER })).statusCode).toBe(303)
    const calls = fn.signed
    expect(await callback({ code: 'c', state, iss: ISSUER })).toMatchObject(refused)
    expect(fn.signed).toBe(calls)
  })

  test('after ten minutes, though the browser had kept the cookie', async () => {
    fn.ahead = 601_000
    expect(await callback({ code: 'c', state, iss: ISSUER })).toMatchObject(refused)
    nothingSpent()
  })

  test('with the cookie twice: it is cleared', async () => {
    const [cookie] = browser.header()
    const request = {
      ...event(undefined, { method: 'GET', path: '/callback', body: '' }),
      rawQueryString: `code=c&state=${state}`,
    }
    const answer = await browser.send(request, [cookie!, cookie!])
    expect(answer.statusCode).toBe(400)
    expect(answer.cookies![0]).toMatch(/-login-[\w-]{8}=; Max-Age=0/)
    expect(fn.log.at(-1)!.outcome).toBe('cookie_repeated')
    nothingSpent()
  })

  test('IDT-3: of another issuer, and where one has to be named, of none', async () => {
    const answer = await callback({ code: 'c', state, iss: 'https://evil.example' })
    expect(answer.headers.location).toMatch(`${ORIGIN}/?error=server_error`)
    expect(fn.log.at(-1)).toMatchObject({ outcome: 'issuer_mismatch', status: 400 })
    start({ authorization_response_iss_parameter_supported: true })
    const url = await browser.begin()
    await callback({ code: 'c', state: url.searchParams.get('state')! })
    expect(fn.log.at(-1)).toMatchObject({ outcome: 'issuer_mismatch' })
    nothingSpent()
  })

  test('an error of the provider’s goes to the app; what is no error code does not', async () => {
    const answer = await callback({
      error: 'access_denied',
      error_description: 'sentinel',
      state,
      iss: ISSUER,
    })
    expect(answer.headers.location).toMatch(`${ORIGIN}/?error=access_denied&error_description=`)
    expect(answer.headers.location).not.toContain('sentinel')
    const url = await browser.begin()
    const other = await callback({ error: '<script>', state: url.searchParams.get('state')!, iss: ISSUER })
    expect(other.headers.location).toMatch(`${ORIGIN}/?error=server_error&`)
    nothingSpent()
  })

  test.each(['code', 'state', 'iss'])('%s twice', async name => {
    const query = new URLSearchParams({ code: 'c', state, iss: ISSUER })
    query.append(name, 'x')
    const request = {
      ...event(undefined, { method: 'GET', path: '/callback', body: '', headers: { origin: undefined } }),
      rawQueryString: query.toString(),
    }
    await browser.send(request)
    expect(fn.log.at(-1)!.outcome).toBe('parameter_repeated')
    nothingSpent()
  })
})

describe('IDT-2: tokens that are not for this sign-in are revoked, and no session begins', () => {
  test.each([
    ['another nonce', { nonce: 'other' }],
    ['no nonce', { nonce: undefined }],
    ['another audience', { aud: 'app-2' }],
  ])('%s', async (_, claims) => {
    const url = await browser.begin()
    give(fn, url.searchParams.get('nonce'), {}, { claims })
    const { headers } = await callback({ code: 'c', state: url.searchParams.get('state')!, iss: ISSUER })
    expect(headers.location).toMatch(`${ORIGIN}/?error=server_error`)
    expect(browser.session).toEqual([])
    expect(fn.sent.map(({ url: to, form }) => [to, form.get('token')])).toEqual([
      [`${ISSUER}/token`, null],
      [`${ISSUER}/revoke`, 'sentinel-rt-1'],
    ])
    expect(fn.log.at(-1)).toMatchObject({ outcome: 'id_token_invalid', revocation: 'done', status: 502 })
  })

  test('no ID token at all', async () => {
    await browser.signIn({ id_token: undefined })
    expect(fn.log.at(-1)).toMatchObject({ outcome: 'id_token_invalid', error_name: 'ID_TOKEN_MISSING' })
    expect(browser.session).toEqual([])
  })
})

describe('BFF-3: where the browser goes afterwards', () => {
  test.each([
    ['/', `${ORIGIN}/`],
    ['/a?b=c#d', `${ORIGIN}/a?b=c#d`],
    [`${ORIGIN}/x`, `${ORIGIN}/x`],
    ['x', `${ORIGIN}/x`],
    // As every browser reads it: no host of anybody's.
    ['https:evil.example', `${ORIGIN}/evil.example`],
    ['https://app.example.com:443/x', `${ORIGIN}/x`],
  ])('%s', async (return_to, expected) => {
    expect((await browser.signIn({}, { return_to })).headers.location).toBe(expected)
  })

  test.each([
    '//evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/\t/evil.example',
    'https://evil.example/',
    'https://app.example.com.evil.example/',
    'https://app.example.com@evil.example/',
    'https://user@app.example.com/',
    'http://app.example.com/',
    'https://app.example.com:8443/',
    'javascript:alert(1)',
    'data:text/html,x',
    '///evil.example',
    `/${'x'.repeat(2_048)}`,
    'https://[',
  ])('%j is refused before anything is begun', async return_to => {
    const answer = await browser.navigate('/login', { client_id: 'app-1', return_to })
    expect([answer.statusCode, answer.headers.location, answer.cookies]).toEqual([400, undefined, undefined])
    expect(fn.log.at(-1)!.outcome).toBe('return_to_refused')
  })
})

describe('a navigation', () => {
  test.each([
    ['POST', '/login', {}, 405],
    ['GET', '/login', { 'sec-fetch-site': 'cross-site' }, 403],
    ['GET', '/login', { 'sec-fetch-site': 'same-site', 'sec-fetch-dest': 'image' }, 403],
    ['GET', '/login', { 'sec-fetch-site': 'none', 'sec-fetch-dest': 'document' }, 303],
    ['GET', '/callback', { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'iframe' }, 403],
  ])('%s %s %j: %i', async (method, path, headers, status) => {
    const request = event(undefined, { method, path, body: '', headers: { origin: undefined, ...headers } })
    const { statusCode } = await browser.send({ ...request, rawQueryString: 'client_id=app-1' })
    expect(statusCode).toBe(status)
    expect([fn.signed, fn.sent.length]).toEqual([0, 0])
  })

  test.each([
    [{ client_id: 'nobody' }, 'client_unknown'],
    [{ client_id: 'app-1', scope: 'openid admin' }, 'scope_refused'],
    [{ client_id: 'app-1', client_secret: 'x' }, 'parameter_refused'],
  ])('/login %j is refused', async (query, outcome) => {
    await browser.navigate('/login', query)
    expect(fn.log.at(-1)!.outcome).toBe(outcome)
  })

  test('a client of the delivery `tokens` has no sign-in here', async () => {
    fn = testFunction()
    browser = new TestBrowser(fn)
    expect((await browser.navigate('/login', { client_id: 'app-1' })).statusCode).toBe(400)
    expect(fn.log.at(-1)!.outcome).toBe('delivery_refused')
  })

  test('where the push fails, the app is told, and no transaction stays', async () => {
    start({ pushed_authorization_request_endpoint: `${ISSUER}/par` })
    fn.answer = new ProxyError('upstream_unreachable')
    const answer = await browser.navigate('/login', { client_id: 'app-1' })
    expect(answer.headers.location).toMatch(`${ORIGIN}/?error=server_error`)
    expect(browser.cookies.size).toBe(0)
  })
})
