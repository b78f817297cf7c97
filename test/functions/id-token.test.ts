import { createHmac } from 'node:crypto'
import { beforeEach, describe, expect, test } from 'vitest'
import { ProxyError } from '../../lib/errors.ts'
import type { Answer } from '../../lib/http/post.ts'
import { DEVICE_CODE } from '../../lib/oauth/grants.ts'
import { ARN, event, ORIGIN, registration, type TestFunction, testFunction } from '../support/function.ts'
import { half, type IdTokenParts, idToken, published } from '../support/id-tokens.ts'
import { type TestKey, testKey } from '../support/keys.ts'

const ISSUER = 'https://auth.pingone.eu/0000/as'
const key = testKey('RS256', 'provider')
const stranger = testKey('RS256', 'stranger')
const SENTINEL = 'sentinel'

const json = (value: unknown): Answer => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
})
const keys = (...published: Record<string, unknown>[]) => json({ keys: published })
const good = (parts: IdTokenParts = {}, signedBy = key) => idToken(ISSUER, Date.now(), parts, signedBy)
const tokens = (id_token: unknown) =>
  json({ access_token: `${SENTINEL}-at`, token_type: 'Bearer', scope: 'openid', id_token })

let fn: TestFunction
function start(changes: Record<string, unknown> = {}): TestFunction {
  const started = testFunction(registration(changes))
  started.jwks = keys(published(key, 'kid-p'))
  return started
}
beforeEach(() => {
  fn = start()
})

const seconds = () => Math.floor(Date.now() / 1000)

describe('IDT-1: an ID token that is not valid: 502, and nothing of the answer is returned', () => {
  test.each<[string, string, () => string]>([
    ['InvalidIss', 'ISS', () => good({ claims: { iss: 'https://auth.pingone.eu/1111/as' } })],
    ['MissingIss', 'ISS', () => good({ claims: { iss: undefined } })],
    ['InvalidAud', 'AUD', () => good({ claims: { aud: 'app-2' } })],
    ['MissingAud', 'AUD', () => good({ claims: { aud: undefined } })],
    ['InvalidSecondaryAud', 'AZP', () => good({ claims: { aud: ['app-1', 'app-2'] } })],
    ['azp of another', 'AZP', () => good({ claims: { azp: 'app-2' } })],
    ['ExpiredExp', 'EXP', () => good({ claims: { exp: seconds() - 61 } })],
    ['MissingExp', 'EXP', () => good({ claims: { exp: undefined } })],
    ['MissingIat', 'IAT', () => good({ claims: { iat: undefined } })],
    ['MissingSub', 'SUB', () => good({ claims: { sub: undefined } })],
    ['NullAlg', 'ALG', () => good({ header: { alg: 'none' }, sign: () => Buffer.alloc(0) })],
    [
      'HS256 with the public key',
      'ALG',
      () => {
        const secret = key.publicKey.export({ format: 'pem', type: 'spki' })
        const sign = (input: Buffer) => createHmac('sha256', secret).update(input).digest()
        return good({ header: { alg: 'HS256' }, sign })
      },
    ],
    ['InvalidSignature', 'SIGNATURE', () => good({}, stranger)],
    ['unknown kid', 'KEY', () => good({ header: { kid: 'kid-x' } })],
    ['InvalidAtHash', 'AT_HASH', () => good({ claims: { at_hash: half('sha256', 'at-2') } })],
    ['InvalidCHash', 'C_HASH', () => good({ claims: { c_hash: half('sha256', 'code-2') } })],
    ['no JWT', 'FORM', () => SENTINEL],
    ['an encrypted one', 'FORM', () => 'e30.e30.e30.e30.e30'],
  ])('%s', async (_, check, id_token) => {
    const jwt = id_token()
    fn.answer = tokens(jwt)
    const { statusCode, body, headers } = await fn.handler(event())
    expect(statusCode).toBe(502)
    expect(JSON.parse(body)).toEqual({ error: 'server_error', error_description: expect.any(String) })
    expect(headers['access-control-allow-origin']).toBe(ORIGIN)
    expect(fn.log).toHaveLength(1)
    expect(fn.log[0]).toMatchObject({
      level: 'error',
      outcome: 'id_token_invalid',
      error_name: `ID_TOKEN_${check}`,
      upstream_status: 200,
      status: 502,
    })
    for (const text of [body, JSON.stringify(headers), JSON.stringify(fn.log)]) {
      expect(text).not.toContain(SENTINEL)
      expect(text).not.toContain(jwt.slice(0, 20))
    }
    expect(fn.sent).toHaveLength(1)
  })

  test('ASRT-14: with fapi2 RS256 is no algorithm of an ID token either', async () => {
    const signing_keys = [
      { kms_key_arn: ARN, alg: 'ES256', public_jwk: testKey('ES256').public_jwk, state: 'active' },
    ]
    const endpoints = { token_endpoint: `${ISSUER}/token`, jwks_uri: `${ISSUER}/jwks` }
    fn = start({ provider: 'fapi2', ...endpoints, signing_keys })
    fn.answer = tokens(good())
    expect((await fn.handler(event())).statusCode).toBe(502)
    expect(fn.log[0]!.error_name).toBe('ID_TOKEN_ALG')
  })

  test('InvalidAlternateAlg: another than the one that the registration names', async () => {
    fn = start({ id_token_signed_response_alg: 'ES256' })
    fn.answer = tokens(good())
    expect((await fn.handler(event())).statusCode).toBe(502)
    expect(fn.log[0]!.error_name).toBe('ID_TOKEN_ALG')
  })
})

