import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { routes } from '../../functions/routes.ts'
import { ProxyError, type Reason } from '../../lib/errors.ts'
import type { Answer } from '../../lib/http/post.ts'
import { DEVICE_CODE } from '../../lib/oauth/grants.ts'
import { toWire } from '../../lib/wire.ts'
import { readServerlessYml } from '../../local/gateway/routes.ts'
import { ROOT } from '../support/deployment.ts'
import { event, GOOD, REDIRECT_URI, registration, TOKENS, testFunction } from '../support/function.ts'

// docs/openapi.yaml and the running function say the same.

const JWKS = '/.well-known/jwks.json'

type Schema = Record<string, unknown>
interface Response {
  headers?: Record<string, { required?: boolean; schema: Schema }>
  content?: Record<string, { schema: Schema }>
}
interface Operation {
  requestBody: { content: Record<string, { schema: { $ref: string } }> }
  responses: Record<string, Response | { $ref: string }>
}

const document = parse(readFileSync(join(ROOT, 'docs/openapi.yaml'), 'utf8')) as {
  paths: Record<string, { post: Operation; options: Operation; get: Operation }>
  components: Record<string, Record<string, Schema>>
}

/** What a `$ref` stands for. */
function resolve<T>(value: T | { $ref: string }): T {
  if (typeof value !== 'object' || value === null || !('$ref' in value)) return value as T
  const path = String(value.$ref).slice(2).split('/')
  return path.reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], document) as T
}

const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true })
ajv.addSchema(document, 'openapi')
/** Problems of a value by a schema of the document, whose references start at its root. */
function problems(schema: Schema, value: unknown): unknown[] {
  const absolute = JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"openapi#/'))
  const validate = ajv.compile(absolute)
  return validate(value) ? [] : (validate.errors ?? [])
}

const json = (status: number, value: unknown, headers = {}): Answer => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(value),
})

const REFRESHING = { grant_types: ['authorization_code', 'refresh_token', DEVICE_CODE], refresh: 'rotating' }
const PUSHED = {
  client_id: 'app-1',
  response_type: 'code',
  redirect_uri: REDIRECT_URI,
  code_challenge: 'c'.repeat(43),
  code_challenge_method: 'S256',
}
const STARTED = {
  device_code: 'dc',
  user_code: 'A-B',
  verification_uri: 'https://as.example/d',
  expires_in: 600,
}

/** A request of each kind that the document knows, and what the provider answers it with. */
const REQUESTS: [path: string, body: Record<string, string>, answer: Answer][] = [
  ['/token', GOOD, TOKENS],
  ['/token', { grant_type: 'refresh_token', client_id: 'app-1', refresh_token: 'rt' }, TOKENS],
  ['/token', { grant_type: DEVICE_CODE, client_id: 'app-1', device_code: 'dc' }, TOKENS],
  ['/revoke', { client_id: 'app-1', token: 't' }, json(200, {})],
  ['/par', PUSHED, json(201, { request_uri: 'urn:x', expires_in: 60 }, { 'dpop-nonce': 'n' })],
  ['/device_authorization', { client_id: 'app-1', scope: 'openid' }, json(200, { ...STARTED, interval: 5 })],
]

const REFUSALS: (Answer | ProxyError)[] = [
  json(400, { error: 'invalid_grant' }),
  json(401, { error: 'use_dpop_nonce' }, { 'dpop-nonce': 'n' }),
  json(400, { error: 'quota' }),
  json(401, { error: 'invalid_client' }),
  json(429, {}, { 'retry-after': '7' }),
  json(503, {}, { 'retry-after': '7' }),
  json(500, {}),
  json(302, {}),
  new ProxyError('upstream_timeout'),
  new ProxyError('upstream_lost'),
  new ProxyError('upstream_unreachable'),
]

type Result = Awaited<ReturnType<ReturnType<typeof testFunction>['handler']>>

