import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Gateway, startGateway } from '../../../local/gateway/server.ts'
import { listen } from '../../../local/listen.ts'

// The REST API of infra/session-api.yml with an authorizer that does as its caller says, in front of a server that says what it
// got.

const APP = 'https://app.example.com'
const CORS = {
  'access-control-allow-origin': APP,
  'access-control-allow-credentials': 'true',
  'cache-control': 'no-store',
}

const AUTHORIZER = `
const policy = (Effect, Resource) => ({
  principalId: 'session',
  policyDocument: { Version: '2012-10-17', Statement: [{ Action: 'execute-api:Invoke', Effect, Resource }] },
})
let calls = 0
export async function handler(event) {
  calls++
  const { methodArn, headers } = event
  switch (headers['x-do']) {
    case 'deny': return policy('Deny', methodArn)
    case 'other': return policy('Allow', methodArn + 'x')
    case 'nothing': return {}
    case 'object': return { ...policy('Allow', methodArn), context: { authorization: {} } }
    case 'unauthorized': throw new Error('Unauthorized')
    case 'fail': throw new Error('unauthorized')
    case 'event': console.log(JSON.stringify({ event }))
  }
  return { ...policy('Allow', methodArn), context: { authorization: 'Bearer at-' + calls } }
}`
const ECHO = "export const handler = async () => ({ statusCode: 200, body: 'the HTTP API' })"
const SERVICE = `
provider: { name: aws, timeout: 9 }
functions:
  authorizer: { handler: authorizer.handler, timeout: 3 }
  oauth:
    handler: oauth.handler
    events: [{ httpApi: { method: '*', path: /token } }, { httpApi: { method: '*', path: /apix } }]
`

interface Got {
  method: string
  url: string
  raw: string[]
  body: string
}

let gateway: Gateway
let backend: http.Server
let got: Got[] = []
let respond: (request: http.IncomingMessage, response: http.ServerResponse) => void
const ordinary: typeof respond = (_, response) => response.writeHead(200, { 'x-own': '1' }).end('fine')
const root = mkdtempSync(join(tmpdir(), 'rest-'))
const log = new PassThrough()

beforeAll(async () => {
  respond = ordinary
  backend = http.createServer((request, response) => {
    const { method = '', url = '', rawHeaders } = request
    read(request).then(
      body => {
        got.push({ method, url, raw: rawHeaders, body })
        respond(request, response)
      },
      () => {},
    )
  })
  const url = await listen(backend, 0)
  writeFileSync(join(root, 'serverless.yml'), SERVICE)
  writeFileSync(join(root, 'authorizer.mjs'), AUTHORIZER)
  writeFileSync(join(root, 'oauth.mjs'), ECHO)
  cpSync(join(import.meta.dirname, '../../../infra'), join(root, 'infra'), { recursive: true })
  const parameters = { ApiUrl: `${url}/v1`, AppOrigin: APP, ForwardClientAddress: 'true' }
  gateway = await startGateway({ port: 0, root, log, parameters, environmentOf: () => ({}) })
})
afterEach(() => {
  got = []
  respond = ordinary
})
afterAll(async () => {
  await gateway.close()
  backend.closeAllConnections()
  backend.close()
  rmSync(root, { recursive: true })
})

async function read(stream: http.IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of stream as AsyncIterable<Buffer>) text += chunk.toString('latin1')
  return text
}

/** As it is said, dots and all: `fetch` tidies up. */
function raw(
  path: string,
  { method = 'GET', headers = [] as string[], body = '' } = {},
): Promise<{ status: number; headers: http.IncomingHttpHeaders; text: string }> {
  const { hostname, port, host } = new URL(gateway.url)
  return new Promise((resolve, reject) => {
    const request = http.request({ hostname, port, path, method, headers: ['Host', host, ...headers] })
    request.on('error', reject)
    request.on('response', response => {
      const { statusCode: status = 0, headers: answered } = response
      read(response).then(text => resolve({ status, headers: answered, text }), reject)
    })
    request.end(body)
  })
}
const told = (what: string) => raw('/api/orders', { headers: ['x-do', what] })
const valuesOf = (name: string) =>
  got[0]!.raw.filter((_, i) => i % 2 === 1 && got[0]!.raw[i - 1]!.toLowerCase() === name)

