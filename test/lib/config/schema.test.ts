import { describe, expect, test } from 'vitest'
import { CLIENT_ID_MAX, KID_MAX, SIGNING_INPUT_MAX_B, URL_MAX } from '../../../lib/limits.ts'
import { document, key, nativeClient, parse, problemsOf, webClient } from './documents.ts'

const one = (client: unknown, onLambda = false) => problemsOf(document(client), onLambda)
const web = (over: Record<string, unknown>, onLambda = false) => one(webClient(over), onLambda)
const native = (over: Record<string, unknown>, onLambda = false) => one(nativeClient(over), onLambda)

const PROVIDER =
  'must be "pingone" or "pingone-aic" or "pingam" or "okta" or "auth0" or "entra" or "keycloak" or "login.gov" or "govuk-one-login" or "smart" or "ibm-verify" or "generic" or "fapi2"'

describe('what is taken', () => {
  test.each([
    ['several grants', { grant_types: ['authorization_code', 'refresh_token'] }],
    ['a scope', { scope: 'openid profile https://api.example.com/read' }],
    ['one scope token', { scope: 'openid' }],
    ['resources', { resource: ['https://api.example.com/', 'urn:example:api'] }],
    ['no resource at all', { resource: [] }],
    ['rotating refresh tokens', { refresh: 'rotating' }],
    ['no PKCE for a web client', { require_pkce: false }],
    ['a client that is switched off', { enabled: false }],
    ['ID tokens that are passed on as they come', { validate_id_token: false }],
    ['ID tokens of one algorithm', { id_token_signed_response_alg: 'PS256' }],
    ['a client_id of 255 characters, spaces too', { client_id: `a b${'~'.repeat(252)}` }],
    ['an empty assertion', { assertion: {} }],
    ['ASRT-7: a lifetime of 15', { assertion: { lifetime: 15 } }],
    ['ASRT-7: a lifetime of 120', { assertion: { lifetime: 120 } }],
    ['ASRT-4: a rule for aud', { assertion: { aud: 'request_endpoint' } }],
    ['an assertion that is signed in its request', { assertion: { ahead: false } }],
    ['ASRT-15: another typ', { assertion: { typ: 'client-authentication+jwt' } }],
    [
      'keys of every state',
      { signing_keys: [key('a', { state: 'next' }, 2), key('b'), key('c', { state: 'retired' }, 3)] },
    ],
    [
      'defaults, spelled out',
      { application_type: 'web', delivery: 'tokens', refresh: 'none', require_pkce: true },
    ],
  ])('%s', (_name, over) => {
    expect(web(over)).toEqual([])
  })

  test('MOB-1: a native client, with an empty list of origins or with none', () => {
    expect(native({})).toEqual([])
    expect(native({ allowed_origins: [] })).toEqual([])
  })

  test('MOB-3: its own loopback listener, on Lambda too', () => {
    expect(native({ redirect_uris: ['http://127.0.0.1:8912/cb', 'http://[::1]/cb'] }, true)).toEqual([])
  })

  test('no clients: that is what a first deployment has', () => {
    expect(problemsOf(document())).toEqual([])
  })
})

