import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Deployment, ORIGIN, startDeployment, until } from '../support/deployment.ts'
import {
  closeProviders,
  json,
  type Received,
  startMisbehaving,
  startProvider,
} from '../support/fake-provider.ts'

// The provider down, slow, redirecting, talking nonsense: through the built bundle. One request at most, whatever it does.

type Behaviour = Parameters<typeof startProvider>[0]

const TOKENS = { access_token: 'at', token_type: 'Bearer' }
let behave: Behaviour
let received: Received[]
let deployment: Deployment
let elsewhere: Received[]
let elsewhereUrl: string

beforeAll(async () => {
  const provider = await startProvider((response, request, nth) => behave(response, request, nth))
  const other = await startProvider(response => json(response, 200, TOKENS))
  received = provider.requests
  elsewhere = other.requests
  elsewhereUrl = other.url
  deployment = await startDeployment(`${provider.url}/token`)
})
afterAll(async () => {
  await deployment.close()
  closeProviders()
})

async function answerTo(
  behaviour: Behaviour,
): Promise<{ status: number; error: string; retryAfter: string | null }> {
  const sent = received.length
  behave = behaviour
  const response = await deployment.exchange()
  const { error } = (await response.json()) as { error: string }
  expect(response.headers.get('access-control-allow-origin')).toBe(ORIGIN)
  expect(received.length - sent).toBe(1)
  behave = good => json(good, 200, TOKENS)
  expect((await deployment.exchange()).status).toBe(200)
  return { status: response.status, error, retryAfter: response.headers.get('retry-after') }
}

const html =
  (status: number): Behaviour =>
  response => {
    response.writeHead(status, { 'content-type': 'text/html' }).end('<p>Sorry</p>')
  }

describe('an answer that cannot be used: 502 server_error', () => {
  test.each<[string, Behaviour]>([
    ['REQ-5: 301', response => response.writeHead(301, { location: `${elsewhereUrl}/token` }).end()],
    ['REQ-5: 307', response => response.writeHead(307, { location: `${elsewhereUrl}/token` }).end()],
    ['REQ-5: 308', response => response.writeHead(308, { location: `${elsewhereUrl}/token` }).end()],
    ['HTML with 200', html(200)],
    ['HTML with 400', html(400)],
    ['an empty 403', response => response.writeHead(403).end()],
    ['an empty 200', response => response.writeHead(200, { 'content-type': 'application/json' }).end()],
    ['500', response => json(response, 500, { error: 'server_error' })],
    ['REQ-9: 300 KB', response => json(response, 200, { ...TOKENS, scope: 'x'.repeat(300_000) })],
    ['REQ-9: an array', response => json(response, 200, [TOKENS])],
    [
      'REQ-9: not UTF-8',
      response =>
        response
          .writeHead(200, { 'content-type': 'application/json' })
          .end(Buffer.from('{"a":"\xff"}', 'latin1')),
    ],
    [
      'REQ-13: gzip',
      response =>
        response
          .writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
          .end(gzipSync(JSON.stringify(TOKENS))),
    ],
    ['REQ-10: no token_type', response => json(response, 200, { access_token: 'at' })],
    [
      'ERR-4: invalid_client',
      response => json(response, 401, { error: 'invalid_client' }, { 'www-authenticate': 'Basic' }),
    ],
  ])('%s', async (_, behaviour) => {
    expect(await answerTo(behaviour)).toMatchObject({ status: 502, error: 'server_error' })
    expect(elsewhere).toEqual([])
  })
})

describe('ERR-7: nobody knows whether the code was used: exchange_outcome_unknown, and no second request', () => {
  test('REQ-8: it reads the request and resets the connection', async () => {
    expect(await answerTo(response => response.socket?.resetAndDestroy())).toMatchObject({
      status: 502,
      error: 'exchange_outcome_unknown',
    })
  })

  test('half a body', async () => {
    const half: Behaviour = response => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
      response.write('{"access_token":', () => response.destroy())
    }
    expect(await answerTo(half)).toMatchObject({ status: 502, error: 'exchange_outcome_unknown' })
  })

  test('REQ-6: it takes longer than 8 s, or stops in the middle', async () => {
    const hanging = await startMisbehaving(() => {})
    const stalling = await startMisbehaving(socket =>
      socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{'),
    )
    await Promise.all(
      [hanging, stalling].map(async slow => {
        const own = await startDeployment(`${slow.url}/token`)
        const response = await own.exchange()
        expect([response.status, ((await response.json()) as { error: string }).error]).toEqual([
          504,
          'exchange_outcome_unknown',
        ])
        expect(response.headers.get('access-control-allow-origin')).toBe(ORIGIN)
        expect(slow.requests).toHaveLength(1)
        await until(() => own.requests().length > 0)
        expect(own.requests()[0]!.outcome).toBe('upstream_timeout')
        expect(own.requests()[0]!.provider_ms).toBeLessThan(9_000)
        await own.close()
      }),
    )
  })
})

describe('later', () => {
  test('429 and 503 keep their Retry-After', async () => {
    expect(await answerTo(response => json(response, 429, {}, { 'retry-after': '5' }))).toEqual({
      status: 429,
      error: 'temporarily_unavailable',
      retryAfter: '5',
    })
    expect(await answerTo(response => json(response, 503, {}, { 'retry-after': '9999' }))).toEqual({
      status: 503,
      error: 'temporarily_unavailable',
      retryAfter: '3600',
    })
  })

  test('nobody listens: 502 server_error, nothing was sent', async () => {
    const nowhere = await startDeployment('http://127.0.0.1:9/token')
    const response = await nowhere.exchange()
    expect([response.status, ((await response.json()) as { error: string }).error]).toEqual([
      502,
      'server_error',
    ])
    await until(() => nowhere.requests().length > 0)
    expect(nowhere.requests()[0]).toMatchObject({
      outcome: 'upstream_unreachable',
      error_name: 'ECONNREFUSED',
    })
    await nowhere.close()
  })
})

test("REQ-2, REQ-7: of the browser's request nothing travels on but the parameters", async () => {
  behave = response => json(response, 200, TOKENS)
  await deployment.exchange(
    {},
    {
      referer: `${ORIGIN}/secret`,
      cookie: 'session=1',
      'x-forwarded-for': '203.0.113.1',
      'sec-fetch-site': 'cross-site',
      'accept-language': 'de',
    },
  )
  const { headers } = received.at(-1)!
  expect(headers.map(([name]) => name.toLowerCase()).sort()).toEqual([
    'accept',
    'connection',
    'content-length',
    'content-type',
    'host',
    'user-agent',
  ])
  expect(Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value]))).toMatchObject({
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded',
    'user-agent': expect.stringMatching(/^countersign\/\d+\.\d+\.\d+$/),
  })
})
