import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Validator } from '@seriousme/openapi-schema-validator'
import { describe, expect, test } from 'vitest'
import { pages, routes } from '../../functions/routes.ts'
import { ProxyError, type Reason } from '../../lib/errors.ts'
import type { Answer } from '../../lib/http/post.ts'
import { DEVICE_CODE } from '../../lib/oauth/grants.ts'
import { toWire } from '../../lib/wire.ts'
import { readServerlessYml } from '../../local/gateway/routes.ts'
import { ROOT } from '../support/deployment.ts'
import { event, GOOD, REDIRECT_URI, registration, TOKENS, testFunction } from '../support/function.ts'
import {
  document,
  expectDocumented,
  formProblems,
  problems,
  type Response,
  resolve,
  type Schema,
} from './openapi.ts'

// docs/openapi.yaml and the running function say the same.

const JWKS = '/.well-known/jwks.json'

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

test('the document is OpenAPI 3.1', async () => {
  expect(await new Validator().validate(structuredClone(document))).toEqual({ valid: true })
})

test('its paths are the routes of the functions and of serverless.yml', () => {
  const all = [...Object.keys(routes), ...Object.keys(pages), JWKS]
  expect(Object.keys(document.paths)).toEqual(all)
  const deployed = readServerlessYml(join(ROOT, 'serverless.yml')).routes.map(({ path }) => path)
  // Each once; in which order is nobody's matter.
  expect(deployed.toSorted()).toEqual(all.toSorted())
})

describe('every answer is one that the document has', () => {
  test.each(REQUESTS)('%s %j', async (path, body, answer) => {
    expect(formProblems(path, body)).toEqual([])
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

/** What becomes of a sign-in, and not of a request: it goes back in a query, or is a sentence on a page. */
const BY_NAVIGATION: ReadonlySet<Reason> = new Set(['issuer_mismatch', 'authorization_refused'])

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
    if (status === 400 && !BY_NAVIGATION.has(reason))
      expect(problems(badRequest, { error, error_description }), reason).toEqual([])
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
