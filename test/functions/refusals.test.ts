import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { event, GOOD, jsonEvent, ORIGIN, registration, testFunction } from '../support/function.ts'

// Every refusal is free: whatever its status, the signer was not asked and nothing was sent (requirement KMS-12).

type Refusal = [what: string, sent: unknown, status: number, error: string, said: string]

const form = (changes: Record<string, string>, headers = {}) => event({ ...GOOD, ...changes }, { headers })
const without = (name: keyof typeof GOOD) => {
  const { [name]: _, ...others } = GOOD
  return event(others)
}
const twice = (name: keyof typeof GOOD) => event([...Object.entries(GOOD), [name, GOOD[name]]])
const typed = (contentType: string | undefined, body: string) =>
  event(undefined, { headers: { 'content-type': contentType }, body })

/** Readable by the app: its origin is allowed. */
const READABLE: Refusal[] = [
  ['GET', event(GOOD, { method: 'GET' }), 405, 'invalid_request', 'POST'],
  ['PUT', event(GOOD, { method: 'PUT' }), 405, 'invalid_request', 'POST'],
  ['no method', event(GOOD, { method: '' }), 405, 'invalid_request', 'POST'],
  [
    'IN-3: a body of 16 KiB and a byte',
    form({ state: 'x'.repeat(17_000) }),
    413,
    'invalid_request',
    'too large',
  ],
  [
    'IN-2: text/plain',
    typed('text/plain', new URLSearchParams(GOOD).toString()),
    400,
    'invalid_request',
    'content-type',
  ],
  [
    'IN-2: multipart',
    typed('multipart/form-data; boundary=x', '--x--'),
    400,
    'invalid_request',
    'content-type',
  ],
  [
    'IN-2: no content type',
    typed(undefined, new URLSearchParams(GOOD).toString()),
    400,
    'invalid_request',
    'content-type',
  ],
  ['IN-2: a JSON array', jsonEvent([GOOD]), 400, 'invalid_request', 'flat JSON'],
  ['IN-2: nested JSON', jsonEvent({ ...GOOD, code: { $ne: '' } }), 400, 'invalid_request', 'flat JSON'],
  ['IN-2: a number in JSON', jsonEvent({ ...GOOD, code: 1 }), 400, 'invalid_request', 'flat JSON'],
  ['IN-2: broken JSON', typed('application/json', '{"code":'), 400, 'invalid_request', 'flat JSON'],
  [
    'IN-4: a member twice in JSON',
    typed('application/json', JSON.stringify(GOOD).replace('{', '{"code":"other",')),
    400,
    'invalid_request',
    'repeated',
  ],
  ['an empty body', typed('application/x-www-form-urlencoded', ''), 400, 'invalid_request', 'grant_type'],
  ['IN-7: an unknown client', form({ client_id: 'app-2' }), 400, 'invalid_request', 'client_id'],
  ['IN-7: a client in other letters', form({ client_id: 'APP-1' }), 400, 'invalid_request', 'client_id'],
  ['IN-6: client_secret', form({ client_secret: 's' }), 400, 'invalid_request', 'client_secret'],
  ['IN-6: client_assertion', form({ client_assertion: 'a.b.c' }), 400, 'invalid_request', 'client_assertion'],
  [
    'IN-6: client_assertion_type',
    form({ client_assertion_type: 'urn:x' }),
    400,
    'invalid_request',
    'client_assertion_type',
  ],
  ['IN-6: Authorization', form({}, { authorization: 'Basic eDp5' }), 400, 'invalid_request', 'Authorization'],
  ['a DPoP proof that is none', form({}, { dpop: 'a.b.c' }), 400, 'invalid_dpop_proof', 'DPoP'],
  ['no grant_type', without('grant_type'), 400, 'invalid_request', 'grant_type'],
  ...[
    'client_credentials',
    'password',
    'refresh_token',
    'implicit',
    'urn:ietf:params:oauth:grant-type:jwt-bearer',
    'urn:ietf:params:oauth:grant-type:saml2-bearer',
    'urn:ietf:params:oauth:grant-type:token-exchange',
    'urn:ietf:params:oauth:grant-type:device_code',
    'urn:openid:params:grant-type:ciba',
    'Authorization_Code',
  ].map(
    (grant_type): Refusal => [
      `IN-8: ${grant_type}`,
      form({ grant_type }),
      400,
      'unsupported_grant_type',
      'grant_type',
    ],
  ),
  ['no code', without('code'), 400, 'invalid_request', 'code is missing'],
  ['IN-5: an empty code', form({ code: '' }), 400, 'invalid_request', 'code is missing'],
  ['a code with a line break', form({ code: 'a\r\nb' }), 400, 'invalid_request', 'code is malformed'],
  ['IN-4: code twice', twice('code'), 400, 'invalid_request', 'code is repeated'],
  ['IN-4: client_id twice', twice('client_id'), 400, 'invalid_request', 'client_id is repeated'],
  [
    'IN-4: a parameter of no name that is known, twice',
    event([...Object.entries(GOOD), ['x', '1'], ['x', '2']]),
    400,
    'invalid_request',
    'parameter is repeated',
  ],
  ['IN-9: no redirect_uri', without('redirect_uri'), 400, 'invalid_request', 'redirect_uri is missing'],
  ...['/', '?x=1', '#x'].map(
    (end): Refusal => [
      `IN-9: redirect_uri and ${end}`,
      form({ redirect_uri: GOOD.redirect_uri + end }),
      400,
      'invalid_grant',
      'redirect_uri',
    ],
  ),
  [
    'IN-9: redirect_uri in other letters',
    form({ redirect_uri: GOOD.redirect_uri.replace('callback', 'Callback') }),
    400,
    'invalid_grant',
    'redirect_uri',
  ],
  [
    'IN-9: redirect_uri with the default port',
    form({ redirect_uri: GOOD.redirect_uri.replace('.com', '.com:443') }),
    400,
    'invalid_grant',
    'redirect_uri',
  ],
  ['IN-10: no code_verifier', without('code_verifier'), 400, 'invalid_request', 'code_verifier is missing'],
  [
    'IN-10: 42 characters',
    form({ code_verifier: 'v'.repeat(42) }),
    400,
    'invalid_request',
    'code_verifier is malformed',
  ],
  [
    'IN-10: 129 characters',
    form({ code_verifier: 'v'.repeat(129) }),
    400,
    'invalid_request',
    'code_verifier is malformed',
  ],
  [
    'IN-10: a character outside the set',
    form({ code_verifier: `${'v'.repeat(42)}+` }),
    400,
    'invalid_request',
    'code_verifier is malformed',
  ],
  ['a malformed scope', form({ scope: 'a  b' }), 400, 'invalid_request', 'scope is malformed'],
  ['a relative resource', form({ resource: '/api' }), 400, 'invalid_request', 'resource is malformed'],
]

