import { beforeEach, describe, expect, test } from 'vitest'
import { challengeOf } from '../../../functions/session/ticket.ts'
import {
  type EventOverrides,
  event,
  ORIGIN,
  type TestFunction,
  testFunction,
} from '../../support/function.ts'
import { give, ISSUER, json, nativeClient, sessionClient, TestBrowser } from '../../support/session.ts'

// A native app: its own HTTP client, and beside it the system's browser, whose cookies it never sees.

const RETURN_TO = 'com.example.app:/signed-in'
const VERIFIER = 'w'.repeat(43)
const QUERY = { return_to: RETURN_TO, code_challenge: challengeOf(VERIFIER), code_challenge_method: 'S256' }

let fn: TestFunction
let browser: TestBrowser
beforeEach(() => {
  fn = testFunction(
    nativeClient(),
    sessionClient({ client_id: 'web-1' }),
    nativeClient({ client_id: 'app-2' }),
  )
  browser = new TestBrowser(fn)
})

/** Of the app: no Origin, no cookie. */
const app = (path: string, form: Record<string, string>, { headers = {}, ...more }: EventOverrides = {}) =>
  fn.handler(
    event({ client_id: 'app-1', ...form }, { path, headers: { origin: undefined, ...headers }, ...more }),
  )

const body = (result: { body: string }) => JSON.parse(result.body)

async function ticket(): Promise<string> {
  const url = await browser.begin(QUERY)
  give(fn, url.searchParams.get('nonce'))
  const query = { code: 'sentinel-code', state: url.searchParams.get('state')!, iss: ISSUER }
  const { headers } = await browser.navigate('/callback', query)
  return new URL(headers.location!).searchParams.get('ticket')!
}

const redeem = (sealed: string, form: Record<string, string> = {}, overrides: EventOverrides = {}) =>
  app('/session', { ticket: sealed, code_verifier: VERIFIER, ...form }, overrides)

const withHandle = (handle: string, form: Record<string, string> = {}) =>
  app('/session', form, { headers: { authorization: `Bearer ${handle}` } })

describe('a sign-in', () => {
  test('the callback exchanges nothing: it gives a ticket to the app, in which nothing can be read', async () => {
    const sealed = await ticket()
    expect([fn.signed, fn.sent.length]).toEqual([0, 0])
    expect(fn.log.at(-1)).toMatchObject({ outcome: 'ticket', client_id: 'app-1' })
    const decoded = sealed.split('.').map(part => Buffer.from(part, 'base64url').toString('latin1'))
    expect(decoded.join()).not.toMatch(/sentinel|signed-in/)
    expect([...browser.cookies.keys()]).toEqual([])
  })

  test('ticket and verifier give a session, whose handle is sent from then on', async () => {
    const begun = await redeem(await ticket())
    expect(body(begun)).toMatchObject({
      access_token: 'sentinel-at-1',
      claims: { sub: 'alice' },
      handle: expect.stringMatching(/^[\w-]{8}\.eyJ/),
    })
    expect(begun.cookies).toBeUndefined()
    expect(fn.sent[0]!.form.get('code')).toBe('sentinel-code')
    const again = await withHandle(body(begun).handle)
    expect(body(again)).toMatchObject({ access_token: 'sentinel-at-1', handle: expect.any(String) })
    expect(fn.sent).toHaveLength(1)
    fn.answer = json({ access_token: 'at-2', token_type: 'Bearer', expires_in: 300, refresh_token: 'rt-2' })
    const refreshed = body(await withHandle(body(again).handle, { force: 'true' }))
    expect(refreshed.access_token).toBe('at-2')
    expect(fn.sent[1]!.form.get('refresh_token')).toBe('sentinel-rt-1')
    await withHandle(refreshed.handle, { force: 'true' })
    expect(fn.sent[2]!.form.get('refresh_token')).toBe('rt-2')
  })

  test('COOKIE-12: in the delivery `session` no token comes with it', async () => {
    fn = testFunction(nativeClient({ delivery: 'session', api_routes: ['GET /*'] }))
    browser = new TestBrowser(fn)
    const begun = await redeem(await ticket())
    expect(Object.keys(body(begun)).sort()).toEqual([
      'claims',
      'expires_in',
      'handle',
      'scope',
      'session_expires_in',
    ])
    expect(begun.body).not.toContain('sentinel')
  })

  test('logout revokes, and clears nothing, for there is nothing', async () => {
    const { handle } = body(await redeem(await ticket()))
    const answer = await app('/logout', {}, { headers: { authorization: `Bearer ${handle}` } })
    expect([answer.statusCode, answer.cookies]).toEqual([200, undefined])
    expect(fn.sent.at(-1)!.form.get('token')).toBe('sentinel-rt-1')
  })
})

