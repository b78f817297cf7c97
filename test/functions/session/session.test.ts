import { beforeEach, describe, expect, test } from 'vitest'
import { ProxyError } from '../../../lib/errors.ts'
import type { Answer } from '../../../lib/http/post.ts'
import { sessionCookie } from '../../../lib/session/cookies.ts'
import {
  ARN,
  event,
  ORIGIN,
  REDIRECT_URI,
  type TestFunction,
  testFunction,
  VERIFIER,
} from '../../support/function.ts'
import { bffClient, CSRF, give, ISSUER, json, sessionClient, TestBrowser } from '../../support/session.ts'

let fn: TestFunction
let browser: TestBrowser
async function start(client = sessionClient(), changes: Record<string, unknown> = {}): Promise<void> {
  fn = testFunction(client)
  browser = new TestBrowser(fn)
  await browser.signIn(changes)
  fn.signed = 0
  fn.sent.length = 0
  fn.log.length = 0
}
beforeEach(() => start())

const NAME = sessionCookie('app-1')
const body = (result: { body: string }) => JSON.parse(result.body)
const spent = () => [fn.signed, fn.sent.length]
const renewed = (n: number, changes: Record<string, unknown> = {}) =>
  json({
    access_token: `sentinel-at-${n}`,
    token_type: 'Bearer',
    expires_in: 300,
    refresh_token: `sentinel-rt-${n}`,
    ...changes,
  })

describe('TMB-1: POST /session in the delivery `mediated`', () => {
  test('the access token, its life and scope, and who it is; nothing is signed, nobody is asked, no cookie is written', async () => {
    const answer = await browser.post('/session')
    expect(answer.statusCode).toBe(200)
    expect(body(answer)).toEqual({
      access_token: 'sentinel-at-1',
      token_type: 'Bearer',
      expires_in: expect.any(Number),
      scope: 'openid profile offline_access',
      claims: { sub: 'alice', name: 'Alice' },
      session_expires_in: expect.any(Number),
    })
    expect(body(answer).expires_in).toBeGreaterThan(290)
    expect(body(answer).session_expires_in).toBeGreaterThan(28_790)
    expect(answer.cookies).toBeUndefined()
    expect(spent()).toEqual([0, 0])
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': ORIGIN,
      'access-control-allow-credentials': 'true',
      'cache-control': 'no-store',
    })
  })

  test('COOKIE-12: neither refresh token nor ID token is in the answer', async () => {
    expect((await browser.post('/session')).body).not.toMatch(/sentinel-rt|id_token|eyJ/)
  })

  test('refreshes when the access token runs out, and not before', async () => {
    fn.answer = renewed(2)
    fn.ahead = 269_000
    await browser.post('/session')
    expect(spent()).toEqual([0, 0])
    fn.ahead = 271_000
    const answer = await browser.post('/session')
    expect(body(answer)).toMatchObject({ access_token: 'sentinel-at-2', claims: { sub: 'alice' } })
    expect(fn.sent[0]!.form.get('refresh_token')).toBe('sentinel-rt-1')
    expect(answer.cookies!.filter(line => !line.includes('Max-Age=0'))).toHaveLength(1)
    expect(spent()).toEqual([1, 1])
    // The next one sends the new refresh token.
    fn.ahead = 560_000
    fn.answer = renewed(3)
    await browser.post('/session')
    expect(fn.sent[1]!.form.get('refresh_token')).toBe('sentinel-rt-2')
  })

  test('`force` refreshes at once', async () => {
    fn.answer = renewed(2)
    expect(body(await browser.post('/session', { force: 'true' })).access_token).toBe('sentinel-at-2')
  })

  test('a refresh token that is not replaced stays good', async () => {
    for (const n of [2, 3]) {
      fn.answer = renewed(n, { refresh_token: undefined })
      fn.ahead += 290_000
      expect(body(await browser.post('/session')).access_token).toBe(`sentinel-at-${n}`)
    }
    expect(fn.sent.map(({ form }) => form.get('refresh_token'))).toEqual(['sentinel-rt-1', 'sentinel-rt-1'])
  })

  test('TMB-2: an access token with more scope than is asked for is not handed out: a narrower one is asked for', async () => {
    fn.answer = renewed(2, { scope: 'openid' })
    expect(body(await browser.post('/session', { scope: 'openid' }))).toMatchObject({
      access_token: 'sentinel-at-2',
      scope: 'openid',
    })
    expect(fn.sent[0]!.form.get('scope')).toBe('openid')
    // The same again is there; all of it is not.
    await browser.post('/session', { scope: 'openid' })
    expect(fn.sent).toHaveLength(1)
    fn.answer = renewed(3, { scope: 'openid profile offline_access' })
    expect(body(await browser.post('/session')).access_token).toBe('sentinel-at-3')
    expect(fn.sent[1]!.form.get('refresh_token')).toBe('sentinel-rt-2')
  })

  test('TMB-2: more than the user agreed to is refused', async () => {
    await start(sessionClient({ scope: 'openid profile offline_access admin' }))
    expect(body(await browser.post('/session', { scope: 'openid admin' }))).toMatchObject({
      error: 'invalid_scope',
    })
    expect(spent()).toEqual([0, 0])
  })

  test('TMB-3: a DPoP proof is refused', async () => {
    expect((await browser.post('/session', {}, { dpop: 'a.b.c' })).statusCode).toBe(400)
    expect(fn.log[0]).toMatchObject({ outcome: 'parameter_unsupported', parameter: 'DPoP' })
  })

  test('IDT-4: a refresh that brings somebody else’s ID token ends in 502, and its tokens are revoked', async () => {
    give(
      fn,
      null,
      { access_token: 'sentinel-at-2', refresh_token: 'sentinel-rt-2' },
      { claims: { sub: 'bob' } },
    )
    expect((await browser.post('/session', { force: 'true' })).statusCode).toBe(502)
    expect(fn.log[0]).toMatchObject({ outcome: 'id_token_invalid', revocation: 'done' })
    expect(fn.sent[1]!.form.get('token')).toBe('sentinel-rt-2')
  })
})

