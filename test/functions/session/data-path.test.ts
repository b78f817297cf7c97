import { describe, expect, test } from 'vitest'
import { authorizer } from '../../../functions/authorizer.ts'
import { permits } from '../../../lib/http/api-routes.ts'
import { sessionCookie } from '../../../lib/session/cookies.ts'
import { ORIGIN, type TestFunction, testFunction } from '../../support/function.ts'
import { bffClient, CSRF, json, TestBrowser } from '../../support/session.ts'

// What somebody might send beneath /api to have more done than is listed, and what a provider might put into Authorization.

/** What the authorizer makes of a request for /orders. */
async function ask(
  fn: TestFunction,
  cookies: string[],
  headers: Record<string, string> = {},
  more: object = {},
): Promise<string> {
  const policy = await authorizer(() => fn.deps).handler({
    type: 'REQUEST',
    methodArn: 'arn:x',
    httpMethod: 'GET',
    headers: { origin: ORIGIN, ...CSRF, cookie: cookies.join('; '), ...headers },
    pathParameters: { proxy: 'orders' },
    ...more,
  })
  return policy.policyDocument.Statement[0].Effect
}

async function signedIn(...clients: Record<string, unknown>[]): Promise<TestBrowser> {
  const browser = new TestBrowser(testFunction(...clients))
  await browser.signIn()
  return browser
}

describe('BFF-2: the data path', () => {
  const routes = [{ method: '*', path: '/orders', beneath: true }]
  test.each([
    '/orders/..;/admin',
    '/orders/..;x=1/admin',
    '/orders/.;/x',
    '/orders/..%3b/admin',
    '/orders/%c0%ae%c0%ae/admin',
    '/orders/..%3Bx/admin',
  ])('%s', p => {
    expect(permits(routes, 'GET', p)).toBe(false)
  })
  test.each([
    'x-http-method-override',
    'x-http-method',
    'x-method-override',
    'x-original-url',
    'x-rewrite-url',
    // CGI, WSGI and their like make one variable of both spellings.
    'x_http_method_override',
    'X_HTTP_Method_Override',
    'x-http_method-override',
    // It would stand beside the one that the gateway sets.
    'x_client_ip',
  ])('%s', async name => {
    const browser = await signedIn(bffClient())
    expect(await ask(browser.fn, browser.header())).toBe('Allow')
    expect(await ask(browser.fn, browser.header(), { [name]: 'DELETE' })).toBe('Deny')
  })
  test('no methodArn', async () => {
    const browser = await signedIn(bffClient())
    await expect(ask(browser.fn, browser.header(), {}, { methodArn: undefined })).rejects.toThrow('internal')
  })
  test('a cookie that is left of a client that is switched off does not keep the other from its API', async () => {
    const browser = await signedIn(bffClient(), bffClient({ client_id: 'app-2', enabled: false }))
    const cookies = [...browser.header(), `${sessionCookie('app-2')}=what-is-left`]
    expect(await ask(browser.fn, cookies)).toBe('Allow')
  })
})

describe('BFF-2: what goes into Authorization', () => {
  test('a sign-in brings a token that is no bearer token: there is no session', async () => {
    const browser = new TestBrowser(testFunction(bffClient()))
    await browser.signIn({ token_type: 'DPoP' })
    expect((await browser.post('/session')).statusCode).not.toBe(200)
  })
  test.each([
    ['is no bearer token', { token_type: 'DPoP' }],
    ['has a line break', { access_token: 'x\r\nX-User: root' }],
  ])('a refresh without an ID token brings one that %s', async (_, changes) => {
    const browser = await signedIn(bffClient())
    browser.fn.answer = json({ access_token: 'at-2', token_type: 'Bearer', expires_in: 300, ...changes })
    expect((await browser.post('/session', { force: 'true' })).statusCode).toBe(502)
  })
})
