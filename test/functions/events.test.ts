import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readEvent } from '../../functions/call.ts'
import { event, GOOD, ORIGIN, testFunction } from '../support/function.ts'

test('payload 1.0 of a REST API, with header names in any letters', async () => {
  const fn = testFunction()
  const { statusCode } = await fn.handler({
    version: '1.0',
    resource: '/token',
    path: '/token',
    httpMethod: 'POST',
    headers: { Origin: ORIGIN, 'Content-Type': 'application/x-www-form-urlencoded' },
    requestContext: { stage: 'prod', httpMethod: 'POST' },
    body: new URLSearchParams(GOOD).toString(),
    isBase64Encoded: false,
  })
  expect(statusCode).toBe(200)
})

test('a function URL: the route is its path', async () => {
  const fn = testFunction()
  expect((await fn.handler({ ...event(), routeKey: '$default', rawPath: '/token' })).statusCode).toBe(200)
  expect((await fn.handler({ ...event(), routeKey: '$default', rawPath: '/other' })).statusCode).toBe(404)
})

test('behind a stage or a base path the route key names the route', async () => {
  const fn = testFunction()
  expect((await fn.handler({ ...event(), routeKey: 'ANY /token', rawPath: '/v1/token' })).statusCode).toBe(
    200,
  )
})

test('two spellings of one header are two headers: neither hides the other', () => {
  const { headers } = readEvent(
    { headers: { Origin: 'https://a.example', origin: 'https://b.example' } },
    'id',
  )
  expect(headers.origin).toBe('https://a.example,https://b.example')
})

test('any value as the event gives an HTTP answer, signs nothing and sends nothing', async () => {
  const fn = testFunction()
  const arbitrary = fc.oneof(
    fc.anything(),
    fc.record({
      routeKey: fc.constantFrom('ANY /token', '$default', ''),
      rawPath: fc.constantFrom('/token', '/'),
      headers: fc.oneof(fc.anything(), fc.constant({ origin: ORIGIN, 'content-type': 'application/json' })),
      requestContext: fc.oneof(
        fc.anything(),
        fc.record({ http: fc.record({ method: fc.constantFrom('POST', 'GET', 'OPTIONS') }) }),
      ),
      body: fc.oneof(fc.anything(), fc.json(), fc.base64String()),
      isBase64Encoded: fc.oneof(fc.boolean(), fc.anything()),
    }),
  )
  await fc.assert(
    fc.asyncProperty(arbitrary, async value => {
      const { statusCode, headers } = await fn.handler(value)
      expect(statusCode).toBeGreaterThanOrEqual(204)
      expect(statusCode).toBeLessThan(500)
      expect(headers['cache-control']).toBe('no-store')
    }),
    { numRuns: 2_000 },
  )
  expect([fn.signed, fn.sent.length]).toEqual([0, 0])
})

test('many requests at once: each its own assertion, its own answer, its own log line', async () => {
  const fn = testFunction()
  const results = await Promise.all(Array.from({ length: 200 }, () => fn.handler(event())))
  expect(results.every(({ statusCode }) => statusCode === 200)).toBe(true)
  expect(new Set(fn.sent.map(({ form }) => form.get('client_assertion'))).size).toBe(200)
  expect(new Set(fn.log.map(({ jti }) => jti)).size).toBe(200)
  expect(new Set(results.map(({ headers }) => headers['x-request-id'])).size).toBe(200)
})

test('payload 1.0: a header that comes twice is two values, and neither hides the other', async () => {
  const type = 'application/x-www-form-urlencoded'
  const call = async (origins: unknown[]) => {
    const fn = testFunction()
    const { statusCode } = await fn.handler({
      httpMethod: 'POST',
      path: '/token',
      headers: { Origin: ORIGIN, 'content-type': type },
      multiValueHeaders: { origin: origins, 'Content-Type': [type] },
      body: new URLSearchParams(GOOD).toString(),
    })
    return [statusCode, fn.signed]
  }
  // One value is one, however the two are spelled; and what is no text is none.
  expect(await call([ORIGIN])).toEqual([200, 1])
  expect(await call([ORIGIN, Object.create(null)])).toEqual([200, 1])
  expect(await call(['https://evil.example', ORIGIN])).toEqual([403, 0])
})