describe('what is refused', () => {
  const LIFETIME = 'must be a whole number of seconds from 15 to 120'
  const CLIENT_ID = 'must be 1 to 255 printable ASCII characters'
  const COOKIES_ONLY = 'is for the deliveries "mediated" and "session"'
  const SCOPE = 'must be scope tokens with one space between them (RFC 6749 section 3.3)'
  const ONE_ACTIVE = 'must hold exactly one key whose state is "active"'
  const UNKNOWN = 'is not a member that is known here'

  test.each([
    // the members one by one
    [{ client_id: '' }, 'client_id', CLIENT_ID],
    [{ client_id: 'x'.repeat(256) }, 'client_id', CLIENT_ID],
    [{ client_id: 'kunde-ä' }, 'client_id', CLIENT_ID],
    [{ client_id: 'a\n' }, 'client_id', CLIENT_ID],
    [{ client_id: 7 }, 'client_id', 'must be a string'],
    [{ client_id: undefined }, 'client_id', 'is required'],
    [{ provider: undefined }, 'provider', 'is required'],
    [{ provider: 'PingOne' }, 'provider', PROVIDER],
    [{ provider: 'constructor' }, 'provider', PROVIDER],
    [{ issuer: undefined }, 'issuer', 'is required'],
    [{ issuer: 'auth.pingone.eu/env/as' }, 'issuer', 'must be an absolute URL that starts with https://'],
    [{ issuer: 'https://auth.pingone.eu/env/as?x' }, 'issuer', 'must not have a query (RFC 8414 section 2)'],
    [{ token_endpoint: 'https://x.example/#' }, 'token_endpoint', 'must not have a fragment'],
    [
      { authorization_endpoint: 'x' },
      'authorization_endpoint',
      'must be an absolute URL that starts with https://',
    ],
    [{ revocation_endpoint: 1 }, 'revocation_endpoint', 'must be a string'],
    [
      { pushed_authorization_request_endpoint: 'https://10.0.0.1/par' },
      'pushed_authorization_request_endpoint',
      'must name its host: an IP address is taken for loopback only',
    ],
    [{ device_authorization_endpoint: null }, 'device_authorization_endpoint', 'must be a string'],
    [
      { end_session_endpoint: 'https://a@b.example' },
      'end_session_endpoint',
      'must not carry user information',
    ],
    [{ jwks_uri: 'ftp://x.example/jwks' }, 'jwks_uri', 'must be an absolute URL that starts with https://'],
    [{ signing_keys: undefined }, 'signing_keys', 'is required'],
    [{ signing_keys: {} }, 'signing_keys', 'must be an array'],
    [{ signing_keys: [] }, 'signing_keys', ONE_ACTIVE],
    [{ signing_keys: [key('a', { state: 'next' })] }, 'signing_keys', ONE_ACTIVE],
    [{ signing_keys: [key('a'), key('b', {}, 2)] }, 'signing_keys', ONE_ACTIVE],
    [
      { signing_keys: [key('a'), key('b', { state: 'old' }, 2)] },
      'signing_keys[1].state',
      'must be "next" or "active" or "retired"',
    ],
    [{ signing_keys: [key('a'), key('b', { state: undefined }, 2)] }, 'signing_keys[1].state', 'is required'],
    [{ signing_keys: [key('a', { kms_key_id: 'x' })] }, 'signing_keys[0].kms_key_id', UNKNOWN],
    [{ signing_keys: [key('a'), 'b'] }, 'signing_keys[1]', 'must be an object'],
    [{ assertion: { lifetime: 14 } }, 'assertion.lifetime', LIFETIME],
    [{ assertion: { lifetime: 121 } }, 'assertion.lifetime', LIFETIME],
    [{ assertion: { lifetime: 60.5 } }, 'assertion.lifetime', LIFETIME],
    [{ assertion: { lifetime: '60' } }, 'assertion.lifetime', LIFETIME],
    [{ assertion: { aud: ['https://a.example', 'https://b.example'] } }, 'assertion.aud', 'must be a string'],
    [
      { assertion: { aud: 'token_endpont' } },
      'assertion.aud',
      'must be "issuer", "token_endpoint", "request_endpoint" or a URI',
    ],
    [{ assertion: { typ: 'jwt' } }, 'assertion.typ', 'must be "JWT" or "client-authentication+jwt"'],
    [{ assertion: { ahead: 'no' } }, 'assertion.ahead', 'must be true or false'],
    [{ assertion: { nbf: true } }, 'assertion.nbf', UNKNOWN],
    [{ assertion: null }, 'assertion', 'must be an object'],
    [{ application_type: 'spa' }, 'application_type', 'must be "web" or "native"'],
    [{ delivery: 'cookie' }, 'delivery', 'must be "tokens" or "mediated" or "session"'],
    [{ public_url: 'https://auth.example.com' }, 'public_url', COOKIES_ONLY],
    [{ session_lifetime: 3_600 }, 'session_lifetime', COOKIES_ONLY],
    [{ post_logout_redirect_uris: [] }, 'post_logout_redirect_uris', COOKIES_ONLY],
    [{ api_routes: ['GET /*'] }, 'api_routes', 'is for the delivery "session"'],
    [{ allowed_origins: undefined }, 'allowed_origins', 'is required'],
    [{ allowed_origins: [] }, 'allowed_origins', 'must not be empty'],
    [{ allowed_origins: 'https://app.example.com' }, 'allowed_origins', 'must be an array'],
    [{ allowed_origins: [1] }, 'allowed_origins[0]', 'must be a string'],
    [{ redirect_uris: undefined }, 'redirect_uris', 'is required'],
    [{ redirect_uris: [] }, 'redirect_uris', 'must not be empty'],
    [
      { redirect_uris: ['com.example.app:/cb'] },
      'redirect_uris[0]',
      'must be an absolute URL that starts with https://',
    ],
    [{ grant_types: [] }, 'grant_types', 'must contain "authorization_code"'],
    [{ grant_types: ['refresh_token'] }, 'grant_types', 'must contain "authorization_code"'],
    [
      { grant_types: ['authorization_code', 'client_credentials'] },
      'grant_types[1]',
      'must be "authorization_code" or "refresh_token" or "urn:ietf:params:oauth:grant-type:device_code"',
    ],
    [{ grant_types: 'authorization_code' }, 'grant_types', 'must be an array'],
    [{ scope: '' }, 'scope', SCOPE],
    [{ scope: 'openid  profile' }, 'scope', SCOPE],
    [{ scope: ' openid' }, 'scope', SCOPE],
    [{ scope: 'open"id' }, 'scope', SCOPE],
    [{ scope: 'open\\id' }, 'scope', SCOPE],
    [{ scope: 'openid\tprofile' }, 'scope', SCOPE],
    [{ scope: ['openid'] }, 'scope', 'must be a string'],
    [{ resource: ['api'] }, 'resource[0]', 'must be an absolute URI (RFC 8707 section 2)'],
    [{ resource: 'https://api.example.com' }, 'resource', 'must be an array'],
    [{ require_pkce: 'false' }, 'require_pkce', 'must be true or false'],
    [{ refresh: true }, 'refresh', 'must be "none" or "rotating" or "dpop"'],
    [{ enabled: 1 }, 'enabled', 'must be true or false'],
    [{ validate_id_token: 'no' }, 'validate_id_token', 'must be true or false'],
    // unknown and misspelt members
    [{ redirect_uri: 'https://app.example.com/' }, 'redirect_uri', UNKNOWN],
    [{ clientId: 'x' }, 'clientId', UNKNOWN],
    [{ client_secret: 'x' }, 'client_secret', UNKNOWN],
    [{ aud: 'issuer' }, 'aud', UNKNOWN],
  ])('web client with %j: %s', (over, member, message) => {
    expect(web(over)).toEqual([{ path: `clients[0].${member}`, message }])
  })

  test.each(['none', 'HS256', 'rs256', 'RSA-OAEP', 1])('IDT-1: no ID tokens of %s', alg => {
    expect(web({ id_token_signed_response_alg: alg })).toEqual([
      {
        path: 'clients[0].id_token_signed_response_alg',
        message: expect.stringMatching(/^must be "RS256" or .*"Ed25519"$/),
      },
    ])
  })

  test('CORS-1: each origin is named by its place', () => {
    const allowed_origins = [
      'https://app.example.com',
      'https://app.example.com/',
      'null',
      'https://*.example.com',
    ]
    expect(web({ allowed_origins }).map(({ path }) => path)).toEqual([
      'clients[0].allowed_origins[1]',
      'clients[0].allowed_origins[2]',
      'clients[0].allowed_origins[3]',
    ])
  })

  test.each([
    [
      { allowed_origins: ['https://app.example.com'] },
      'allowed_origins',
      'must be absent or empty for a native client',
    ],
    [{ require_pkce: false }, 'require_pkce', 'must be true for a native client (RFC 8252 section 8.1)'],
    [{ redirect_uris: [] }, 'redirect_uris', 'must not be empty'],
    [
      { redirect_uris: ['com.example.app:/cb', 'http://localhost:1/cb'] },
      'redirect_uris[1]',
      'must be https, a private-use scheme, or http on 127.0.0.1 or [::1] (RFC 8252 section 7)',
    ],
    [{ token_endpoint: undefined }, 'token_endpoint', 'is required'],
  ])('MOB-1, MOB-2, MOB-3: native client with %j: %s', (over, member, message) => {
    expect(native(over)).toEqual([{ path: `clients[0].${member}`, message }])
  })

  test('REQ-3: plain http on loopback, when it runs on Lambda', () => {
    const over = {
      issuer: 'http://127.0.0.1:9000/env/as',
      token_endpoint: 'http://localhost:9000/token',
      allowed_origins: ['http://localhost:3000'],
      redirect_uris: ['http://localhost:3000/callback'],
    }
    expect(web(over)).toEqual([])
    expect(web(over, true).map(({ path }) => path)).toEqual([
      'clients[0].issuer',
      'clients[0].token_endpoint',
      'clients[0].allowed_origins[0]',
      'clients[0].redirect_uris[0]',
    ])
  })

  test.each([
    [{ clients: [] }, 'version', 'is required'],
    [{ version: '1', clients: [] }, 'version', 'must be 1'],
    [{ version: 0, clients: [] }, 'version', 'must be 1'],
    [{ version: 1 }, 'clients', 'is required'],
    [{ version: 1, clients: {} }, 'clients', 'must be an array'],
    [{ version: 1, clients: [null] }, 'clients[0]', 'must be an object'],
    [{ version: 1, clients: [[]] }, 'clients[0]', 'must be an object'],
    [{ version: 1, clients: [], $schema: 'x' }, '(unnamed)', UNKNOWN],
    [{ version: 1, clients: [], client: {} }, 'client', UNKNOWN],
  ])('the document %j: %s', (value, path, message) => {
    expect(problemsOf(value)).toEqual([{ path, message }])
  })

  test('a rule that hangs on another member still holds while that one is wrong', () => {
    // Neither problem hides another: the lifetime, the state, the grant and the id are all told at once.
    const over = {
      client_id: 5,
      signing_keys: [key('a', { state: 'old', alg: 'HS256' }), 7],
      grant_types: ['password'],
      require_pkce: false,
      application_type: 'native',
      allowed_origins: ['https://app.example.com'],
      redirect_uris: ['https://app.example.com/#'],
      assertion: { lifetime: 1, typ: 'x' },
      extra: 1,
      another: 2,
    }
    expect(web(over).map(({ path }) => path.replace('clients[0].', ''))).toEqual([
      'client_id',
      'signing_keys[0].alg',
      'signing_keys[0].state',
      'signing_keys[1]',
      'signing_keys',
      'assertion.typ',
      'assertion.lifetime',
      'allowed_origins',
      'redirect_uris[0]',
      'grant_types[0]',
      'grant_types',
      'require_pkce',
      'extra',
      'another',
    ])
  })
})

test('the longest values that are taken make an assertion that KMS still signs', () => {
  const client_id = '"'.repeat(CLIENT_ID_MAX)
  const issuer = `https://id.example.org/${'a'.repeat(URL_MAX - 23)}`
  const signing_keys = [key('a', { kid: '"'.repeat(KID_MAX) })]
  const { as, signing_key } = parse(document(webClient({ client_id, issuer, signing_keys }))).clients[0]!
  expect(web({ issuer: `${issuer}a` })).toHaveLength(1)

  const header = { alg: 'RS256', kid: signing_key.kid, typ: 'client-authentication+jwt' }
  const aud = as.device_authorization_endpoint
  const times = { iat: 9_999_999_999, exp: 9_999_999_999, jti: 'x'.repeat(22) }
  const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const input = `${base64url(header)}.${base64url({ iss: client_id, sub: client_id, aud, ...times })}`
  expect(input.length).toBeLessThanOrEqual(SIGNING_INPUT_MAX_B)
})

test('unlike 60.5, 60.0 is a whole number: JSON has one kind of number', () => {
  expect(parse(document(webClient({ assertion: { lifetime: 60.0 } }))).clients[0]!.assertion.lifetime).toBe(
    60,
  )
})