describe('COOKIE-8: the end of a session', () => {
  test('a refresh token that the provider takes no more: 401, and the cookie is cleared', async () => {
    fn.answer = json({ error: 'invalid_grant' }, 400)
    const answer = await browser.post('/session', { force: 'true' })
    expect([answer.statusCode, body(answer).error]).toEqual([401, 'login_required'])
    expect(browser.session).toEqual([])
    expect(fn.log[0]).toMatchObject({ outcome: 'session_ended', upstream_error: 'invalid_grant' })
  })

  test('its time: 401, whatever the browser keeps', async () => {
    fn.ahead = 28_801_000
    expect((await browser.post('/session')).statusCode).toBe(401)
    expect(spent()).toEqual([0, 0])
  })

  test('a refresh does not make it longer', async () => {
    fn.answer = renewed(2)
    fn.ahead = 28_000_000
    const { cookies } = await browser.post('/session')
    expect(Number(/Max-Age=(\d+)/.exec(cookies![0]!)![1])).toBeLessThanOrEqual(800)
  })

  test('without a refresh token it lasts as long as the access token', async () => {
    await start(sessionClient(), { refresh_token: undefined })
    expect((await browser.post('/session', { force: 'true' })).statusCode).toBe(200)
    fn.ahead = 271_000
    expect((await browser.post('/session')).statusCode).toBe(401)
    expect(browser.session).toEqual([])
    expect(spent()).toEqual([0, 0])
  })

  test.each<[string, Answer | ProxyError, number]>([
    ['a provider that is down', json({}, 503), 503],
    ['one that does not answer', new ProxyError('upstream_timeout'), 504],
    ['one that refuses us', json({ error: 'invalid_client' }, 401), 502],
  ])('%s does not end it', async (_, answer, status) => {
    fn.answer = answer
    expect((await browser.post('/session', { force: 'true' })).statusCode).toBe(status)
    expect(browser.session).toEqual([NAME])
    fn.answer = renewed(2)
    expect((await browser.post('/session', { force: 'true' })).statusCode).toBe(200)
  })

  test('a key that may not sign does not end it either', async () => {
    fn.signerError = new ProxyError('signer_unavailable')
    expect((await browser.post('/session', { force: 'true' })).statusCode).toBe(503)
    expect(browser.session).toEqual([NAME])
  })
})