describe('an ID token that is valid is passed on as it came', () => {
  test.each<[string, IdTokenParts]>([
    ['with what is required', {}],
    ['ValidAudAsArray', { claims: { aud: ['app-1'] } }],
    [
      'with at_hash and c_hash',
      { claims: { at_hash: half('sha256', `${SENTINEL}-at`), c_hash: half('sha256', 'code-1') } },
    ],
    ['without a kid, where there is one key', { header: { kid: undefined } }],
    ['IDT-2: with a nonce that only the app knows', { claims: { nonce: 'of-the-app' } }],
  ])('%s', async (_, parts) => {
    const jwt = good(parts)
    fn.answer = tokens(jwt)
    const { statusCode, body } = await fn.handler(event())
    expect([statusCode, JSON.parse(body).id_token]).toEqual([200, jwt])
    expect(fn.log[0]).toMatchObject({ outcome: 'tokens', level: 'info' })
    expect(JSON.stringify(fn.log)).not.toContain(jwt.slice(0, 20))
  })

  test("IDT-5: the keys are read once, from the client's own jwks_uri", async () => {
    for (let n = 0; n < 3; n++) {
      fn.answer = tokens(good())
      expect((await fn.handler(event())).statusCode).toBe(200)
    }
    expect(fn.read).toEqual([`${ISSUER}/jwks`])
  })

  test('nothing is read for a request that is refused before it costs anything', async () => {
    await fn.handler(event({ grant_type: 'authorization_code', client_id: 'app-1' }))
    await fn.handler(event(undefined, { method: 'OPTIONS' }))
    expect(fn.read).toEqual([])
  })
})

describe('IDT-5: keys that cannot be had after the code was spent', () => {
  test('exchange_outcome_unknown, said in the log, and not remembered', async () => {
    const { jwks } = fn
    fn.jwks = new ProxyError('upstream_timeout')
    fn.answer = tokens(good())
    const { statusCode, body, headers } = await fn.handler(event())
    expect([statusCode, JSON.parse(body).error]).toEqual([502, 'exchange_outcome_unknown'])
    expect(headers['access-control-allow-origin']).toBe(ORIGIN)
    expect(body).not.toContain(SENTINEL)
    expect(fn.log).toEqual([
      expect.objectContaining({
        level: 'error',
        outcome: 'id_token_unverifiable',
        error_name: 'JWKS_TIMEOUT',
        upstream_status: 200,
      }),
    ])
    expect(fn.sent).toHaveLength(1)
    fn.jwks = jwks
    expect((await fn.handler(event())).statusCode).toBe(200)
  })

  test('an answer without an ID token does not need them', async () => {
    fn.jwks = new ProxyError('upstream_timeout')
    expect((await fn.handler(event())).statusCode).toBe(200)
  })

  test('a rotation that cannot be followed: not known either, and the failed read has a line of its own', async () => {
    fn.answer = tokens(good())
    await fn.handler(event())
    fn.jwks = new ProxyError('upstream_unreachable')
    fn.answer = tokens(good({ header: { kid: 'kid-2' } }))
    expect(JSON.parse((await fn.handler(event())).body).error).toBe('exchange_outcome_unknown')
    expect(fn.log[1]).toEqual({
      level: 'error',
      event: 'provider_keys',
      outcome: 'refresh_failed',
      error_name: 'JWKS_UNREACHABLE',
    })
  })
})

