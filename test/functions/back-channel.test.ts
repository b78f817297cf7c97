import { describe, expect, test } from 'vitest'
import { ProxyError } from '../../lib/errors.ts'
import { DEVICE_CODE } from '../../lib/oauth/grants.ts'
import { event, GOOD, ORIGIN, REDIRECT_URI, registration, TOKENS, testFunction } from '../support/function.ts'
import { decode } from '../support/keys.ts'

// Every route but the code exchange, which token.test.ts has.

const ISSUER = 'https://auth.pingone.eu/0000/as'

const answer = (status: number, value: unknown, headers = {}) => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(value),
})

const REFRESHING = { grant_types: ['authorization_code', 'refresh_token'], refresh: 'rotating' }
const REFRESH = { grant_type: 'refresh_token', client_id: 'app-1', refresh_token: 'rt-0' }

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const proofFor = (htu: string, htm = 'POST') =>
  `${encode({ typ: 'dpop+jwt', alg: 'ES256', jwk: {} })}.${encode({ htm, htu, jti: 'p-1', iat: 1 })}.c2ln`

describe('POST /token with a refresh token', () => {
  test('goes to the provider, and the new one comes back; the log says that it was rotated', async () => {
    const fn = testFunction(registration(REFRESHING))
    const { statusCode, body, headers } = await fn.handler(event(REFRESH))
    expect([statusCode, JSON.parse(body).refresh_token]).toEqual([200, 'rt-1'])
    expect(headers['access-control-allow-origin']).toBe(ORIGIN)
    const [sent] = fn.sent
    expect(sent!.url).toBe(`${ISSUER}/token`)
    expect(Object.fromEntries(sent!.form)).toMatchObject({
      grant_type: 'refresh_token',
      refresh_token: 'rt-0',
    })
    expect(fn.log[0]).toMatchObject({ outcome: 'tokens', grant_type: 'refresh_token', rotation: 'rotated' })
    expect(JSON.stringify(fn.log)).not.toMatch(/rt-[01]/)
  })

  test.each([
    ['rt-0', 'repeated'],
    [undefined, 'kept'],
  ])(
    'TOK-4: a provider that gives %s does not rotate, and the log says %s',
    async (refresh_token, rotation) => {
      const fn = testFunction(registration(REFRESHING))
      fn.answer = answer(200, { access_token: 'at', token_type: 'Bearer', refresh_token })
      expect((await fn.handler(event(REFRESH))).statusCode).toBe(200)
      expect(fn.log[0]).toMatchObject({ rotation })
    },
  )

  test('TOK-1: is refused by default, without a signature', async () => {
    const fn = testFunction()
    const { statusCode, body } = await fn.handler(event(REFRESH))
    expect([statusCode, JSON.parse(body).error]).toEqual([400, 'unsupported_grant_type'])
    expect([fn.signed, fn.sent.length]).toEqual([0, 0])
  })

  test('that has been used comes back as invalid_grant', async () => {
    const fn = testFunction(registration(REFRESHING))
    fn.answer = answer(400, { error: 'invalid_grant' })
    const { statusCode, body } = await fn.handler(event(REFRESH))
    expect([statusCode, JSON.parse(body).error]).toEqual([400, 'invalid_grant'])
  })

  test('IN-3: may be 8 KiB long, and not longer', async () => {
    const fn = testFunction(registration(REFRESHING))
    const of = async (length: number) =>
      (await fn.handler(event({ ...REFRESH, refresh_token: 'r'.repeat(length) }))).statusCode
    expect([await of(8 * 1024), await of(8 * 1024 + 1)]).toEqual([200, 400])
  })
})