describe('COOKIE-9: a session that cannot be opened: 401, cleared, and nothing is spent', () => {
  const swap = (change: (value: string) => string) =>
    browser.cookies.set(NAME, change(browser.cookies.get(NAME)!))
  const segment = (index: number, change: (text: string) => string) => (jwe: string) =>
    jwe
      .split('.')
      .map((part, i) => (i === index ? change(part) : part))
      .join('.')
  const flip = (text: string) => `${text.startsWith('A') ? 'B' : 'A'}${text.slice(1)}`
  const header = (changes: object) =>
    segment(0, text =>
      Buffer.from(
        JSON.stringify({ ...JSON.parse(Buffer.from(text, 'base64url').toString()), ...changes }),
      ).toString('base64url'),
    )

  test.each<[string, (jwe: string) => string]>([
    ['COOKIE-5: its header', segment(0, flip)],
    ['its (empty) key', segment(1, () => 'AAAA')],
    ['its IV', segment(2, flip)],
    ['its content', segment(3, flip)],
    ['its tag', segment(4, flip)],
    ['another alg', header({ alg: 'A256KW' })],
    ['another enc', header({ enc: 'A128GCM' })],
    ['COOKIE-5: zip', header({ zip: 'DEF' })],
    ['crit', header({ crit: ['exp'], exp: 1 })],
    ['another purpose', header({ typ: 'countersign-login' })],
    ['COOKIE-7: a key that the ring has not', header({ kid: 'k0' })],
    ['no kid', header({ kid: undefined })],
    ['not a JWE', () => 'x'],
    ['nothing', () => ''],
    ['one segment more', jwe => `${jwe}.AAAA`],
  ])('%s', async (_, change) => {
    swap(change)
    const answer = await browser.post('/session')
    expect([answer.statusCode, body(answer).error]).toEqual([401, 'login_required'])
    expect(answer.cookies).toEqual([`${NAME}=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Strict`])
    expect(spent()).toEqual([0, 0])
    // LOG-5: the log tells it from no session at all.
    expect(fn.log[0]!.outcome).toBe('session_unreadable')
  })

  test('COOKIE-6: another client’s of the same deployment, under this one’s name', async () => {
    fn = testFunction(sessionClient(), sessionClient({ client_id: 'app-2' }))
    const other = new TestBrowser(fn)
    const url = await other.begin({ client_id: 'app-2' })
    give(fn, url.searchParams.get('nonce'), {}, { claims: { aud: 'app-2' } })
    await other.navigate('/callback', { code: 'c', state: url.searchParams.get('state')!, iss: ISSUER })
    const theirs = other.cookies.get(sessionCookie('app-2'))!
    expect((await other.post('/session', { client_id: 'app-2' })).statusCode).toBe(200)
    other.cookies.set(NAME, theirs)
    expect((await other.post('/session', { client_id: 'app-1' })).statusCode).toBe(401)
  })

  test('COOKIE-6: a sign-in’s cookie under the session’s name, and the other way round', async () => {
    const session = browser.cookies.get(NAME)!
    const url = await browser.begin()
    const [login] = [...browser.cookies.keys()].filter(name => name.includes('-login-'))
    browser.cookies.set(NAME, browser.cookies.get(login!)!)
    expect((await browser.post('/session')).statusCode).toBe(401)
    browser.cookies.set(login!, session)
    const state = url.searchParams.get('state')!
    expect((await browser.navigate('/callback', { code: 'c', state, iss: ISSUER })).statusCode).toBe(400)
    expect(spent()).toEqual([0, 0])
  })

  test('none at all', async () => {
    browser.cookies.clear()
    const answer = await browser.post('/session')
    expect([answer.statusCode, answer.cookies]).toEqual([401, undefined])
    expect(fn.log[0]!.outcome).toBe('session_missing')
  })

  test.each([
    ['its name twice', (value: string) => [`${NAME}=${value}`, `${NAME}=${value}`]],
    ['two values', (value: string) => [`${NAME}=${value}`, `${NAME}=x`]],
    ['in one piece and in chunks', (value: string) => [`${NAME}=${value}`, `${NAME}-0=x`]],
    ['a chunk twice', (value: string) => [`${NAME}-0=${value}`, `${NAME}-0=x`]],
  ])('COOKIE-10: %s: 400, and all of it is cleared', async (_, cookies) => {
    const sent = cookies(browser.cookies.get(NAME)!)
    const answer = await browser.send(
      event({ client_id: 'app-1' }, { path: '/session', headers: CSRF }),
      sent,
    )
    expect([answer.statusCode, body(answer).error]).toEqual([400, 'invalid_request'])
    const names = new Set(sent.map(cookie => cookie.split('=')[0]))
    expect(answer.cookies!.map(line => line.split('=')[0])).toEqual([...names])
    expect(answer.cookies!.every(line => line.includes('Max-Age=0'))).toBe(true)
    expect(spent()).toEqual([0, 0])
  })
})

