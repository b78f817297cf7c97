import { beforeEach, describe, expect, test } from 'vitest'
import { authorizer } from '../../../functions/authorizer.ts'
import { parseRegistrations } from '../../../lib/config/registrations.ts'
import { loginCookie, sessionCookie } from '../../../lib/session/cookies.ts'
import type { LeaseStore } from '../../../lib/session/leases.ts'
import { event, functionWith, ORIGIN, type TestFunction, testFunction } from '../../support/function.ts'
import {
  bffClient,
  CSRF,
  give,
  ISSUER,
  json,
  post,
  sessionClient,
  TestBrowser,
} from '../../support/session.ts'

// What siblings, strangers and providers might try with a sign-in and its cookies. (Beneath /api: data-path.test.ts.)

const NAME = sessionCookie('app-1')
const LOGIN = loginCookie('app-1')
const body = (r: { body: string }) => JSON.parse(r.body)
let fn: TestFunction
let browser: TestBrowser
async function start(client: Record<string, unknown> = sessionClient(), changes = {}) {
  fn = testFunction(client)
  browser = new TestBrowser(fn)
  await browser.signIn(changes)
  fn.signed = 0
  fn.sent.length = 0
}
beforeEach(() => start())

describe('COOKIE-2: a sibling host tosses a cookie past the prefix', () => {
  // document.cookie = 'x=1,__Host-Http-cs-…=<the attacker's own session>; Domain=example.com; Secure'
  test.each(['x=1,', 'x=1, ', '\u00a0', '\u2000', '\ufeff', '\u000b'])(
    '%j: it is nobody’s session',
    async before => {
      const theirs = browser.cookies.get(NAME)!
      const answer = await post(fn, '/session', [`${before}${NAME}=${theirs}`])
      expect(answer.statusCode).toBe(401)
    },
  )
  test('and ends nobody’s', async () => {
    const mine = browser.cookies.get(NAME)!
    const answer = await post(fn, '/session', [`${NAME}=${mine}`, `x=1,${NAME}=x`])
    expect(answer.statusCode).toBe(200)
  })
  test('a sign-in of the attacker’s: login CSRF', async () => {
    const attacker = new TestBrowser(fn)
    const url = await attacker.begin()
    give(fn, url.searchParams.get('nonce'))
    const request = {
      ...event(undefined, {
        method: 'GET',
        path: '/callback',
        body: '',
        headers: { origin: undefined, 'sec-fetch-site': 'same-site', 'sec-fetch-dest': 'document' },
      }),
      rawQueryString: new URLSearchParams({
        code: 'attackers',
        state: url.searchParams.get('state')!,
        iss: ISSUER,
      }).toString(),
      cookies: [`x=1,${LOGIN}=${attacker.cookies.get(LOGIN)}`],
    }
    const answer = await fn.handler(request)
    expect([answer.statusCode, fn.sent.length]).toEqual([400, 0])
  })
  test('authorizer', async () => {
    await start(bffClient())
    const theirs = browser.cookies.get(NAME)!
    const headers = { origin: ORIGIN, ...CSRF, cookie: `x=1,${NAME}=${theirs}` }
    await expect(
      authorizer(() => fn.deps).handler({
        type: 'REQUEST',
        methodArn: 'arn:x',
        httpMethod: 'GET',
        headers,
        pathParameters: { proxy: 'orders' },
      }),
    ).rejects.toThrow('Unauthorized')
  })
})

describe('BFF-1: the cookie of a sign-in', () => {
  test('a scope that makes it large', async () => {
    fn = testFunction(sessionClient())
    browser = new TestBrowser(fn)
    const scope = `${'openid '.repeat(400)}openid`
    await browser.navigate('/login', { client_id: 'app-1', scope })
    await browser.signIn()
    const answer2 = await browser.signIn()
    expect([answer2.statusCode]).toEqual([303])
  })
  test('callback replay with chunks', async () => {
    fn = testFunction(sessionClient())
    browser = new TestBrowser(fn)
    const url = await browser.begin({ scope: `${'openid '.repeat(400)}openid` })
    give(fn, url.searchParams.get('nonce'))
    const q = { code: 'code-1', state: url.searchParams.get('state')!, iss: ISSUER }
    const first = await browser.navigate('/callback', q)
    const second = await browser.navigate('/callback', q)
    expect([first.statusCode, second.statusCode, fn.sent.length]).toEqual([303, 400, 1])
  })
})

describe('COOKIE-4: Strict cookies do not come along to the callback', () => {
  const strict = async (changes: Record<string, unknown>) => {
    const url = await browser.begin()
    give(fn, url.searchParams.get('nonce'), changes)
    const request = {
      ...event(undefined, {
        method: 'GET',
        path: '/callback',
        body: '',
        headers: { origin: undefined, 'sec-fetch-site': 'cross-site' },
      }),
      rawQueryString: new URLSearchParams({
        code: 'c',
        state: url.searchParams.get('state')!,
        iss: ISSUER,
      }).toString(),
    }
    return browser.send(
      request,
      browser.header().filter(c => c.includes('-login-')),
    )
  }
  test.each([
    ['small, then large', 's', 'x'.repeat(3500)],
    ['large, then small', 'x'.repeat(3500), 's'],
  ])('%s', async (_, one, two) => {
    await start(sessionClient(), { access_token: one })
    await strict({ access_token: two })
    const answer = await browser.post('/session')
    expect(answer.statusCode).toBe(200)
  })
  test('a session cookie that came twice does not keep from signing in, and loses no tokens', async () => {
    browser.cookies.set(`${NAME}-0`, 'x')
    const answer = await browser.signIn()
    expect(answer.headers.location).toBe(`${ORIGIN}/`)
  })
})

