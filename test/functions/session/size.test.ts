import { beforeEach, describe, expect, test } from 'vitest'
import { COOKIE_MAX_B, COOKIES_MAX_B } from '../../../lib/limits.ts'
import { sessionCookie } from '../../../lib/session/cookies.ts'
import { ORIGIN, type TestFunction, testFunction } from '../../support/function.ts'
import { ISSUER, json, sessionClient, TestBrowser } from '../../support/session.ts'

// COOKIE-4: what a session may weigh, to the byte.

const NAME = sessionCookie('app-1')
let fn: TestFunction
let browser: TestBrowser
beforeEach(() => {
  fn = testFunction(sessionClient())
  browser = new TestBrowser(fn)
})

const bytes = () =>
  browser.session.reduce((sum, name) => sum + name.length + browser.cookies.get(name)!.length, 0)
const withAccessToken = (length: number) => browser.signIn({ access_token: 'a'.repeat(length) })

/** The longest access token with which a sign-in still does what is asked. */
async function longest(holds: () => boolean): Promise<number> {
  let [low, high] = [100, 8_000]
  while (high - low > 1) {
    const middle = (low + high) >> 1
    browser.cookies.clear()
    await withAccessToken(middle)
    if (holds()) low = middle
    else high = middle
  }
  browser.cookies.clear()
  fn.sent.length = 0
  return low
}

test('one cookie as long as it fits, of 4096 bytes at most; one byte more makes two of them', async () => {
  const length = await longest(() => browser.session.length === 1)
  await withAccessToken(length)
  expect(bytes()).toBeLessThanOrEqual(COOKIE_MAX_B)
  expect(bytes()).toBeGreaterThan(COOKIE_MAX_B - 4)
  await withAccessToken(length + 1)
  expect(browser.session).toEqual([`${NAME}-0`, `${NAME}-1`])
  for (const name of browser.session) {
    expect(name.length + browser.cookies.get(name)!.length).toBeLessThanOrEqual(COOKIE_MAX_B)
  }
})

describe('just under 6 KiB', () => {
  let length: number
  beforeEach(async () => {
    length = await longest(() => browser.session.length > 0)
  })

  test('works, by chunks', async () => {
    await withAccessToken(length)
    expect(bytes()).toBeLessThanOrEqual(COOKIES_MAX_B)
    expect(bytes()).toBeGreaterThan(COOKIES_MAX_B - 4)
    const { access_token } = JSON.parse((await browser.post('/session')).body)
    expect(access_token).toBe('a'.repeat(length))
  })

  test('one byte more: the tokens are revoked, the app is told, and there is no session', async () => {
    const { headers } = await withAccessToken(length + 1)
    const url = new URL(headers.location!)
    expect([url.origin, url.searchParams.get('error')]).toEqual([ORIGIN, 'server_error'])
    expect(url.searchParams.get('error_description')).toMatch(/do not fit into a session\.$/)
    expect(browser.session).toEqual([])
    expect(fn.sent.map(({ url: to, form }) => [to, form.get('token')])).toEqual([
      [`${ISSUER}/token`, null],
      [`${ISSUER}/revoke`, 'sentinel-rt-1'],
    ])
    expect(fn.log.at(-1)).toMatchObject({ outcome: 'session_too_large', revocation: 'done', status: 502 })
  })

  test('the same where a refresh brings it: the session ends', async () => {
    await withAccessToken(length)
    fn.answer = json({
      access_token: 'a'.repeat(length + 1),
      token_type: 'Bearer',
      expires_in: 300,
      refresh_token: 'sentinel-rt-1',
    })
    const answer = await browser.post('/session', { force: 'true' })
    expect(answer.statusCode).toBe(502)
    expect(answer.cookies!.every(line => line.includes('Max-Age=0'))).toBe(true)
    expect(browser.session).toEqual([])
  })
})

test('a session that has become small leaves no chunk behind, and one that has grown no whole', async () => {
  await withAccessToken(3_500)
  expect(browser.session).toEqual([`${NAME}-0`, `${NAME}-1`])
  const renewed = (access_token: string) =>
    json({ access_token, token_type: 'Bearer', expires_in: 300, refresh_token: 'rt' })
  fn.answer = renewed('small')
  await browser.post('/session', { force: 'true' })
  expect(browser.session).toEqual([NAME])
  fn.answer = renewed('a'.repeat(3_500))
  await browser.post('/session', { force: 'true' })
  expect(browser.session).toEqual([`${NAME}-0`, `${NAME}-1`])
  expect((await browser.post('/session')).statusCode).toBe(200)
})

test('a chunk that is missing: 401, and the rest is cleared', async () => {
  await withAccessToken(3_500)
  browser.cookies.delete(`${NAME}-0`)
  const answer = await browser.post('/session')
  expect(answer.statusCode).toBe(401)
  expect(answer.cookies).toEqual([`${NAME}-1=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Strict`])
})

test('chunks that were exchanged for each other: 401', async () => {
  await withAccessToken(3_500)
  const [first, second] = [browser.cookies.get(`${NAME}-0`)!, browser.cookies.get(`${NAME}-1`)!]
  browser.cookies.set(`${NAME}-0`, second)
  browser.cookies.set(`${NAME}-1`, first)
  expect((await browser.post('/session')).statusCode).toBe(401)
  expect(browser.session).toEqual([])
})
