import { beforeEach, describe, expect, test } from 'vitest'
import { authorizer, type Policy } from '../../../functions/authorizer.ts'
import { ProxyError } from '../../../lib/errors.ts'
import { sessionCookie } from '../../../lib/session/cookies.ts'
import { ORIGIN, type TestFunction, testFunction } from '../../support/function.ts'
import { AUTH, bffClient, json, nativeClient, sessionClient, TestBrowser } from '../../support/session.ts'

// BFF-2: what API Gateway is told of a request to the API behind.

const ARN = 'arn:aws:execute-api:eu-central-1:111122223333:abc/live/GET/orders'
let fn: TestFunction
let browser: TestBrowser

async function start(...clients: Record<string, unknown>[]): Promise<void> {
  fn = testFunction(...clients)
  browser = new TestBrowser(fn)
  await browser.signIn()
  fn.signed = 0
  fn.sent.length = 0
  fn.log.length = 0
}
beforeEach(() => start(bffClient()))

interface Asked {
  method?: string
  path?: string
  headers?: Record<string, string | undefined>
  cookies?: string[] | undefined
}

/** A REQUEST authorizer's event, as a REST API makes it. */
function request({ method = 'GET', path = 'orders', headers = {}, cookies = browser.header() }: Asked = {}) {
  const all: Record<string, string | undefined> = {
    origin: ORIGIN,
    'x-csrf': '1',
    'sec-fetch-site': 'same-site',
    ...(cookies.length > 0 && { cookie: cookies.join('; ') }),
    ...headers,
  }
  const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
  return {
    type: 'REQUEST',
    methodArn: ARN,
    resource: '/{proxy+}',
    path: `/api/${path}`,
    httpMethod: method,
    headers: given,
    multiValueHeaders: Object.fromEntries(Object.entries(given).map(([name, value]) => [name, [value]])),
    pathParameters: { proxy: path },
    requestContext: { resourcePath: '/{proxy+}', httpMethod: method, stage: 'live' },
  }
}

const ask = (asked?: Asked): Promise<Policy> => authorizer(() => fn.deps).handler(request(asked))
const effect = ({ policyDocument }: Policy) => policyDocument.Statement[0].Effect

test('the access token of the session, for this request alone', async () => {
  expect(await ask()).toEqual({
    principalId: 'session',
    policyDocument: {
      Version: '2012-10-17',
      Statement: [{ Action: 'execute-api:Invoke', Effect: 'Allow', Resource: ARN }],
    },
    context: { authorization: 'Bearer sentinel-at-1' },
  })
  expect([fn.signed, fn.sent.length]).toEqual([0, 0])
  expect(fn.log[0]).toMatchObject({ route: '/api', outcome: 'authorized', client_id: 'app-1', status: 200 })
  expect(JSON.stringify(fn.log)).not.toContain('sentinel')
})

describe('401: the app is to ask /session, and come again', () => {
  test.each<[string, () => Asked]>([
    ['no cookie', () => ({ cookies: [] })],
    ['one that cannot be opened', () => ({ cookies: [`${sessionCookie('app-1')}=x`] })],
    [
      'an access token that has run out',
      () => {
        fn.ahead = 301_000
        return {}
      },
    ],
    [
      'a session that has ended',
      () => {
        fn.ahead = 28_801_000
        return {}
      },
    ],
  ])('%s', async (_, asked) => {
    await expect(ask(asked())).rejects.toThrow(/^Unauthorized$/)
    expect([fn.signed, fn.sent.length]).toEqual([0, 0])
    expect(fn.log[0]!.status).toBe(401)
  })
})

describe('403', () => {
  test.each<[string, Asked, string]>([
    ['CSRF-1: no header, on GET too', { headers: { 'x-csrf': undefined } }, 'csrf_header_missing'],
    ['CSRF-2: a sibling host', { headers: { origin: 'https://blog.example.com' } }, 'origin_refused'],
    ['CSRF-2: another site', { headers: { 'sec-fetch-site': 'cross-site' } }, 'fetch_site_refused'],
    ['no Origin', { headers: { origin: undefined } }, 'origin_missing'],
    ['a method that is not named', { method: 'DELETE' }, 'api_route_refused'],
    ['a path that is not named', { path: 'admin' }, 'api_route_refused'],
    ['a path that only begins alike', { path: 'orders-all' }, 'api_route_refused'],
  ])('%s', async (_, asked, outcome) => {
    const policy = await ask(asked)
    expect(effect(policy)).toBe('Deny')
    expect(policy).not.toHaveProperty('context')
    expect(fn.log[0]).toMatchObject({ outcome, status: 403 })
  })

  test('COOKIE-10: our cookie twice', async () => {
    const [cookie] = browser.header()
    expect(effect(await ask({ cookies: [cookie!, cookie!] }))).toBe('Deny')
    expect(fn.log[0]!.outcome).toBe('cookie_repeated')
  })

  test('T13: a path that two servers could read in two ways', async () => {
    for (const path of [
      'orders/..',
      'orders/../admin',
      'orders/./1',
      'orders/%2e%2e/admin',
      'orders/%2E%2E%2Fadmin',
      'orders/..%2fadmin',
      'orders/%5c..%5cadmin',
      'orders/%252e%252e/admin',
      'orders\\..\\admin',
      'orders//admin',
      '/evil.example/orders/',
      'orders/@evil.example//x',
      'orders/a?b',
      'orders/a#b',
      'orders/a b',
      'orders/%00',
      'orders/%zz',
      'https://evil.example/orders/',
    ]) {
      expect([path, effect(await ask({ method: 'POST', path }))]).toEqual([path, 'Deny'])
    }
  })

  test('what is named passes', async () => {
    for (const [method, path] of [
      ['GET', 'orders'],
      ['DELETE', 'orders/17'],
      ['POST', 'orders/17/items/'],
      ['PUT', 'orders/caf%C3%A9'],
      ['GET', 'orders/a@b;c=d'],
    ]) {
      expect([path, effect(await ask({ method: method!, path: path! }))]).toEqual([path, 'Allow'])
    }
  })
})