/** Nobody's to read. */
const UNREADABLE: Refusal[] = [
  ...[
    'https://evil.example',
    'https://app.example.evil.com',
    'http://app.example.com',
    'https://app.example.com:443',
    'https://app.example.com/',
    'https://APP.example.com',
    'null',
    '*',
    '',
    `${ORIGIN},${ORIGIN}`,
    `${ORIGIN} https://evil.example`,
  ].map(
    (origin): Refusal => [
      `CORS-1, CORS-2, CORS-3: origin ${origin || '(empty)'}`,
      event(GOOD, { headers: { origin } }),
      403,
      'invalid_request',
      'origin',
    ],
  ),
  [
    'CORS-4: a web client without Origin',
    event(GOOD, { headers: { origin: undefined } }),
    403,
    'invalid_request',
    'Origin',
  ],
  [
    'a preflight from a foreign origin',
    event(GOOD, { method: 'OPTIONS', headers: { origin: 'https://evil.example' } }),
    403,
    'invalid_request',
    'origin',
  ],
  ['another path', event(GOOD, { path: '/introspect' }), 404, 'invalid_request', 'endpoint'],
  ['__proto__ as a path', event(GOOD, { path: '__proto__' }), 404, 'invalid_request', 'endpoint'],
]

describe.each([
  ['readable', READABLE],
  ['not readable', UNREADABLE],
])('refused and %s', (readable, refusals) => {
  test.each(refusals)('%s', async (_, sent, status, error, said) => {
    const fn = testFunction()
    const result = await fn.handler(sent)
    expect([result.statusCode, JSON.parse(result.body)]).toEqual([
      status,
      { error, error_description: expect.stringContaining(said) },
    ])
    expect([fn.signed, fn.sent.length]).toEqual([0, 0])
    expect(result.headers['access-control-allow-origin']).toBe(readable === 'readable' ? ORIGIN : undefined)
    expect(result.headers).toMatchObject({
      vary: 'Origin',
      'cache-control': 'no-store',
      'content-type': 'application/json;charset=UTF-8',
      'x-request-id': expect.any(String),
    })
    if (status === 405) expect(result.headers.allow).toBe('POST, OPTIONS')
    expect(fn.log).toHaveLength(1)
  })
})

