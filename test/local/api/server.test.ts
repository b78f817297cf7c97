import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Api, startApi } from '../../../local/api/server.ts'

// The resource server of the demo.

const APP = 'http://app.example.localhost:1'
// {"sub":"ann"}, and no signature worth the name: it judges none.
const JWT = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4ifQ.x'

let api: Api
beforeAll(async () => {
  api = await startApi({ port: 0, origins: () => [APP] })
})
afterAll(() => api.close())

const get = async (path: string, headers: Record<string, string> = {}, init: RequestInit = {}) => {
  const response = await fetch(api.url + path, { ...init, headers })
  return { status: response.status, headers: response.headers, body: await response.json() }
}

test.each([
  [{}, 'absent'],
  [{ authorization: `Bearer ${JWT}` }, 'present: ann/a9352300'],
  [{ authorization: 'Bearer opaque' }, 'present: -/6d229884'],
  [{ authorization: 'Basic x' }, 'absent'],
])('tells of %j no more than %s', async (headers, bearer) => {
  const { status, body } = await get('/orders', headers)
  expect([status, body]).toEqual([200, { orders: [expect.anything(), expect.anything()], bearer }])
})

test('takes an order, says who calls where it is told, and knows nothing else', async () => {
  const init = { method: 'POST', body: '{"item":"A table"}' }
  expect(await get('/orders', {}, init)).toMatchObject({
    status: 201,
    body: { ordered: { item: 'A table' } },
  })
  expect(await get('/me', { 'x-client-ip': '10.0.0.1' })).toMatchObject({ body: { caller: '10.0.0.1' } })
  expect((await get('/none')).status).toBe(404)
  expect((await fetch(`${api.url}/orders`, { method: 'POST', body: '{' })).status).toBe(400)
})

test("CORS is its own: for the app's origin, with credentials, and for no other", async () => {
  const { headers } = await get('/orders', { origin: APP })
  expect(headers.get('access-control-allow-origin')).toBe(APP)
  expect(headers.get('access-control-allow-credentials')).toBe('true')
  const other = await get('/orders', { origin: 'https://evil.example' })
  expect(other.headers.get('access-control-allow-origin')).toBeNull()
  expect(other.headers.get('vary')).toBe('Origin')
})

test('keeps what it has seen', async () => {
  await get('/me?x=1', { 'x-csrf': '1' })
  const { method, url, rawHeaders } = api.seen().at(-1)!
  expect([method, url]).toEqual(['GET', '/me?x=1'])
  expect(rawHeaders).toEqual(expect.arrayContaining(['x-csrf', '1']))
})
