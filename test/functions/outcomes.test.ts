import { describe, expect, test } from 'vitest'
import { ProxyError, type Reason } from '../../lib/errors.ts'
import type { Answer } from '../../lib/http/post.ts'
import { ARN, event, GOOD, ORIGIN, registration, TOKENS, testFunction } from '../support/function.ts'

const json = (status: number, value: unknown, headers = {}): Answer => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(value),
})

const refused = (status: number, error: string) =>
  json(status, { error, error_description: 'from the provider' })

describe("the provider's answer, as the app sees it (design: Errors)", () => {
  test.each<[what: string, answer: Answer | ProxyError, status: number, error: string, retryAfter?: string]>([
    ['invalid_grant', refused(400, 'invalid_grant'), 400, 'invalid_grant'],
    ['invalid_grant with 403', refused(403, 'invalid_grant'), 400, 'invalid_grant'],
    ['invalid_scope', refused(400, 'invalid_scope'), 400, 'invalid_scope'],
    ['unauthorized_client', refused(400, 'unauthorized_client'), 400, 'unauthorized_client'],
    ['use_dpop_nonce with 401', refused(401, 'use_dpop_nonce'), 401, 'use_dpop_nonce'],
    ['a code off the list', refused(400, 'quota_exceeded'), 400, 'invalid_request'],
    ['ERR-4: invalid_client with 400', refused(400, 'invalid_client'), 502, 'server_error'],
    ['ERR-4: invalid_client with 401', refused(401, 'invalid_client'), 502, 'server_error'],
    ['ERR-5: 429', json(429, {}, { 'retry-after': '7' }), 429, 'temporarily_unavailable', '7'],
    [
      'ERR-5: 429 with a day',
      json(429, {}, { 'retry-after': '86400' }),
      429,
      'temporarily_unavailable',
      '3600',
    ],
    ['ERR-6: 503', json(503, {}, { 'retry-after': '3' }), 503, 'temporarily_unavailable', '3'],
    ['ERR-6: 500', json(500, { error: 'server_error' }), 502, 'server_error'],
    [
      'REQ-5: a redirect',
      { status: 302, headers: { location: 'https://evil.example' }, body: '' },
      502,
      'server_error',
    ],
    ['an empty 403', { status: 403, headers: {}, body: '' }, 502, 'server_error'],
    [
      'REQ-9: HTML',
      { status: 200, headers: { 'content-type': 'text/html' }, body: '<p>' },
      502,
      'server_error',
    ],
    ['REQ-10: no access_token', json(200, { token_type: 'Bearer' }), 502, 'server_error'],
    ['201', json(201, { access_token: 'a', token_type: 'Bearer' }), 502, 'server_error'],
    ['ERR-7: too slow', new ProxyError('upstream_timeout'), 504, 'exchange_outcome_unknown'],
    ['ERR-7: lost', new ProxyError('upstream_lost'), 502, 'exchange_outcome_unknown'],
    ['not reachable', new ProxyError('upstream_unreachable'), 502, 'server_error'],
    ['not readable', new ProxyError('upstream_malformed'), 502, 'server_error'],
  ])('%s', async (_, answer, status, error, retryAfter) => {
    const fn = testFunction()
    fn.answer = answer
    const result = await fn.handler(event())
    expect([result.statusCode, JSON.parse(result.body).error]).toEqual([status, error])
    expect(result.headers['retry-after']).toBe(retryAfter)
    // ERR-8: readable; ERR-4: no challenge that a browser would act on; one request and no more.
    expect(result.headers['access-control-allow-origin']).toBe(ORIGIN)
    expect(result.headers).not.toHaveProperty('www-authenticate')
    expect(result.body).not.toContain('from the provider')
    expect(fn.sent).toHaveLength(1)
    fn.answer = TOKENS
    expect((await fn.handler(event())).statusCode).toBe(200)
  })

  test("the log keeps the provider's own code and status", async () => {
    const fn = testFunction()
    fn.answer = refused(400, 'quota_exceeded')
    await fn.handler(event())
    expect(fn.log[0]).toMatchObject({
      outcome: 'upstream_refused_otherwise',
      upstream_status: 400,
      upstream_error: 'quota_exceeded',
      level: 'warn',
    })
  })
})

