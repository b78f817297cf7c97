import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { jwks } from '../../functions/jwks.ts'
import { publicDocument } from '../../functions/shell.ts'
import { logLine } from '../../lib/log.ts'
import { functionOfAll } from '../support/any-client.ts'
import { eventOf } from '../support/any-event.ts'
import { anyText } from '../support/arbitraries.ts'
import { dressed, MEANT } from '../support/meant-requests.ts'
import { costOf } from '../support/oracle.ts'
import { json } from '../support/session.ts'

// Events that no gateway makes: one member of a good one is taken out, or is something else altogether.

/** Without these there is no such request, in payload 1.0 or 2.0. */
const NEEDED = {
  post: { v1: ['path', 'httpMethod', 'body'], v2: ['routeKey', 'headers', 'requestContext', 'body'] },
  query: {
    v1: ['path', 'httpMethod', 'multiValueQueryStringParameters'],
    v2: ['routeKey', 'requestContext', 'rawQueryString'],
  },
}
/** And these have no say in it. What is in neither list may have: `headers` of 1.0 says the same again, for one. */
const UNREAD = {
  v1: ['version', 'x'],
  v2: ['version', 'rawPath', 'path', 'httpMethod', 'multiValueQueryStringParameters', 'x'],
}

const anything = fc.oneof(
  fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true }),
  anyText(),
  fc.constantFrom(undefined, null, true, {}, [], [null], { http: null }, { http: { method: {} } }),
)

const members = [
  ...['version', 'routeKey', 'rawPath', 'rawQueryString', 'cookies', 'headers', 'requestContext', 'body'],
  ...['isBase64Encoded', 'path', 'httpMethod', 'multiValueHeaders', 'multiValueQueryStringParameters', 'x'],
]
const broken = fc
  .record({
    meant: fc.constantFrom(...MEANT),
    dress: fc.record({ json: fc.boolean(), base64: fc.boolean(), v1: fc.boolean() }),
    member: fc.constantFrom(...members),
    change: fc.oneof(
      fc.constant('out' as const),
      fc.constant('flipped' as const),
      anything.map(value => ({ value })),
    ),
  })
  .map(({ meant, dress, member, change }) => {
    const ask = dressed(meant, dress)
    const event = eventOf(ask)
    if (change === 'out') delete event[member]
    else event[member] = change === 'flipped' ? !event[member] : change.value
    return { ask, event, member, cost: costOf(ask) }
  })

describe('an event with one member broken', () => {
  test('has an answer and one line, and costs nothing where what was broken is read', async () => {
    let [free, paid] = [0, 0]
    await fc.assert(
      fc.asyncProperty(broken, async ({ ask, event, member, cost }) => {
        const fn = functionOfAll()
        fn.answer = json({ error: 'invalid_grant' }, 400)
        const { statusCode, headers, body } = await fn.handler(event)
        expect(statusCode).toBeGreaterThanOrEqual(200)
        expect(statusCode === 503 || statusCode < 500).toBe(true)
        expect(headers['cache-control']).toBe('no-store')
        expect(typeof body).toBe('string')
        expect(fn.log).toHaveLength(1)
        expect(logLine(fn.log[0]!)).not.toMatch(/canary|vvvv|eyJ/)
        expect(fn.signed).toBe(fn.sent.length)
        const payload = ask.v1 ? 'v1' : 'v2'
        const needed = NEEDED[ask.as === 'query' ? 'query' : 'post'][payload].includes(member)
        if (needed) free++
        else paid += fn.sent.length
        expect(fn.sent.length).toBeLessThanOrEqual(needed ? 0 : cost)
        if (UNREAD[payload].includes(member)) expect(fn.sent.length).toBe(cost)
      }),
      { numRuns: 1_000 },
    )
    expect(free).toBeGreaterThan(200)
    expect(paid).toBeGreaterThan(50)
  })

  test('any value at all, in place of the event', async () => {
    const fn = functionOfAll()
    await fc.assert(
      fc.asyncProperty(anything, async event => {
        const before = fn.log.length
        expect((await fn.handler(event)).statusCode).toBe(404)
        expect(fn.log.length).toBe(before + 1)
      }),
      { numRuns: 300 },
    )
    expect([fn.signed, fn.sent.length]).toEqual([0, 0])
  })
})

test('the published keys: any event has an answer, and only a GET of their path has the keys', async () => {
  const PATH = '/.well-known/jwks.json'
  const fn = functionOfAll()
  const { handler } = publicDocument(PATH, jwks, () => fn.deps)
  const events = fc.record(
    {
      version: fc.oneof(fc.constantFrom('1.0', '2.0'), anything),
      routeKey: fc.oneof(fc.constantFrom(`GET ${PATH}`, '$default'), anything),
      rawPath: fc.oneof(fc.constantFrom(PATH, '/'), anything),
      requestContext: fc.oneof(
        fc.record({ http: fc.record({ method: fc.constantFrom('GET', 'HEAD', 'POST') }) }),
        anything,
      ),
      headers: fc.oneof(fc.record({ 'if-none-match': fc.oneof(fc.constant('*'), anyText()) }), anything),
      body: anything,
    },
    { requiredKeys: [] },
  )
  await fc.assert(
    fc.asyncProperty(events, async event => {
      const { statusCode, headers, body } = await handler(event)
      const isTheirs = event.routeKey === `GET ${PATH}` || event.rawPath === PATH
      expect(isTheirs ? [200, 204, 304, 404, 405] : [404]).toContain(statusCode)
      expect(body.startsWith('{"keys":')).toBe(statusCode === 200 && body !== '')
      expect(headers['cache-control']).toBe(
        statusCode === 200 || statusCode === 304 ? 'public, max-age=60' : 'no-store',
      )
    }),
    { numRuns: 500 },
  )
  expect([fn.signed, fn.sent.length]).toEqual([0, 0])
})