describe('clients', () => {
  const native = registration({
    client_id: 'native-1',
    application_type: 'native',
    allowed_origins: [],
    redirect_uris: ['com.example.app:/callback'],
  })
  const forNative = { ...GOOD, client_id: 'native-1', redirect_uri: 'com.example.app:/callback' }
  const others = registration({ client_id: 'app-3', allowed_origins: ['https://three.example.com'] })
  // One issuer, so one key may serve several of its clients.
  const fn = testFunction(registration(), native, others)

  test('CORS-4: a native client needs no Origin', async () => {
    expect((await fn.handler(event(forNative, { headers: { origin: undefined } }))).statusCode).toBe(200)
  })

  test.each([
    [
      'a web client without Origin where some client is native',
      event(GOOD, { headers: { origin: undefined } }),
    ],
    ['a native client from a page', event(forNative)],
    ["a client from another client's origin", event({ ...GOOD, client_id: 'app-3' })],
  ])('%s: 403, and the CORS headers are taken off again', async (_, sent) => {
    const { signed } = fn
    const { statusCode, headers } = await fn.handler(sent)
    expect(statusCode).toBe(403)
    expect(headers['access-control-allow-origin']).toBeUndefined()
    expect(headers.vary).toBe('Origin')
    expect(fn.signed).toBe(signed)
  })

  test('a client that is switched off: 503, readable, nothing signed', async () => {
    const off = testFunction(registration({ enabled: false }))
    const { statusCode, body, headers } = await off.handler(event())
    expect([statusCode, JSON.parse(body).error]).toEqual([503, 'temporarily_unavailable'])
    expect(headers['access-control-allow-origin']).toBe(ORIGIN)
    expect(off.signed).toBe(0)
  })

  test('a scope or a resource beyond the registration', async () => {
    const limited = testFunction(
      registration({ scope: 'openid profile', resource: ['https://api.example.com/'] }),
    )
    const scope = await limited.handler(event({ ...GOOD, scope: 'openid admin' }))
    expect([scope.statusCode, JSON.parse(scope.body).error]).toEqual([400, 'invalid_scope'])
    const resource = await limited.handler(event({ ...GOOD, resource: 'https://other.example.com/' }))
    expect([resource.statusCode, JSON.parse(resource.body).error]).toEqual([400, 'invalid_target'])
    expect(limited.signed).toBe(0)
    expect(
      (await limited.handler(event({ ...GOOD, scope: 'openid', resource: 'https://api.example.com/' })))
        .statusCode,
    ).toBe(200)
  })
})

describe('preflight', () => {
  test('CORS-6, CORS-8, CORS-11: answered from the configuration alone', async () => {
    const fn = testFunction()
    const { statusCode, headers, body } = await fn.handler(
      event(undefined, {
        method: 'OPTIONS',
        headers: {
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'content-type',
        },
        body: '',
      }),
    )
    expect([statusCode, body]).toEqual([204, ''])
    expect(headers).toMatchObject({
      'access-control-allow-origin': ORIGIN,
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': 'content-type, dpop',
      'access-control-max-age': '7200',
      vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
    })
    expect(headers).not.toHaveProperty('access-control-allow-credentials')
    expect([fn.signed, fn.sent.length]).toEqual([0, 0])
    expect(fn.log[0]).toMatchObject({ outcome: 'preflight', status: 204 })
  })
})

test('50 random bodies of each type: 4xx, readable, nothing signed and nothing sent', async () => {
  const fn = testFunction()
  for (const contentType of ['application/x-www-form-urlencoded', 'application/json', 'text/plain']) {
    for (let i = 0; i < 50; i++) {
      const sent = {
        ...event(undefined, { headers: { 'content-type': contentType } }),
        body: randomBytes(i * 20).toString('base64'),
      }
      const { statusCode, headers, body } = await fn.handler(sent)
      expect(statusCode).toBe(400)
      expect(JSON.parse(body).error).toBe('invalid_request')
      expect(headers['access-control-allow-origin']).toBe(ORIGIN)
    }
  }
  expect([fn.signed, fn.sent.length]).toEqual([0, 0])
})