describe('the signer', () => {
  test.each<[Reason, number, string, string | undefined]>([
    ['signer_unavailable', 503, 'temporarily_unavailable', '2'],
    ['signer_misconfigured', 500, 'server_error', undefined],
  ])('KMS-11: %s', async (reason, status, error, retryAfter) => {
    const fn = testFunction()
    fn.signerError = new ProxyError(reason, { kmsRequestId: 'kms-1', cause: new Error(ARN) })
    const result = await fn.handler(event())
    expect([result.statusCode, JSON.parse(result.body).error]).toEqual([status, error])
    expect(result.headers['retry-after']).toBe(retryAfter)
    expect(result.headers['access-control-allow-origin']).toBe(ORIGIN)
    expect(fn.sent).toEqual([])
    expect(fn.log[0]).toMatchObject({ outcome: reason, kms_request_id: 'kms-1' })
    expect(JSON.stringify([result, fn.log])).not.toContain(ARN)
  })
})

describe('the configuration', () => {
  test('an expired one: 503 that the app can read, nothing signed, and preflights still answered', async () => {
    const fn = testFunction()
    fn.expired = true
    const { statusCode, headers, body } = await fn.handler(event())
    expect([statusCode, JSON.parse(body).error]).toEqual([503, 'temporarily_unavailable'])
    expect(headers['access-control-allow-origin']).toBe(ORIGIN)
    expect(fn.signed).toBe(0)
    expect((await fn.handler(event(GOOD, { method: 'OPTIONS' }))).statusCode).toBe(204)
    // A stranger learns nothing more than before.
    expect((await fn.handler(event(GOOD, { headers: { origin: 'https://evil.example' } }))).statusCode).toBe(
      403,
    )
  })
})

describe('LOG-1, ERR-9: what must be absent', () => {
  const SENTINEL = 'SENTINEL'
  const SECRETS = {
    code: `${SENTINEL}-code`,
    code_verifier: `${SENTINEL}-verifier-${'x'.repeat(43)}`,
  }
  const account = /111122223333|arn:aws/

  test.each<[string, Partial<Record<keyof typeof GOOD, string>>, Answer | ProxyError | undefined]>([
    ['a good exchange', {}, json(200, { access_token: `${SENTINEL}-at`, token_type: 'Bearer' })],
    [
      'an ID token that is none',
      {},
      json(200, { access_token: `${SENTINEL}-at`, token_type: 'Bearer', id_token: `${SENTINEL}-id` }),
    ],
    [
      'an echo in error_description',
      {},
      json(400, { error: 'invalid_grant', error_description: `${SENTINEL} ${ARN}` }),
    ],
    ['an echo in error', {}, json(400, { error: `${SENTINEL}`, error_uri: ARN })],
    ['an echo in a refused body', {}, { status: 500, headers: {}, body: `${SENTINEL} ${ARN}` }],
    ['a lost connection', {}, new ProxyError('upstream_lost', { cause: new Error(SENTINEL) })],
    ['a wrong redirect_uri', { redirect_uri: `https://${SENTINEL}.example/` }, undefined],
    ['an unknown client', { client_id: SENTINEL }, undefined],
    ['a foreign grant', { grant_type: SENTINEL }, undefined],
  ])('%s', async (_, changes, answer) => {
    const fn = testFunction(registration())
    if (answer) fn.answer = answer
    const result = await fn.handler(event({ ...GOOD, ...SECRETS, ...changes }))
    const log = JSON.stringify(fn.log)
    expect(log).not.toContain(SENTINEL)
    expect(log).not.toMatch(account)
    expect(JSON.stringify(result.headers)).not.toContain(SENTINEL)
    if (result.statusCode !== 200) expect(result.body).not.toContain(SENTINEL)
    expect(result.body).not.toMatch(account)
    const assertion = fn.sent[0]?.form.get('client_assertion')
    if (assertion) expect(log + result.body).not.toContain(assertion.slice(-40))
  })

  test("a foreign origin and a foreign path are the caller's text and stay out of the log", async () => {
    const fn = testFunction()
    await fn.handler(event(GOOD, { headers: { origin: `https://${SENTINEL}.example` } }))
    await fn.handler(event(GOOD, { path: `/${SENTINEL}`, method: SENTINEL }))
    expect(fn.log).toHaveLength(2)
    expect(JSON.stringify(fn.log)).not.toContain(SENTINEL)
    expect(fn.log[0]!.origin).toBe('other')
  })
})