describe('TMB-2, IDT-4: what a provider may get wrong', () => {
  /** Each refresh brings new tokens, and this scope whatever was asked for. */
  const refreshesWith = (scope: string) => {
    let n = 1
    fn.post = async () =>
      json({
        access_token: `at-${++n}`,
        token_type: 'Bearer',
        expires_in: 300,
        refresh_token: `rt-${n}`,
        scope,
      })
  }
  test('provider ignores scope', async () => {
    refreshesWith('openid profile offline_access')
    const answer = await browser.post('/session', { scope: 'openid' })
    expect([answer.statusCode, body(answer).error, fn.sent.length]).toEqual([400, 'invalid_scope', 1])
    // What it gave is kept: the refresh token before it is spent.
    expect((await browser.post('/session')).statusCode).toBe(200)
    expect(fn.sent).toHaveLength(1)
  })
  test('a refresh that brings less scope than the sign-in is not repeated at every question', async () => {
    refreshesWith('openid profile')
    await browser.post('/session', { force: 'true' })
    for (let i = 0; i < 3; i++) await browser.post('/session')
    expect(fn.sent).toHaveLength(1)
  })
  test('a session without sub', async () => {
    fn = testFunction(sessionClient({ redirect_uris: ['https://app.example.com/callback'] }))
    browser = new TestBrowser(fn)
    give(fn, 'n', { id_token: undefined })
    const a = await browser.post('/token', {
      grant_type: 'authorization_code',
      code: 'c',
      redirect_uri: 'https://app.example.com/callback',
      code_verifier: 'v'.repeat(43),
    })
    give(fn, 'n', { access_token: 'at-2' }, { claims: { sub: 'bob' } })
    const b = await browser.post('/session', { force: 'true' })
    expect([a.statusCode, b.statusCode]).toEqual([502, 401])
  })
})

test('IDT-3: two issuers, one callback, and no iss: mix-up', () => {
  const two = sessionClient({
    client_id: 'app-2',
    issuer: 'https://other.example/as',
    authorization_endpoint: 'https://other.example/as/a',
    token_endpoint: 'https://other.example/as/t',
    jwks_uri: 'https://other.example/as/j',
    revocation_endpoint: undefined,
    end_session_endpoint: undefined,
  })
  const keys = (two.signing_keys as Record<string, unknown>[])[0]!
  two.signing_keys = [
    {
      ...keys,
      kms_key_arn: String(keys.kms_key_arn).replace('0001', '0002'),
      public_jwk: {
        ...(keys.public_jwk as object),
        n: `${(keys.public_jwk as { n: string }).n.slice(0, -4)}AAAA`,
      },
    },
  ]
  let problems: unknown
  try {
    parseRegistrations(JSON.stringify({ version: 1, clients: [sessionClient(), two] }), {
      revision: '1',
      onLambda: true,
    })
  } catch (e) {
    problems = (e as { problems: unknown }).problems
  }
  expect(problems).toBeDefined()
})

test('RACE-1: a lease result of somebody else’s key', async () => {
  const rows = new Map<string, string>()
  let swap = false
  const leases: LeaseStore = {
    async take() {
      return swap ? { sealed: [...rows.values()][0]! } : 'taken'
    },
    async finish(key, _o, sealed) {
      rows.set(key, sealed)
      return true
    },
    async release() {},
    async replace() {},
    look: async () => undefined,
  }
  const one = functionWith({ leases }, sessionClient())
  const two = functionWith({ leases }, sessionClient())
  const a = new TestBrowser(one)
  await a.signIn()
  give(one, null, { access_token: 'alices' })
  await a.post('/session', { force: 'true' })
  swap = true
  const b = new TestBrowser(two)
  await b.signIn({ access_token: 'bobs', refresh_token: 'bobs-rt' })
  const answer = await b.post('/session', { force: 'true' })
  expect(answer.body).not.toContain('alices')
})

describe('a sign-in', () => {
  test('that was to be a fresh one is held against auth_time (OpenID Connect Core 3.1.3.7, item 13)', async () => {
    const url = await browser.begin({ max_age: '60' })
    give(fn, url.searchParams.get('nonce'), {}, { claims: { auth_time: 1_000_000 } })
    const { headers } = await browser.navigate('/callback', {
      code: 'c',
      state: url.searchParams.get('state')!,
      iss: ISSUER,
    })
    expect(headers.location).toContain('error=')
  })
  test('ends on a page: no blob', async () => {
    const { statusCode } = await browser.navigate('/login', {
      client_id: 'app-1',
      return_to: `blob:${ORIGIN}/1`,
    })
    expect(statusCode).toBe(400)
  })
})

test('RACE-1: what a refresh has brought is not handed out once it has run out', async () => {
  const old = browser.header()
  fn.answer = json({ access_token: 'at-2', token_type: 'Bearer', expires_in: 40, refresh_token: 'rt-2' })
  await browser.post('/session', { force: 'true' })
  fn.answer = json({ access_token: 'at-3', token_type: 'Bearer', expires_in: 40, refresh_token: 'rt-3' })
  fn.ahead = 65_000
  expect(body(await post(fn, '/session', old, { force: 'true' })).access_token).toBe('at-3')
})