describe('a request that is allowed', () => {
  test('BFF-2: goes on with our Authorization, and with neither its own nor its cookie', async () => {
    const { status, text } = await raw('/api/orders/7?a=1&a=2&b=%20', {
      method: 'PATCH',
      headers: [
        ...['Content-Type', 'application/json', 'Content-Length', '3', 'X-CSRF', '1', 'Origin', APP],
        ...['authorization', 'Bearer stolen', 'cookie', '__Host-Http-cs-abc=sealed; other=1'],
        ...['Connection', 'keep-alive', 'TE', 'trailers', 'X-Client-IP', '10.0.0.1'],
      ],
      body: '{ }',
    })
    expect([status, text]).toEqual([200, 'fine'])
    expect(got).toMatchObject([{ method: 'PATCH', url: '/v1/orders/7?a=1&a=2&b=%20', body: '{ }' }])
    expect(valuesOf('authorization')).toEqual([expect.stringMatching(/^Bearer at-\d+$/)])
    expect(valuesOf('cookie')).toEqual(['cookies=removed'])
    expect(JSON.stringify(got)).not.toMatch(/sealed|stolen|other=1/)
    expect(valuesOf('te')).toEqual([])
    expect(valuesOf('host')).toEqual([new URL(`http://127.0.0.1:${portOf(backend)}`).host])
    expect(valuesOf('origin')).toEqual([APP])
  })

  test("BFF-4: says the caller's address, not what the caller said", async () => {
    await raw('/api/orders', { headers: ['X-Client-IP', '10.0.0.1', 'x-forwarded-for', '10.0.0.2'] })
    expect(valuesOf('x-client-ip')).toEqual(['127.0.0.1'])
    expect(valuesOf('x-forwarded-for')).toEqual(['127.0.0.1'])
  })

  test('the authorizer is asked about each anew', async () => {
    await raw('/api/orders')
    await raw('/api/orders')
    const tokens = got.map(({ raw: all }) => all.find(value => value.startsWith('Bearer ')))
    expect(new Set(tokens).size).toBe(2)
  })

  test('the answer comes as it is: status, headers, bytes, and a redirection that nobody follows', async () => {
    respond = (_, response) =>
      response
        .writeHead(302, ['Location', '/v1/elsewhere', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2'])
        .end(Buffer.from([0, 255, 128]))
    const response = await fetch(`${gateway.url}/api/orders`, { redirect: 'manual' })
    expect([response.status, response.headers.get('location')]).toEqual([302, '/v1/elsewhere'])
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([0, 255, 128])
    expect(got).toHaveLength(1)
    // Whose CORS headers those are: the API's own, which has sent none.
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
  })

  test('a body goes on while it comes in, and the answer comes back so', async () => {
    const parts = ['one', 'two']
    respond = (_, response) => {
      response.writeHead(200)
      response.write('first')
    }
    const body = new ReadableStream({
      pull: controller => {
        const part = parts.shift()
        if (part === undefined) controller.close()
        else controller.enqueue(new TextEncoder().encode(part))
      },
    })
    const init = { method: 'POST', body, duplex: 'half' } as RequestInit
    const response = await fetch(`${gateway.url}/api/orders`, init)
    const reader = response.body!.getReader()
    // The API has not finished its answer, and never does.
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('first')
    expect(got[0]!.body).toBe('onetwo')
    await reader.cancel()
  })

  test.each([
    ['/api/a%20b/%C3%A4', '/v1/a%20b/%C3%A4'],
    ['/api/orders/', '/v1/orders'],
    // What has been decoded is no longer what the caller's path looked like: so the authorizer has to refuse these.
    ['/api/a%2Fb', '/v1/a/b'],
    ['/api/..%2f..%2fadmin', '/v1/../../admin'],
    ['/api/../admin', '/v1/../admin'],
    ['/api//evil.example/x', '/v1//evil.example/x'],
    ['/api/@evil.example', '/v1/@evil.example'],
    ['/api/a%3Fb=1?c=2', '/v1/a?b=1&c=2'],
    ['/api/%252e', '/v1/%252e'],
  ])('%s goes to the one host, as %s', async (path, expected) => {
    expect((await raw(path)).status).toBe(200)
    expect(got).toMatchObject([{ url: expected }])
  })

  test('what cannot be decoded is refused', async () => {
    expect(await raw('/api/%zz')).toMatchObject({ status: 400, headers: CORS })
    expect(got).toEqual([])
  })
})

function portOf(server: http.Server): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

describe('a request that is not', () => {
  test.each([
    ['unauthorized', 401, 'Unauthorized'],
    ['deny', 403, 'User is not authorized to access this resource with an explicit deny'],
    ['other', 403, 'User is not authorized to access this resource'],
    ['fail', 500, null],
    ['nothing', 500, null],
    ['object', 500, null],
  ])('%s: %i, which the app can read, and nothing goes on', async (what, status, message) => {
    const response = await told(what)
    expect(response).toMatchObject({ status, headers: CORS })
    expect(JSON.parse(response.text)).toEqual({ message })
    expect(got).toEqual([])
  })

  test('an unknown path or method: nothing is asked', async () => {
    for (const path of ['/api', '/api/']) {
      expect(await raw(path)).toMatchObject({ status: 403, headers: CORS })
    }
    expect(got).toEqual([])
  })

  test('a preflight needs no session, is answered here and names one origin', async () => {
    const response = await raw('/api/orders', {
      method: 'OPTIONS',
      headers: ['Origin', 'https://evil.example', 'x-do', 'unauthorized'],
    })
    expect(response).toMatchObject({
      status: 204,
      headers: {
        'access-control-allow-origin': APP,
        'access-control-allow-credentials': 'true',
        'access-control-allow-headers': 'content-type,x-csrf',
        'access-control-allow-methods': 'GET,HEAD,POST,PUT,PATCH,DELETE',
      },
    })
    expect(got).toEqual([])
  })
})

describe('where the API fails', () => {
  test('it cannot be reached, or breaks off: 504 with CORS', async () => {
    respond = request => request.socket.destroy()
    expect(await raw('/api/orders')).toMatchObject({ status: 504, headers: CORS })
  })

  test('it breaks off in its answer: so does this', async () => {
    respond = (request, response) => {
      response.writeHead(200, { 'content-length': '10' }).write('half')
      setImmediate(() => request.socket.destroy())
    }
    await expect(raw('/api/orders')).rejects.toThrow('aborted')
  })

  test('a body of more than 10 MB is refused', async () => {
    const response = await fetch(`${gateway.url}/api/orders`, {
      method: 'POST',
      body: Buffer.alloc(10 * 1024 * 1024 + 1),
    })
    expect(response.status).toBe(413)
    expect(response.headers.get('access-control-allow-origin')).toBe(APP)
  })
})

describe('beside it', () => {
  test('the HTTP API is where it was, a path that begins alike is its own', async () => {
    expect((await raw('/token')).text).toBe('the HTTP API')
    expect((await raw('/apix')).text).toBe('the HTTP API')
  })

  test('an absolute form is no path of this one', async () => {
    const { hostname, port } = new URL(gateway.url)
    const socket = connect(Number(port), hostname)
    socket.write('GET http://evil.example/api/orders HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    let text = ''
    for await (const chunk of socket) text += chunk
    expect(text).toContain('404 Not Found')
    expect(got).toEqual([])
  })
})

test('the authorizer is given the event of a REST API', async () => {
  log.read()
  await raw('/api/orders/a%2Fb?x=1&x=2', {
    headers: ['x-do', 'event', 'X-Two', 'a', 'X-Two', 'b', 'Cookie', 'c=1'],
  })
  const line = String(log.read())
    .split('\n')
    .find(one => one.startsWith('{"event":{"type":"REQUEST"'))
  const { event } = JSON.parse(line ?? '{}')
  expect(event).toMatchObject({
    type: 'REQUEST',
    methodArn: 'arn:aws:execute-api:eu-central-1:000000000000:local/live/GET/orders/a%2Fb',
    resource: '/{proxy+}',
    path: '/api/orders/a%2Fb',
    httpMethod: 'GET',
    headers: { 'X-Two': 'b', Cookie: 'c=1' },
    multiValueHeaders: { 'X-Two': ['a', 'b'], Cookie: ['c=1'] },
    queryStringParameters: { x: '2' },
    multiValueQueryStringParameters: { x: ['1', '2'] },
    pathParameters: { proxy: 'orders/a%2Fb' },
    requestContext: {
      resourcePath: '/{proxy+}',
      httpMethod: 'GET',
      path: '/api/orders/a%2Fb',
      stage: 'live',
      identity: { sourceIp: '127.0.0.1' },
      requestId: expect.any(String),
    },
  })
})

test('without an ApiUrl there is none', async () => {
  const other = await startGateway({ port: 0, root, log, environmentOf: () => ({}) })
  expect((await fetch(`${other.url}/api/orders`)).status).toBe(404)
  await other.close()
})