test('a client that is switched off: 401, and /session then says why', async () => {
  const cookies = browser.header()
  await start(bffClient({ enabled: false })).catch(() => {})
  await expect(ask({ cookies })).rejects.toThrow('Unauthorized')
  browser.cookies.set(...(cookies[0]!.split('=') as [string, string]))
  expect((await browser.post('/session')).statusCode).toBe(503)
})

test('the session of a client of the delivery `mediated` opens nothing here', async () => {
  await start(sessionClient())
  await expect(ask()).rejects.toThrow('Unauthorized')
})

test('an app on the very host of this deployment: a GET has no Origin, and the browser says that it is its own', async () => {
  await start(bffClient({ allowed_origins: [AUTH] }))
  expect(effect(await ask({ headers: { origin: undefined, 'sec-fetch-site': 'same-origin' } }))).toBe('Allow')
  expect(effect(await ask({ headers: { origin: undefined, 'sec-fetch-site': 'none' } }))).toBe('Deny')
})

test('two apps of one origin, both signed in: nobody can say whose request it is', async () => {
  const other = bffClient({ client_id: 'app-2' })
  await start(bffClient(), other)
  expect(effect(await ask())).toBe('Allow')
  const cookies = [...browser.header(), `${sessionCookie('app-2')}=x`]
  expect(effect(await ask({ cookies }))).toBe('Deny')
})

describe('a native app, by its handle', () => {
  const native = (changes: Record<string, unknown> = {}) =>
    nativeClient({ client_id: 'app-1', delivery: 'session', api_routes: ['GET /orders'], ...changes })
  let handle: string
  beforeEach(async () => {
    fn = testFunction(native(), bffClient({ client_id: 'web-1' }))
    browser = new TestBrowser(fn)
    const { handleFor } = await import('../../../lib/session/handle.ts')
    const { seal } = await import('../../../lib/session/seal.ts')
    const iat = Math.floor(Date.now() / 1000)
    const content = { access_token: 'sentinel-at-1', token_type: 'Bearer', claims: {}, iat, exp: iat + 600 }
    const owner = { client_id: 'app-1', as: { issuer: 'https://auth.pingone.eu/0000/as' } }
    handle = handleFor('app-1', await seal(fn.deps.seals, 'handle', owner, content))
  })
  const headers = (more: Record<string, string | undefined> = {}) => ({
    origin: undefined,
    'x-csrf': undefined,
    'sec-fetch-site': undefined,
    authorization: `Bearer ${handle}`,
    ...more,
  })

  test('without Origin, cookie and X-CSRF', async () => {
    expect((await ask({ headers: headers(), cookies: [] })).context).toEqual({
      authorization: 'Bearer sentinel-at-1',
    })
  })

  test('with an Origin, or a cookie, it is refused', async () => {
    expect(effect(await ask({ headers: headers({ origin: ORIGIN }), cookies: [] }))).toBe('Deny')
    expect(effect(await ask({ headers: headers(), cookies: ['a=b'] }))).toBe('Deny')
  })

  test('another client’s, or a tampered one: 401', async () => {
    for (const authorization of [
      `Bearer ${handle}x`,
      `Bearer x${handle.slice(1)}`,
      `Bearer ${handle.slice(9)}`,
    ]) {
      await expect(ask({ headers: headers({ authorization }), cookies: [] })).rejects.toThrow('Unauthorized')
    }
  })
})

test('where there is no configuration: 500, and no decision', async () => {
  fn.deps.configuration = () => Promise.reject(new ProxyError('configuration_unavailable'))
  await expect(ask()).rejects.toThrow('configuration_unavailable')
})

test('any event is answered: by a refusal, or by 401', async () => {
  const { handler, ready } = authorizer(() => fn.deps)
  await ready
  for (const event of [
    undefined,
    null,
    1,
    'x',
    [],
    {},
    { headers: null, pathParameters: 7, methodArn: {} },
    json({}),
  ]) {
    expect(effect(await handler(event))).toBe('Deny')
  }
})