describe('CSRF-1, CSRF-2: a request of a page that is not the app’s', () => {
  test.each<[string, Record<string, string | undefined>, number, string]>([
    ['a form, which has no header of its own', { 'x-csrf': undefined }, 403, 'csrf_header_missing'],
    ['another value', { 'x-csrf': '0' }, 403, 'csrf_header_missing'],
    ['of another site, by the browser’s word', { 'sec-fetch-site': 'cross-site' }, 403, 'fetch_site_refused'],
    ['by hand', { 'sec-fetch-site': 'none' }, 403, 'fetch_site_refused'],
    ['a sibling host’s Origin', { origin: 'https://blog.example.com' }, 403, 'origin_refused'],
    ['no Origin', { origin: undefined }, 403, 'origin_missing'],
    ['Origin: null', { origin: 'null' }, 403, 'origin_refused'],
  ])('%s', async (_, headers, status, outcome) => {
    for (const path of ['/session', '/logout']) {
      const answer = await browser.post(path, { force: 'true' }, headers)
      expect([answer.statusCode, answer.cookies]).toEqual([status, undefined])
      expect(fn.log.at(-1)!.outcome).toBe(outcome)
    }
    expect(spent()).toEqual([0, 0])
  })

  test('T7: of another app of this deployment, whose own origin is allowed', async () => {
    fn = testFunction(
      sessionClient(),
      sessionClient({ client_id: 'app-2', allowed_origins: ['https://two.example.com'] }),
    )
    const theirs = new TestBrowser(fn)
    theirs.cookies.set(NAME, browser.cookies.get(NAME)!)
    for (const path of ['/session', '/logout']) {
      const answer = await theirs.post(path, { client_id: 'app-1' }, { origin: 'https://two.example.com' })
      expect([answer.statusCode, answer.cookies]).toEqual([403, undefined])
      expect(answer.headers).not.toHaveProperty('access-control-allow-origin')
      expect(fn.log.at(-1)!.outcome).toBe('origin_refused')
    }
    // Its cookie is good, so it is the origin that was refused.
    expect((await theirs.post('/session', { client_id: 'app-1' })).statusCode).toBe(200)
  })

  test('an older browser, which says nothing of the site, passes by Origin and header', async () => {
    expect((await browser.post('/session', {}, { 'sec-fetch-site': undefined })).statusCode).toBe(200)
  })

  test('CSRF-3: a GET changes nothing', async () => {
    const answer = await browser.send(
      event(undefined, { method: 'GET', path: '/session', body: '', headers: CSRF }),
    )
    expect(answer.statusCode).toBe(405)
  })

  test('CORS-6: the preflight names the header and lets cookies along, for this origin alone', async () => {
    const { statusCode, headers } = await fn.handler(
      event(undefined, { method: 'OPTIONS', path: '/session', body: '' }),
    )
    expect(statusCode).toBe(204)
    expect(headers['access-control-allow-credentials']).toBe('true')
    expect(headers['access-control-allow-headers']).toBe('content-type, dpop, x-csrf')
  })
})

