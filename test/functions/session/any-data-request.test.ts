import fc from 'fast-check'
import { expect, test } from 'vitest'
import { authorizer, type Policy } from '../../../functions/authorizer.ts'
import { logLine } from '../../../lib/log.ts'
import { functionOf, handleOf, REGISTERED, SESSION_COOKIES } from '../../support/any-client.ts'
import { eventOf } from '../../support/any-event.ts'
import { changed } from '../../support/any-request.ts'
import { type Ask, posted } from '../../support/meant-requests.ts'
import { hasCookies } from '../../support/oracle.ts'
import { nativeClient } from '../../support/session.ts'

// BFF-2: whatever is asked of the data path, the access token goes on with what is listed and allowed, and with nothing else.

const ARN = 'arn:aws:execute-api:eu-central-1:111122223333:abc/live/GET/orders'
const NATIVE = 'native-api'
const HANDLE = await handleOf(NATIVE)
const functionOfThese = functionOf([
  ...REGISTERED,
  nativeClient({ client_id: NATIVE, delivery: 'session', api_routes: ['GET /orders', '* /orders/*'] }),
])

const web = { cookies: SESSION_COOKIES.session }
const app = { headers: { authorization: HANDLE } }
const asked = (
  method: string,
  route: string,
  client_id: string,
  more: Parameters<typeof posted>[3],
): Ask => ({
  ...posted(route, client_id, {}, more),
  method,
})
const MEANT: Ask[] = [
  asked('GET', '/orders', 'session', web),
  asked('POST', '/orders/17', 'session', web),
  asked('DELETE', '/orders/17/items/', 'session', web),
  asked('GET', '/orders', NATIVE, app),
  asked('PATCH', '/orders/17', NATIVE, app),
  asked('DELETE', '/orders', 'session', web),
  asked('GET', '/orders/', 'session', web),
  asked('GET', '/admin', 'session', web),
  asked('GET', '/orders/../admin', NATIVE, app),
  asked('GET', '/orders/%2e%2e/admin', 'session', web),
  asked('GET', '/orders', 'mediated', { cookies: SESSION_COOKIES.mediated }),
]

/** Said after docs/openapi.yaml and docs/configuration.md: one browser and one app have a session for the API. */
function isAllowed({ method, route, headers, cookies }: Ask): boolean {
  const listed = route === '/orders' ? method === 'GET' : /^\/orders\/[\w-]+(\/[\w-]+)*\/?$/.test(route)
  const named = headers.map(([name, value]) => [name.toLowerCase(), value] as const)
  const values = (name: string) => named.filter(([one]) => one === name).map(([, value]) => value)
  if (!listed || named.some(([name]) => name.includes('_') || name === 'x-original-url')) return false
  const authorization = values('authorization').join()
  if (/^bearer [\w-]{8}\.[\w.-]+$/i.test(authorization)) {
    return authorization === HANDLE && cookies.length === 0 && values('origin').length === 0
  }
  const site = values('sec-fetch-site').join()
  return (
    values('origin').join() === 'https://bff.example.com' &&
    values('x-csrf').join() === '1' &&
    (values('sec-fetch-site').length === 0 || site === 'same-origin' || site === 'same-site') &&
    hasCookies(cookies, SESSION_COOKIES.session)
  )
}

async function decided(event: unknown) {
  const fn = functionOfThese()
  const { handler } = authorizer(() => fn.deps)
  const answer = await handler(event).then(
    (policy: Policy) => policy,
    (error: Error) => error.message,
  )
  // No request is worth a signature here.
  expect([fn.signed, fn.sent.length]).toEqual([0, 0])
  expect(fn.log).toHaveLength(1)
  expect(logLine(fn.log[0]!)).not.toMatch(/canary|tok-|eyJ|\n/)
  return answer
}

function expectRefusal(answer: Policy | string): void {
  const effect = typeof answer === 'string' ? answer : answer.policyDocument.Statement[0].Effect
  expect(['Unauthorized', 'Deny']).toContain(effect)
  expect(answer).not.toHaveProperty('context')
}

test('any request: allowed with the access token where all of it is right, and refused otherwise', async () => {
  const counts = { allowed: 0, refused: 0 }
  await fc.assert(
    fc.asyncProperty(changed(MEANT), async ask => {
      const event = eventOf({ ...ask, v1: true })
      const answer = await decided({
        ...event,
        methodArn: ARN,
        pathParameters: { proxy: ask.route.slice(1) },
      })
      const allowed = ask.route.startsWith('/') && isAllowed(ask)
      counts[allowed ? 'allowed' : 'refused']++
      if (!allowed) {
        expectRefusal(answer)
        return
      }
      const Statement = [{ Action: 'execute-api:Invoke', Effect: 'Allow', Resource: ARN }]
      expect(answer).toEqual({
        principalId: 'session',
        policyDocument: { Version: '2012-10-17', Statement },
        context: { authorization: 'Bearer tok-access' },
      })
    }),
    { numRuns: 1_200 },
  )
  expect(Math.min(counts.allowed, counts.refused)).toBeGreaterThan(100)
})

test('any value in place of the event, or of one of its members, is refused', async () => {
  const good = { ...eventOf({ ...MEANT[0]!, v1: true }), methodArn: ARN, pathParameters: { proxy: 'orders' } }
  const needed = fc.constantFrom('multiValueHeaders', 'httpMethod', 'pathParameters')
  const anything = fc.anything({ withNullPrototype: true })
  const broken = fc.oneof(
    anything,
    fc.tuple(needed, anything).map(([member, value]) => ({ ...good, headers: {}, [member]: value })),
  )
  expect(await decided(good)).toMatchObject({ context: { authorization: 'Bearer tok-access' } })
  await fc.assert(
    fc.asyncProperty(broken, async event => expectRefusal(await decided(event))),
    { numRuns: 500 },
  )
})
