import { generateKeyPairSync } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import { describe, expect, test } from 'vitest'
import {
  event,
  GOOD,
  jsonEvent,
  ORIGIN,
  publicKey,
  REDIRECT_URI,
  registration,
  TOKENS,
  testFunction,
  VERIFIER,
} from '../support/function.ts'

describe('a good exchange', () => {
  test('REQ-1: the provider gets the exchange and the assertion, and nothing else', async () => {
    const fn = testFunction()
    await fn.handler(event({ ...GOOD, made_up: 'x', scope: 'openid' }))
    const { url, form } = fn.sent[0]!
    expect(url).toBe('https://auth.pingone.eu/0000/as/token')
    const { client_assertion, ...others } = Object.fromEntries(form)
    expect(others).toEqual({
      grant_type: 'authorization_code',
      code: 'code-1',
      redirect_uri: REDIRECT_URI,
      code_verifier: VERIFIER,
      scope: 'openid',
      client_id: 'app-1',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    })
    expect(decodeProtectedHeader(client_assertion!)).toEqual({ alg: 'RS256', kid: 'kid-1', typ: 'JWT' })
    const { payload } = await jwtVerify(client_assertion!, publicKey)
    expect(payload).toMatchObject({
      iss: 'app-1',
      sub: 'app-1',
      aud: 'https://auth.pingone.eu/0000/as',
      jti: 'jti-1',
    })
    expect(payload.exp! - payload.iat!).toBe(60)
  })

  test('HDR-1, HDR-2, HDR-3, CORS-5, CORS-7, CORS-8, CORS-9: the answer under CORS, not to be kept by anybody', async () => {
    const fn = testFunction()
    const { statusCode, headers, body } = await fn.handler(event())
    expect(statusCode).toBe(200)
    // TOK-1: no refresh token unless the registration allows it.
    expect(JSON.parse(body)).toEqual({ access_token: 'at-1', token_type: 'Bearer', expires_in: 3600 })
    expect(fn.log[0]).toHaveProperty('withheld', true)
    const { 'x-request-id': request_id, ...others } = headers
    expect(request_id).toMatch(/^[0-9a-f-]{36}$/)
    expect(others).toEqual({
      'access-control-allow-origin': ORIGIN,
      'access-control-expose-headers': 'DPoP-Nonce, Retry-After, X-Request-Id',
      vary: 'Origin',
      'cache-control': 'no-store',
      pragma: 'no-cache',
      'content-type': 'application/json;charset=UTF-8',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'strict-transport-security': 'max-age=63072000; includeSubDomains',
      'x-content-type-options': 'nosniff',
    })
  })

  test('IN-2: the same request as a form and as JSON is the same request to the provider', async () => {
    const asForm = testFunction()
    const asJson = testFunction()
    await asForm.handler(event())
    const { grant_type: _, client_id: __, ...json } = GOOD
    await asJson.handler(jsonEvent(json))
    const without = (form: URLSearchParams) =>
      Object.entries(Object.fromEntries(form)).filter(([name]) => name !== 'client_assertion')
    expect(without(asJson.sent[0]!.form)).toEqual(without(asForm.sent[0]!.form))
  })

  test('a form in plain text is taken as well as one in base64', async () => {
    const fn = testFunction()
    const text = new URLSearchParams(GOOD).toString()
    expect((await fn.handler(event(undefined, { body: text, base64: false }))).statusCode).toBe(200)
  })

  test('IN-10: without require_pkce, { code, redirect_uri } is enough', async () => {
    const fn = testFunction(registration({ require_pkce: false }))
    const { statusCode } = await fn.handler(jsonEvent({ code: 'code-1', redirect_uri: REDIRECT_URI }))
    expect(statusCode).toBe(200)
    expect(fn.sent[0]!.form.has('code_verifier')).toBe(false)
    expect(fn.log[0]!.pkce).toBe(false)
  })

  test('IN-5: a code with an ampersand stays one parameter', async () => {
    const fn = testFunction()
    await fn.handler(event({ ...GOOD, code: 'a&client_id=evil' }))
    expect(fn.sent[0]!.form.toString()).toContain('code=a%26client_id%3Devil')
    expect(fn.sent[0]!.form.getAll('client_id')).toEqual(['app-1'])
  })

  test('TOK-1: `refresh: "rotating"` lets the refresh token through', async () => {
    const fn = testFunction(registration({ refresh: 'rotating' }))
    expect(JSON.parse((await fn.handler(event())).body)).toHaveProperty('refresh_token', 'rt-1')
    expect(fn.log[0]).not.toHaveProperty('withheld')
  })

  test.each([
    ['issuer', 'https://auth.pingone.eu/0000/as'],
    ['token_endpoint', 'https://auth.pingone.eu/0000/as/token'],
    ['request_endpoint', 'https://auth.pingone.eu/0000/as/token'],
    ['urn:example:literal', 'urn:example:literal'],
  ])('ASRT-4: aud %s', async (aud, expected) => {
    const fn = testFunction(registration({ assertion: { aud } }))
    await fn.handler(event())
    expect(decodeJwt(fn.sent[0]!.form.get('client_assertion')!).aud).toBe(expected)
  })

  test('two clients of two issuers: each is sent to its own provider, with its own audience', async () => {
    const other = registration({
      client_id: 'app-2',
      provider: 'generic',
      issuer: 'https://login.example/',
      token_endpoint: 'https://login.example/oauth/token',
      signing_keys: [
        { kms_key_arn: ARN_2, alg: 'RS256', public_jwk: otherKey.export({ format: 'jwk' }), state: 'active' },
      ],
    })
    const fn = testFunction(registration(), other)
    await fn.handler(event())
    await fn.handler(event({ ...GOOD, client_id: 'app-2' }))
    expect(fn.sent.map(({ url }) => url)).toEqual([
      'https://auth.pingone.eu/0000/as/token',
      'https://login.example/oauth/token',
    ])
    const assertions = fn.sent.map(({ form }) => decodeJwt(form.get('client_assertion')!))
    expect(assertions.map(({ aud, sub }) => [sub, aud])).toEqual([
      ['app-1', 'https://auth.pingone.eu/0000/as'],
      ['app-2', 'https://login.example/'],
    ])
    expect(decodeProtectedHeader(fn.sent[1]!.form.get('client_assertion')!).typ).toBe(
      'client-authentication+jwt',
    )
    // With two clients, one has to be named.
    const { client_id: _, ...unnamed } = GOOD
    const refused = await fn.handler(event(unnamed))
    expect(refused.statusCode).toBe(400)
    expect(JSON.parse(refused.body).error_description).toContain('client_id')
  })

  test('REQ-11: with provider smart the launch context reaches the app, and with another one it does not', async () => {
    const smart = {
      provider: 'smart',
      issuer: 'https://ehr.example.org',
      token_endpoint: 'https://ehr.example.org/t',
    }
    for (const [overrides, context] of [
      [smart, { patient: '123', need_patient_banner: false }],
      [{}, {}],
    ]) {
      const fn = testFunction(registration(overrides))
      const body = JSON.parse(TOKENS.body)
      fn.answer = {
        ...TOKENS,
        body: JSON.stringify({ ...body, patient: '123', need_patient_banner: false, x: 1 }),
      }
      const { refresh_token: _, ...others } = body
      expect(JSON.parse((await fn.handler(event())).body)).toEqual({ ...others, ...context })
    }
  })

  test('LOG-2: one line, by allow-list', async () => {
    const fn = testFunction()
    await fn.handler(event())
    expect(fn.log).toHaveLength(1)
    expect(fn.log[0]).toEqual({
      level: 'info',
      event: 'request',
      request_id: expect.any(String),
      route: '/token',
      client_id: 'app-1',
      grant_type: 'authorization_code',
      origin: ORIGIN,
      outcome: 'tokens',
      status: 200,
      pkce: true,
      withheld: true,
      kid: 'kid-1',
      jti: 'jti-1',
      ahead: false,
      kms_request_id: undefined,
      configuration_ms: expect.any(Number),
      kms_ms: expect.any(Number),
      provider_ms: expect.any(Number),
      upstream_status: 200,
      total_ms: expect.any(Number),
    })
  })
})

const otherKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey
const ARN_2 = 'arn:aws:kms:eu-central-1:111122223333:key/00000000-0000-4000-8000-000000000002'