describe('BFF: POST /session in the delivery `session`', () => {
  test('COOKIE-12: who is signed in, and no token', async () => {
    await start(bffClient())
    const answer = await browser.post('/session')
    expect(body(answer)).toEqual({
      expires_in: expect.any(Number),
      scope: 'openid profile offline_access',
      claims: { sub: 'alice', name: 'Alice' },
      session_expires_in: expect.any(Number),
    })
    fn.answer = renewed(2)
    expect((await browser.post('/session', { force: 'true' })).body).not.toMatch(/sentinel|eyJ/)
    expect(fn.log.at(-1)).toMatchObject({ outcome: 'session_refreshed', grant_type: 'refresh_token' })
  })

  test.each(['/token', '/par', '/device_authorization'])('%s is not for it', async path => {
    await start(bffClient())
    expect((await browser.post(path, { grant_type: 'authorization_code' })).statusCode).toBe(400)
    expect(fn.log.at(-1)!.outcome).toBe('delivery_refused')
    expect(spent()).toEqual([0, 0])
  })
})

describe('TMB-4: the deviation: an app that begins its own sign-in', () => {
  const form = {
    grant_type: 'authorization_code',
    code: 'c',
    redirect_uri: REDIRECT_URI,
    code_verifier: VERIFIER,
  }
  beforeEach(async () => {
    await start(sessionClient({ redirect_uris: [REDIRECT_URI] }))
    browser.cookies.clear()
    give(fn, 'of-the-app')
  })

  test('gets access token and ID token, whose nonce it alone can check; the refresh token is in the cookie', async () => {
    const answer = await browser.post('/token', form)
    expect(Object.keys(body(answer)).sort()).toEqual([
      'access_token',
      'expires_in',
      'id_token',
      'scope',
      'token_type',
    ])
    expect(browser.session).toEqual([NAME])
    fn.answer = renewed(2)
    expect(body(await browser.post('/session', { force: 'true' })).access_token).toBe('sentinel-at-2')
    expect(fn.sent.at(-1)!.form.get('refresh_token')).toBe('sentinel-rt-1')
  })

  test('CSRF-1: without the header no page can sign its visitor in as somebody else', async () => {
    expect((await browser.post('/token', form, { 'x-csrf': undefined })).statusCode).toBe(403)
    expect(spent()).toEqual([0, 0])
  })

  test('TMB-3: no DPoP', async () => {
    expect((await browser.post('/token', form, { dpop: 'a.b.c' })).statusCode).toBe(400)
    expect(spent()).toEqual([0, 0])
  })
})