describe('IDT-1: an ID token that comes with another grant', () => {
  const GRANTS = {
    grant_types: ['authorization_code', 'refresh_token', DEVICE_CODE],
    refresh: 'rotating',
  }

  test.each<[string, Record<string, string>]>([
    ['refresh_token', { grant_type: 'refresh_token', refresh_token: 'rt-0' }],
    ['device_code', { grant_type: DEVICE_CODE, device_code: 'device-1' }],
  ])('%s: validated as well; there is no code to hold c_hash against', async (_, request) => {
    const ask = async (parts: IdTokenParts) => {
      fn = start(GRANTS)
      fn.answer = tokens(good(parts))
      const { statusCode, body } = await fn.handler(event({ client_id: 'app-1', ...request }))
      return [statusCode, 'access_token' in JSON.parse(body), fn.log[0]!.error_name]
    }
    expect(await ask({ claims: { c_hash: 'x' } })).toEqual([200, true, undefined])
    // IDT-4: iss and aud stay what they were, being those of the registration.
    expect(await ask({ claims: { iss: `${ISSUER}/` } })).toEqual([502, false, 'ID_TOKEN_ISS'])
    expect(await ask({ claims: { aud: 'app-2' } })).toEqual([502, false, 'ID_TOKEN_AUD'])
    expect(await ask({ claims: { at_hash: 'x' } })).toEqual([502, false, 'ID_TOKEN_AT_HASH'])
  })
})

describe('without validation', () => {
  const asItCame = async (changes: Record<string, unknown>) => {
    fn = start(changes)
    fn.answer = tokens('not.a.token')
    const { statusCode, body } = await fn.handler(event())
    expect([statusCode, JSON.parse(body).id_token]).toEqual([200, 'not.a.token'])
    expect(fn.read).toEqual([])
  }

  test('where the registration has it so', () => asItCame({ validate_id_token: false }))

  test('where no jwks_uri is known', () =>
    asItCame({ provider: 'generic', token_endpoint: `${ISSUER}/token` }))
})

test('two clients of one provider share its keys; of two providers, neither signs for the other', async () => {
  const other = registration({
    client_id: 'app-2',
    issuer: 'https://auth.pingone.eu/2222/as',
    signing_keys: [{ ...signingKey(stranger), kms_key_arn: `${ARN_OF_ANOTHER}2` }],
  })
  const sibling = registration({ client_id: 'app-3' })
  fn = testFunction(registration(), other, sibling)
  fn.jwks = keys(published(key, 'kid-p'))
  const ask = async (client_id: string, claims: object) => {
    fn.answer = tokens(good({ claims: { ...claims, aud: client_id } }))
    const request = { grant_type: 'authorization_code', code: 'c', code_verifier: 'v'.repeat(43) }
    return fn.handler(event({ ...request, redirect_uri: 'https://app.example.com/callback', client_id }))
  }
  expect((await ask('app-1', {})).statusCode).toBe(200)
  expect((await ask('app-3', {})).statusCode).toBe(200)
  expect(fn.read).toEqual([`${ISSUER}/jwks`])
  fn.jwks = keys(published(stranger, 'kid-p'))
  expect((await ask('app-2', { iss: 'https://auth.pingone.eu/2222/as' })).statusCode).toBe(502)
  expect(fn.log.at(-1)!.error_name).toBe('ID_TOKEN_SIGNATURE')
  expect(fn.read).toEqual([`${ISSUER}/jwks`, 'https://auth.pingone.eu/2222/as/jwks'])
})

const ARN_OF_ANOTHER = 'arn:aws:kms:eu-central-1:111122223333:key/00000000-0000-4000-8000-00000000000'
function signingKey({ alg, public_jwk }: TestKey) {
  return { alg, public_jwk, state: 'active' }
}