describe('a ticket is refused, and nothing is spent', () => {
  const refused = async (answer: Promise<{ statusCode: number; body: string }>, error: string) => {
    const { statusCode, body: text } = await answer
    expect([statusCode, JSON.parse(text).error]).toEqual([400, error])
    expect([fn.signed, fn.sent.length]).toEqual([0, 0])
  }

  test('without its verifier, or with another', async () => {
    const sealed = await ticket()
    await refused(app('/session', { ticket: sealed }), 'invalid_request')
    await refused(redeem(sealed, { code_verifier: 'x'.repeat(43) }), 'invalid_grant')
    await refused(redeem(sealed, { code_verifier: challengeOf(VERIFIER) }), 'invalid_grant')
    await refused(redeem(sealed, { code_verifier: 'short' }), 'invalid_request')
  })

  test('later than 60 s', async () => {
    const sealed = await ticket()
    fn.ahead = 61_000
    await refused(redeem(sealed), 'invalid_grant')
  })

  test('by another client', async () => {
    await refused(redeem(await ticket(), { client_id: 'app-2' }), 'invalid_grant')
  })

  test('tampered, or another thing of ours', async () => {
    const sealed = await ticket()
    await refused(redeem(`${sealed.slice(0, -2)}AA`), 'invalid_grant')
    const { handle } = body(await redeem(sealed))
    fn.signed = 0
    fn.sent.length = 0
    await refused(redeem(handle), 'invalid_grant')
    await refused(redeem(handle.slice(9)), 'invalid_grant')
  })

  test('from a web client', async () => {
    const sealed = await ticket()
    const web = new TestBrowser(fn)
    const form = { client_id: 'web-1', ticket: sealed, code_verifier: VERIFIER }
    await refused(web.post('/session', form), 'invalid_request')
  })
})

test('a ticket that is used twice: the code is spent, and the provider says so', async () => {
  const sealed = await ticket()
  expect((await redeem(sealed)).statusCode).toBe(200)
  fn.answer = json({ error: 'invalid_grant' }, 400)
  const second = await redeem(sealed)
  expect([second.statusCode, body(second).error]).toEqual([400, 'invalid_grant'])
})

describe('a native client is no browser', () => {
  test('with an Origin: 403 without CORS headers', async () => {
    const answer = await redeem(await ticket(), {}, { headers: { origin: ORIGIN, 'x-csrf': '1' } })
    expect(answer.statusCode).toBe(403)
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin')
  })

  test('with a cookie', async () => {
    const request = event(
      { client_id: 'app-1', ticket: await ticket(), code_verifier: VERIFIER },
      { path: '/session', headers: { origin: undefined } },
    )
    const answer = await fn.handler({ ...request, cookies: ['a=b'] })
    expect(answer.statusCode).toBe(400)
    expect(fn.log.at(-1)).toMatchObject({ outcome: 'parameter_unsupported', parameter: 'Cookie' })
  })

  test('and a web client has no bearer token', async () => {
    const answer = await new TestBrowser(fn).post(
      '/session',
      { client_id: 'web-1' },
      { authorization: 'Bearer x' },
    )
    expect(answer.statusCode).toBe(400)
    expect(fn.log.at(-1)).toMatchObject({ outcome: 'parameter_unsupported', parameter: 'Authorization' })
  })

  test('ticket and handle together', async () => {
    const sealed = await ticket()
    const answer = await redeem(sealed, {}, { headers: { authorization: 'Bearer x' } })
    expect(fn.log.at(-1)).toMatchObject({ outcome: 'parameter_unsupported', parameter: 'ticket' })
    expect(answer.statusCode).toBe(400)
  })

  test.each(['', 'Bearer x', 'Basic eA==', 'Bearer AAAAAAAA.x'])(
    'the handle %j: 401',
    async authorization => {
      const answer = await app('/session', {}, { headers: { authorization } })
      expect([answer.statusCode, body(answer).error]).toEqual([401, 'login_required'])
    },
  )

  test('/token is not for it', async () => {
    await app('/token', {
      grant_type: 'authorization_code',
      code: 'c',
      redirect_uri: RETURN_TO,
      code_verifier: VERIFIER,
    })
    expect(fn.log.at(-1)!.outcome).toBe('delivery_refused')
  })
})

describe('/login', () => {
  test.each<[Record<string, string | undefined>, string]>([
    [{ return_to: 'com.example.app:/other' }, 'return_to_refused'],
    [{ return_to: 'https://evil.example' }, 'return_to_refused'],
    [{ return_to: undefined }, 'parameter_missing'],
    [{ code_challenge: undefined }, 'parameter_missing'],
    [{ code_challenge: 'short' }, 'parameter_malformed'],
    [{ code_challenge_method: 'plain' }, 'parameter_malformed'],
    [{ code_challenge_method: undefined }, 'parameter_missing'],
  ])('%j', async (changes, outcome) => {
    const query = Object.entries({ client_id: 'app-1', ...QUERY, ...changes }).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    )
    expect((await browser.navigate('/login', Object.fromEntries(query))).statusCode).toBe(400)
    expect(fn.log.at(-1)!.outcome).toBe(outcome)
  })

  test('an error goes back to the app', async () => {
    const url = await browser.begin(QUERY)
    const { headers } = await browser.navigate('/callback', {
      error: 'access_denied',
      state: url.searchParams.get('state')!,
      iss: ISSUER,
    })
    expect(headers.location).toMatch(`${RETURN_TO}?error=access_denied&`)
  })
})