describe('REV-2, LOUT-1: POST /logout', () => {
  const LINE = [`${NAME}=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Strict`]

  test('revokes, clears, and says where the provider’s own session is ended', async () => {
    fn.answer = { status: 200, headers: {}, body: '' }
    const answer = await browser.post('/logout', { post_logout_redirect_uri: `${ORIGIN}/bye`, state: 's' })
    expect(answer.statusCode).toBe(200)
    const url = new URL(body(answer).logout_url)
    expect(`${url.origin}${url.pathname}`).toBe(`${ISSUER}/signoff`)
    expect(Object.fromEntries(url.searchParams)).toEqual({
      client_id: 'app-1',
      post_logout_redirect_uri: `${ORIGIN}/bye`,
      state: 's',
    })
    expect(answer.cookies).toEqual(LINE)
    expect([fn.sent[0]!.url, fn.sent[0]!.form.get('token')]).toEqual([`${ISSUER}/revoke`, 'sentinel-rt-1'])
    expect(fn.log[0]).toMatchObject({ outcome: 'logged_out', revocation: 'done' })
    expect((await browser.post('/session')).statusCode).toBe(401)
  })

  test.each<[string, () => void]>([
    [
      'the provider is down',
      () => {
        fn.answer = json({}, 503)
      },
    ],
    [
      'it does not answer',
      () => {
        fn.answer = new ProxyError('upstream_timeout')
      },
    ],
    [
      'the key cannot sign',
      () => {
        fn.signerError = new ProxyError('signer_unavailable')
      },
    ],
  ])('where %s, the cookie is cleared even so, and the failure counted', async (_, fault) => {
    fault()
    const answer = await browser.post('/logout')
    expect([answer.statusCode, answer.cookies]).toEqual([200, LINE])
    expect(fn.log[0]).toMatchObject({ outcome: 'logged_out', revocation: 'failed' })
  })

  test('without a session there is nothing to revoke, and the answer is the same', async () => {
    browser.cookies.clear()
    const answer = await browser.post('/logout')
    expect([answer.statusCode, Object.keys(body(answer))]).toEqual([200, ['logout_url']])
    expect(spent()).toEqual([0, 0])
  })

  test('T12: an address that is not registered is refused, and the session stays', async () => {
    for (const post_logout_redirect_uri of ['https://evil.example/', `${ORIGIN}/bye/`, `${ORIGIN}/bye?x`]) {
      expect((await browser.post('/logout', { post_logout_redirect_uri })).statusCode).toBe(400)
    }
    expect(browser.session).toEqual([NAME])
  })

  test('a provider without such a page', async () => {
    const { end_session_endpoint: _, ...client } = sessionClient()
    await start(client)
    expect(body(await browser.post('/logout'))).toEqual({})
  })
})

describe('the wrong delivery', () => {
  test.each(['/session', '/logout'])('%s of a client of `tokens`', async path => {
    fn = testFunction()
    await new TestBrowser(fn).post(path)
    expect(fn.log[0]!.outcome).toBe('delivery_refused')
  })

  test('without keys there are no sessions, and everything else goes on', async () => {
    const { sealKeys } = await import('../../../lib/session/keys.ts')
    fn.deps.seals = sealKeys({ ring: undefined, now: Date.now })
    expect((await browser.post('/session')).statusCode).toBe(503)
    expect(fn.log.at(-1)!.outcome).toBe('sessions_unavailable')
  })

  test('and no code is spent for one: POST /token is refused before it is signed', async () => {
    await start(sessionClient({ redirect_uris: [REDIRECT_URI] }))
    const { sealKeys } = await import('../../../lib/session/keys.ts')
    fn.deps.seals = sealKeys({ ring: undefined, now: Date.now })
    const form = {
      grant_type: 'authorization_code',
      code: 'c',
      redirect_uri: REDIRECT_URI,
      code_verifier: VERIFIER,
    }
    expect((await browser.post('/token', form)).statusCode).toBe(503)
    expect(spent()).toEqual([0, 0])
  })

  test('no log line has a token, a cookie or a key in it', async () => {
    fn.answer = renewed(2)
    await browser.post('/session', { force: 'true' })
    await browser.post('/logout')
    const text = JSON.stringify(fn.log)
    for (const secret of ['sentinel', ARN, 'first-master', 'eyJ']) expect(text).not.toContain(secret)
  })
})
