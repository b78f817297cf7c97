import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Gateway, startGateway } from '../../../local/gateway/server.ts'

// A service of its own, whose function gives back the event that it got.

const ECHO = `
import { threadId } from 'node:worker_threads'
let served = 0
export async function handler(event, context) {
  if (event.rawPath === '/throw') throw new TypeError('secret')
  console.log('a line of the function')
  return {
    statusCode: 202,
    headers: { 'content-type': 'application/json', 'x-name': process.env.NAME },
    cookies: ['a=1; Path=/', 'b=2'],
    body: JSON.stringify({
      event,
      remaining: context.getRemainingTimeInMillis(),
      id: context.awsRequestId,
      served: ++served,
      thread: threadId,
    }),
  }
}`
const SERVICE = `
service: echo
provider: { name: aws, timeout: 9 }
functions:
  echo:
    handler: echo.handler
    environment: { SECRET: !Ref Secret, ARN: !GetAtt Key.Arn, NAME: !Sub '\${AWS::StackName}' }
    events:
      - httpApi: { method: '*', path: /any }
      - httpApi: POST /throw
`

let gateway: Gateway
const root = mkdtempSync(join(tmpdir(), 'gateway-'))
const log = new PassThrough()

beforeAll(async () => {
  writeFileSync(join(root, 'serverless.yml'), SERVICE)
  writeFileSync(join(root, 'echo.mjs'), ECHO)
  gateway = await startGateway({ port: 0, root, log, environmentOf: name => ({ NAME: name }) })
})
afterAll(async () => {
  await gateway.close()
  rmSync(root, { recursive: true })
})

const post = (path: string, init: RequestInit = {}) => fetch(gateway.url + path, { method: 'POST', ...init })

test('a form arrives in base64, header names in lower case, cookies apart', async () => {
  const response = await post('/any?x=1&x=2', {
    headers: { 'Content-Type': 'application/x-www-form-urlencoded', 'X-Thing': 'A', Cookie: 'c=1; d=2' },
    body: 'a=b',
  })
  const { event, remaining, id } = (await response.json()) as {
    event: Record<string, unknown>
    remaining: number
    id: string
  }
  expect(event).toMatchObject({
    version: '2.0',
    routeKey: 'ANY /any',
    rawPath: '/any',
    rawQueryString: 'x=1&x=2',
    queryStringParameters: { x: '1,2' },
    cookies: ['c=1', 'd=2'],
    body: Buffer.from('a=b').toString('base64'),
    isBase64Encoded: true,
    requestContext: { http: { method: 'POST', path: '/any' }, stage: '$default' },
  })
  expect(event.headers).toMatchObject({ 'x-thing': 'A', 'content-type': 'application/x-www-form-urlencoded' })
  expect(event.headers).not.toHaveProperty('cookie')
  expect(remaining).toBeGreaterThan(8_000)
  expect(id).toMatch(/^[0-9a-f-]{36}$/)
})

test('JSON arrives as text; status, headers and cookies go back; each function has its own environment', async () => {
  const response = await post('/any', { headers: { 'content-type': 'application/json' }, body: '{"ä":1}' })
  expect([response.status, response.headers.get('x-name'), response.headers.getSetCookie()]).toEqual([
    202,
    'echo',
    ['a=1; Path=/', 'b=2'],
  ])
  expect(((await response.json()) as { event: object }).event).toMatchObject({
    body: '{"ä":1}',
    isBase64Encoded: false,
  })
})

test("the gateway's own answers have no CORS headers: 404, 413, 431, 500", async () => {
  const big = { 'x-big': 'x'.repeat(10_240) }
  const responses = await Promise.all([
    post('/none'),
    fetch(`${gateway.url}/throw`),
    post('/any', { body: Buffer.alloc(10 * 1024 * 1024 + 1) }),
    post('/any', { headers: big }),
    post('/throw', { headers: { origin: 'https://app.example.com' } }),
  ])
  expect(responses.map(({ status }) => status)).toEqual([404, 404, 413, 431, 500])
  for (const { headers } of responses) expect(headers.get('access-control-allow-origin')).toBeNull()
  expect(await responses[4]!.text()).toBe('{"message":"Internal Server Error"}')
})

test('OPTIONS reaches the function: the gateway answers no preflight itself', async () => {
  const response = await fetch(`${gateway.url}/any`, { method: 'OPTIONS' })
  expect(
    ((await response.json()) as { event: APIGatewayProxyEventV2 }).event.requestContext.http.method,
  ).toBe('OPTIONS')
})

test('what the function writes goes to the log', async () => {
  await post('/any')
  expect(String(log.read())).toContain('a line of the function')
})

test('instances take turns, whatever preflights come in between; each has a memory of its own', async () => {
  const two = await startGateway({
    port: 0,
    root,
    log,
    environmentOf: name => ({ NAME: name }),
    instances: 2,
  })
  const served = async (method: string) => {
    const response = await fetch(`${two.url}/any`, { method })
    return (await response.json()) as { served: number; thread: number }
  }
  const posts = []
  for (let n = 0; n < 4; n++) {
    await served('OPTIONS')
    posts.push(await served('POST'))
  }
  expect(posts.map(one => one.served)).toEqual([2, 2, 4, 4])
  const [first, second, ...more] = posts.map(({ thread }) => thread)
  expect(first).not.toBe(second)
  expect(more).toEqual([first, second])
  await two.close()
  await expect(fetch(two.url)).rejects.toThrow()
})

test('close() ends also with a connection open', async () => {
  const other = await startGateway({ port: 0, root, log, environmentOf: () => ({}) })
  const socket = connect(Number(new URL(other.url).port), '127.0.0.1')
  await new Promise(resolve => socket.once('connect', resolve))
  const closed = new Promise(resolve => socket.once('close', resolve))
  socket.on('error', () => {})
  await other.close()
  await closed
})

test('a port that is taken rejects with its code', async () => {
  const port = Number(new URL(gateway.url).port)
  await expect(startGateway({ port, root, log, environmentOf: () => ({}) })).rejects.toMatchObject({
    code: 'EADDRINUSE',
    port,
  })
})