describe('a DPoP proof', () => {
  const DPOP_TOKENS = answer(200, { access_token: 'at', token_type: 'DPoP' }, { 'dpop-nonce': 'n-2' })
  const withProof = (dpop: string, parameters: Record<string, string> = GOOD, path = '/token') =>
    event(parameters, { path, headers: { dpop } })

  test('DPOP-1, DPOP-4: goes to the provider unchanged, and the nonce comes back, readable', async () => {
    const fn = testFunction()
    fn.answer = DPOP_TOKENS
    const dpop = proofFor(`${ISSUER}/token`)
    const { statusCode, headers, body } = await fn.handler(withProof(dpop))
    expect([statusCode, JSON.parse(body).token_type, headers['dpop-nonce']]).toEqual([200, 'DPoP', 'n-2'])
    expect(headers['access-control-expose-headers']).toContain('DPoP-Nonce')
    expect(fn.sent[0]!.dpop).toBe(dpop)
    expect(fn.log[0]).toMatchObject({ proof: true })
    expect(JSON.stringify(fn.log)).not.toContain(dpop.split('.')[1])
  })

  test('DPOP-2: that names this endpoint is refused with a hint, before anything is signed', async () => {
    const fn = testFunction()
    const { statusCode, body, headers } = await fn.handler(
      withProof(proofFor('https://api.example.com/token')),
    )
    expect([statusCode, JSON.parse(body).error]).toEqual([400, 'invalid_dpop_proof'])
    expect(JSON.parse(body).error_description).toMatch(/htu.*identity provider/)
    expect([fn.signed, fn.sent.length]).toEqual([0, 0])
    // ERR-10: with a nonce a library would take it for a challenge and try again for ever.
    expect(headers).not.toHaveProperty('dpop-nonce')
  })

  test('DPOP-4, DPOP-5: a challenge passes with its status and nonce; the answer to it has an assertion of its own', async () => {
    const fn = testFunction()
    fn.answer = answer(401, { error: 'use_dpop_nonce' }, { 'dpop-nonce': 'n-1' })
    const { statusCode, body, headers } = await fn.handler(withProof(proofFor(`${ISSUER}/token`)))
    expect([statusCode, JSON.parse(body).error, headers['dpop-nonce']]).toEqual([
      401,
      'use_dpop_nonce',
      'n-1',
    ])
    fn.answer = DPOP_TOKENS
    expect((await fn.handler(withProof(proofFor(`${ISSUER}/token`)))).statusCode).toBe(200)
    const jtis = fn.sent.map(({ form }) => decode(form.get('client_assertion')!).claims.jti)
    expect(new Set(jtis).size).toBe(2)
  })

  test('DPOP-6: that is answered with a bearer token gives none', async () => {
    const fn = testFunction()
    const { statusCode, body } = await fn.handler(withProof(proofFor(`${ISSUER}/token`)))
    expect([statusCode, JSON.parse(body)]).toEqual([502, expect.objectContaining({ error: 'server_error' })])
    expect(body).not.toContain('at-1')
  })

  test('DPOP-7: is never made here: where the app sends none, none goes', async () => {
    const fn = testFunction(registration(REFRESHING))
    fn.answer = DPOP_TOKENS
    for (const form of [GOOD, REFRESH]) expect((await fn.handler(event(form))).statusCode).toBe(200)
    expect(fn.sent.map(({ dpop }) => dpop)).toEqual([undefined, undefined])
    expect(JSON.stringify(fn.log)).not.toContain('"proof"')
  })

  test('TOK-2: with refresh: dpop a refresh needs one', async () => {
    const fn = testFunction(registration({ ...REFRESHING, refresh: 'dpop' }))
    const without = await fn.handler(event(REFRESH))
    expect([without.statusCode, JSON.parse(without.body).error, fn.signed]).toEqual([
      400,
      'invalid_dpop_proof',
      0,
    ])
    fn.answer = DPOP_TOKENS
    expect((await fn.handler(withProof(proofFor(`${ISSUER}/token`), REFRESH))).statusCode).toBe(200)
  })

  test('PAR-5: goes along with a pushed request, made for that endpoint', async () => {
    const fn = testFunction()
    fn.answer = answer(201, { request_uri: 'urn:x', expires_in: 60 }, { 'dpop-nonce': 'n-3' })
    const wrong = await fn.handler(withProof(proofFor(`${ISSUER}/token`), PUSHED, '/par'))
    expect(JSON.parse(wrong.body).error).toBe('invalid_dpop_proof')
    const right = await fn.handler(withProof(proofFor(`${ISSUER}/par`), PUSHED, '/par'))
    expect([right.statusCode, right.headers['dpop-nonce']]).toEqual([201, 'n-3'])
  })
})

const PUSHED = {
  client_id: 'app-1',
  response_type: 'code',
  redirect_uri: REDIRECT_URI,
  code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
  code_challenge_method: 'S256',
}