/** That an answer is one that the document has, headers and body. */
function expectDocumented(
  path: string,
  { statusCode, headers, body }: Result,
  method: 'post' | 'options' = 'post',
) {
  const documented = document.paths[path]![method].responses[String(statusCode)]
  expect(documented, `${method} ${path} ${statusCode}`).toBeDefined()
  const response = resolve<Response>(documented!)
  for (const [name, of] of Object.entries(response.headers ?? {})) {
    const header = resolve<{ required?: boolean; schema: Schema }>(of)
    const value = headers[name.toLowerCase()]
    if (value === undefined) expect([name, header.required ?? false]).toEqual([name, false])
    else expect(problems(header.schema, value), name).toEqual([])
  }
  const schema = response.content?.['application/json']?.schema
  if (schema) expect(problems(schema, JSON.parse(body)), body).toEqual([])
  else expect(body).toBe('')
}

test('the document is OpenAPI 3.1', async () => {
  expect(await new Validator().validate(structuredClone(document))).toEqual({ valid: true })
})

test('its paths are the routes of the functions and of serverless.yml', () => {
  const all = [...Object.keys(routes), JWKS]
  expect(Object.keys(document.paths)).toEqual(all)
  const deployed = readServerlessYml(join(ROOT, 'serverless.yml')).routes.map(({ path }) => path)
  expect(deployed).toEqual(all)
})

describe('every answer is one that the document has', () => {
  test.each(REQUESTS)('%s %j', async (path, body, answer) => {
    const schema = document.paths[path]!.post.requestBody.content['application/x-www-form-urlencoded']!.schema
    expect(problems(schema, body)).toEqual([])
    for (const given of [answer, ...REFUSALS]) {
      const fn = testFunction(registration(REFRESHING))
      fn.answer = given
      expectDocumented(path, await fn.handler(event(body, { path })))
    }
    const [foreign, large, off] = [
      testFunction(),
      testFunction(),
      testFunction(registration({ enabled: false })),
    ]
    expectDocumented(
      path,
      await foreign.handler(event(body, { path, headers: { origin: 'https://evil.example' } })),
    )
    expectDocumented(path, await large.handler(event({ ...body, x: 'x'.repeat(70_000) }, { path })))
    expectDocumented(path, await off.handler(event(body, { path })))
    for (const reason of ['signer_unavailable', 'signer_misconfigured'] as const) {
      const fn = testFunction(registration(REFRESHING))
      fn.signerError = new ProxyError(reason)
      expectDocumented(path, await fn.handler(event(body, { path })))
    }
  })

  test.each(Object.keys(routes))('a preflight of %s', async path => {
    const fn = testFunction()
    const result = await fn.handler(event(undefined, { path, method: 'OPTIONS', body: '' }))
    expect(result.statusCode).toBe(204)
    expectDocumented(path, result, 'options')
  })
})

test('every reason of a refusal has a status that is documented, and a 400 its error', () => {
  const source = readFileSync(join(ROOT, 'lib/errors.ts'), 'utf8')
  const union = /export type Reason =([\s\S]*?)\n\n/.exec(source)?.[1] ?? ''
  const reasons = [...union.matchAll(/\| '(\w+)'/g)].map(([, reason]) => reason as Reason)
  const { responses } = document.paths['/token']!.post
  const badRequest = resolve<Response>(responses['400']!).content!['application/json']!.schema
  expect(reasons.length).toBeGreaterThan(30)
  for (const reason of reasons) {
    const { status, error, error_description } = toWire(new ProxyError(reason))
    // What no operation of the document can answer: other paths, other methods.
    if (status === 404 || status === 405) continue
    expect(Object.keys(responses), reason).toContain(String(status))
    if (status === 400) expect(problems(badRequest, { error, error_description }), reason).toEqual([])
  }
})

test('every parameter of a pushed request that it names goes to the provider, and no other', async () => {
  const { properties } = document.components.schemas!.PushedRequest as { properties: Record<string, Schema> }
  const values = Object.fromEntries(Object.keys(properties).map(name => [name, `${name}-1`]))
  const fn = testFunction()
  fn.answer = json(201, { request_uri: 'urn:x', expires_in: 60 })
  const body = { ...values, ...PUSHED, scope: 'openid', resource: 'https://api.example/', unknown: 'x' }
  expect((await fn.handler(event(body, { path: '/par' }))).statusCode).toBe(201)
  const sent = new Set(fn.sent[0]!.form.keys())
  expect(Object.keys(properties).filter(name => !sent.has(name))).toEqual([])
  expect(sent.has('unknown')).toBe(false)
})