describe('POST /revoke', () => {
  const revocation = event(
    { client_id: 'app-1', token: 't-1', token_type_hint: 'access_token' },
    { path: '/revoke' },
  )

  test('REV-1: token and hint go to the revocation endpoint, and 200 with nothing comes back', async () => {
    const fn = testFunction()
    fn.answer = { status: 200, headers: {}, body: '' }
    const { statusCode, body, headers } = await fn.handler(revocation)
    expect([statusCode, body, headers['access-control-allow-origin']]).toEqual([200, '', ORIGIN])
    expect(fn.sent[0]!.url).toBe(`${ISSUER}/revoke`)
    expect(Object.keys(Object.fromEntries(fn.sent[0]!.form))).toEqual([
      'token',
      'token_type_hint',
      'client_id',
      'client_assertion_type',
      'client_assertion',
    ])
    expect(fn.log[0]).toMatchObject({ route: '/revoke', outcome: 'revoked', upstream_status: 200 })
    expect(JSON.stringify(fn.log)).not.toContain('t-1')
  })

  test('REV-1: 503 keeps its Retry-After', async () => {
    const fn = testFunction()
    fn.answer = answer(503, {}, { 'retry-after': '9' })
    const { statusCode, headers } = await fn.handler(revocation)
    expect([statusCode, headers['retry-after']]).toEqual([503, '9'])
  })

  test.each(['upstream_timeout', 'upstream_lost'] as const)(
    'may be repeated after %s, and says so',
    async reason => {
      const fn = testFunction()
      fn.answer = new ProxyError(reason)
      const { statusCode, body } = await fn.handler(revocation)
      expect([statusCode, JSON.parse(body).error]).toEqual([504, 'temporarily_unavailable'])
      expect(fn.sent).toHaveLength(1)
    },
  )

  test('is refused where the registration has no such endpoint', async () => {
    const fn = testFunction(
      registration({ provider: 'generic', token_endpoint: 'https://auth.pingone.eu/0000/as/token' }),
    )
    const { statusCode, body } = await fn.handler(revocation)
    expect([statusCode, JSON.parse(body).error, fn.signed]).toEqual([400, 'invalid_request', 0])
  })
})

describe('POST /par', () => {
  test('PAR-1: 201 with request_uri and its life', async () => {
    const fn = testFunction()
    fn.answer = answer(201, { request_uri: 'urn:x', expires_in: 60, other: 1 })
    const { statusCode, body } = await fn.handler(event(PUSHED, { path: '/par' }))
    expect([statusCode, JSON.parse(body)]).toEqual([201, { request_uri: 'urn:x', expires_in: 60 }])
    expect(fn.sent[0]!.url).toBe(`${ISSUER}/par`)
    expect(fn.log[0]).toMatchObject({ outcome: 'pushed' })
  })

  test.each([
    ['issuer', ISSUER],
    ['token_endpoint', `${ISSUER}/token`],
    ['request_endpoint', `${ISSUER}/par`],
    ['https://literal.example/', 'https://literal.example/'],
  ])('PAR-4: its assertion is for %s', async (aud, expected) => {
    const fn = testFunction(registration({ assertion: { aud } }))
    fn.answer = answer(201, { request_uri: 'urn:x', expires_in: 60 })
    await fn.handler(event(PUSHED, { path: '/par' }))
    expect(decode(fn.sent[0]!.form.get('client_assertion')!).claims.aud).toBe(expected)
  })

  test('IN-3: takes 64 KiB in all, where the other routes take 16', async () => {
    const fn = testFunction()
    fn.answer = answer(201, { request_uri: 'urn:x', expires_in: 60 })
    const padded = {
      ...PUSHED,
      ...Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`x${n}`, 'y'.repeat(4_000)])),
    }
    expect((await fn.handler(event(padded, { path: '/par' }))).statusCode).toBe(201)
    expect((await fn.handler(event(padded))).statusCode).toBe(413)
  })
})

describe('POST /device_authorization', () => {
  const TV = { grant_types: ['authorization_code', DEVICE_CODE] }
  const started = {
    device_code: 'dc-1',
    user_code: 'A-B',
    verification_uri: `${ISSUER}/device`,
    expires_in: 600,
  }
  const poll = event({ grant_type: DEVICE_CODE, client_id: 'app-1', device_code: 'dc-1' })

  test('DEV-1: is refused unless the client has the grant', async () => {
    const fn = testFunction()
    const { statusCode, body } = await fn.handler(
      event({ client_id: 'app-1' }, { path: '/device_authorization' }),
    )
    expect([statusCode, JSON.parse(body).error, fn.signed]).toEqual([400, 'unsupported_grant_type', 0])
  })

  test('DEV-1: a device that asks too fast is told so without a signature', async () => {
    const fn = testFunction(registration(TV))
    fn.answer = answer(200, started)
    const first = await fn.handler(event({ client_id: 'app-1' }, { path: '/device_authorization' }))
    expect([first.statusCode, JSON.parse(first.body)]).toEqual([200, started])
    fn.answer = answer(400, { error: 'authorization_pending' })
    const pending = await fn.handler(poll)
    expect([pending.statusCode, JSON.parse(pending.body).error]).toEqual([400, 'authorization_pending'])
    const cost = [fn.signed, fn.sent.length]
    const tooFast = await fn.handler(poll)
    expect([tooFast.statusCode, JSON.parse(tooFast.body).error]).toEqual([400, 'slow_down'])
    expect([fn.signed, fn.sent.length]).toEqual(cost)
    expect(fn.log.at(-1)).toMatchObject({ outcome: 'poll_too_fast', grant_type: DEVICE_CODE })
    expect(JSON.stringify(fn.log)).not.toContain('dc-1')
  })

  test('DEV-1: a device that was told to try again because nothing could be signed is let in', async () => {
    const fn = testFunction(registration(TV))
    fn.signerError = new ProxyError('signer_unavailable')
    const refused = await fn.handler(poll)
    expect([refused.statusCode, refused.headers['retry-after']]).toEqual([503, '2'])
    fn.signerError = undefined
    fn.answer = answer(400, { error: 'authorization_pending' })
    expect(JSON.parse((await fn.handler(poll)).body).error).toBe('authorization_pending')
  })

  test('DEV-1: the provider’s own slow_down passes on', async () => {
    const fn = testFunction(registration(TV))
    fn.answer = answer(400, { error: 'slow_down' })
    const { statusCode, body } = await fn.handler(poll)
    expect([statusCode, JSON.parse(body).error]).toEqual([400, 'slow_down'])
    expect(fn.log.at(-1)).toMatchObject({ outcome: 'upstream_refused', upstream_error: 'slow_down' })
  })
})

describe('every route', () => {
  const BODIES: Record<string, Record<string, string>> = {
    '/token': GOOD,
    '/revoke': { client_id: 'app-1', token: 't' },
    '/par': PUSHED,
    '/device_authorization': { client_id: 'app-1' },
  }

  test.each(Object.entries(BODIES))('KMS-12, CORS-3: %s refuses before it costs', async (path, body) => {
    const refusals: [Parameters<typeof event>, number][] = [
      [[body, { path, headers: { origin: 'https://evil.example' } }], 403],
      [[body, { path, headers: { origin: undefined } }], 403],
      [[body, { path, method: 'GET' }], 405],
      [[{ ...body, client_secret: 's' }, { path }], 400],
      [[{ ...body, client_id: 'other' }, { path }], 400],
      [[[...Object.entries(body), ['client_id', 'app-1']], { path }], 400],
      [[body, { path, headers: { 'content-type': 'text/plain' } }], 400],
      [[body, { path, headers: { authorization: 'Basic eDp5' } }], 400],
    ]
    for (const [request, status] of refusals) {
      const fn = testFunction()
      expect((await fn.handler(event(...request))).statusCode, JSON.stringify(request)).toBe(status)
      expect([fn.signed, fn.sent.length]).toEqual([0, 0])
    }
    const off = testFunction(registration({ enabled: false }))
    expect((await off.handler(event(body, { path }))).statusCode).toBe(503)
    expect(off.signed).toBe(0)
  })

  test('REV-3: introspection is none of them', async () => {
    const fn = testFunction()
    expect((await fn.handler(event({ token: 't' }, { path: '/introspect' }))).statusCode).toBe(404)
  })

  test('TOKENS of the code exchange hold no refresh token by default', async () => {
    const fn = testFunction()
    fn.answer = TOKENS
    expect(JSON.parse((await fn.handler(event())).body)).not.toHaveProperty('refresh_token')
  })
})
