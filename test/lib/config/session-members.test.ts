import { describe, expect, test } from 'vitest'
import type { ConfigurationError } from '../../../lib/config/problems.ts'
import { notices, parseRegistrations } from '../../../lib/config/registrations.ts'
import { toApiRoute } from '../../../lib/config/session-members.ts'
import { canBeSameSite } from '../../../lib/config/urls.ts'
import { ARN } from '../../support/function.ts'
import { testKey } from '../../support/keys.ts'
import { bffClient, nativeClient, sessionClient } from '../../support/session.ts'

const parse = (...clients: Record<string, unknown>[]) =>
  parseRegistrations(JSON.stringify({ version: 1, clients }), { revision: '1', onLambda: true })

function problems(...clients: Record<string, unknown>[]): [path: string, message: string][] {
  try {
    parse(...clients)
    return []
  } catch (error) {
    return (error as ConfigurationError).problems.map(({ path, message }) => [
      path.replace('clients[0].', ''),
      message,
    ])
  }
}

test('the usual values', () => {
  const { clients, credentialed_origins } = parse(sessionClient())
  expect(clients[0]).toMatchObject({
    delivery: 'mediated',
    public_url: 'https://auth.example.com',
    session_lifetime: 28_800,
    redirect_uris: [],
    require_pkce: true,
    refresh: 'none',
    revoke_withheld: false,
  })
  const { post_logout_redirect_uris: _, ...nowhere } = sessionClient()
  expect(parse(nowhere).clients[0]!.post_logout_redirect_uris).toEqual([])
  expect([...credentialed_origins]).toEqual(['https://app.example.com'])
  expect(parse(bffClient()).clients[0]!.api_routes).toEqual([
    { method: 'GET', path: '/orders', beneath: false },
    { method: '*', path: '/orders', beneath: true },
  ])
})

describe('COOKIE-1: the host that sets the cookie', () => {
  const OTHER_SITE = 'is of another site than public_url, so its browser would not send the cookie'
  const OWN_NAME =
    'must be a name of your own: browsers keep no cookie for a host of another site than the app'
  test.each<[Record<string, unknown>, string, string]>([
    [{ public_url: 'https://abc.execute-api.eu-central-1.amazonaws.com' }, 'public_url', OWN_NAME],
    [{ public_url: 'https://abc.lambda-url.eu-central-1.on.aws' }, 'public_url', OWN_NAME],
    [{ public_url: 'https://auth.example.org' }, 'allowed_origins[0]', OTHER_SITE],
    [
      { public_url: 'https://auth.example.com/x' },
      'public_url',
      'must be an origin as browsers send it: lower case, no default port, no path and no trailing slash',
    ],
    [{ public_url: undefined }, 'public_url', 'is required'],
    [
      { public_url: 'http://auth.example.com' },
      'public_url',
      'must be https (http is for loopback hosts only, and never on Lambda)',
    ],
  ])('%j', (changes, path, message) => {
    expect(problems(sessionClient(changes))).toContainEqual([path, message])
  })

  test.each([
    ['https://auth.example.com', 'https://app.example.com', true],
    ['https://example.com', 'https://app.example.com', true],
    ['https://app.example.com', 'https://app.example.com:8443', true],
    ['https://auth.example.com', 'http://app.example.com', false],
    ['https://auth.example.com', 'https://example.org', false],
    ['http://api.example.localhost:1', 'http://app.example.localhost:2', true],
    ['http://api.localhost:1', 'http://app.localhost:2', false],
    ['http://127.0.0.1:1', 'http://127.0.0.1:2', true],
    ['http://127.0.0.1:1', 'http://localhost:1', false],
    ['http://localhost:1', 'http://localhost:2', true],
  ])('%s and %s can be of one site: %s', (one, other, expected) => {
    expect(canBeSameSite(one, other)).toBe(expected)
  })
})

describe('what a session needs', () => {
  test.each<[Record<string, unknown>, string, string]>([
    [{ jwks_uri: undefined }, 'jwks_uri', 'is required in this delivery'],
    [{ authorization_endpoint: undefined }, 'authorization_endpoint', 'is required in this delivery'],
    [{ validate_id_token: false }, 'validate_id_token', 'must be true in this delivery'],
    [{ require_pkce: false }, 'require_pkce', 'must be true in this delivery'],
    [{ scope: 'profile' }, 'scope', 'must contain openid in this delivery'],
    [
      { grant_types: ['authorization_code', 'urn:ietf:params:oauth:grant-type:device_code'] },
      'grant_types[1]',
      'must be "authorization_code" or "refresh_token"',
    ],
    [{ grant_types: ['refresh_token'] }, 'grant_types', 'must contain "authorization_code"'],
    [
      { refresh: 'rotating' },
      'refresh',
      'is for the delivery "tokens": in the others the app gets no refresh token',
    ],
    [
      { revoke_withheld: true },
      'revoke_withheld',
      'is for the delivery "tokens": in the others no refresh token is withheld',
    ],
    [{ api_routes: ['GET /*'] }, 'api_routes', 'is for the delivery "session"'],
    [{ session_lifetime: 299 }, 'session_lifetime', 'must be a whole number of seconds from 300 to 34560000'],
    [
      { session_lifetime: 34_560_001 },
      'session_lifetime',
      'must be a whole number of seconds from 300 to 34560000',
    ],
    [
      { session_lifetime: 1_000.5 },
      'session_lifetime',
      'must be a whole number of seconds from 300 to 34560000',
    ],
    [
      { post_logout_redirect_uris: ['/bye'] },
      'post_logout_redirect_uris[0]',
      'must be an absolute URL that starts with https://',
    ],
  ])('%j', (changes, path, message) => {
    expect(problems(sessionClient(changes))).toContainEqual([path, message])
  })

  test.each([300, 34_560_000])('a session of %i seconds is one', session_lifetime => {
    expect(problems(sessionClient({ session_lifetime }))).toEqual([])
  })

  test('a preset’s own endpoints will do', () => {
    const { authorization_endpoint: _, jwks_uri: __, ...client } = sessionClient({ provider: 'pingone' })
    expect(problems(client)).toEqual([])
  })

  test('a native app’s own addresses are required', () => {
    expect(problems(nativeClient())).toEqual([])
    expect(problems(nativeClient({ redirect_uris: undefined }))).toContainEqual([
      'redirect_uris',
      'is required',
    ])
  })
})

test('without an endpoint to revoke tokens at, the operator hears what a logout leaves', () => {
  const without = sessionClient({ revocation_endpoint: undefined })
  expect(notices(parse(without))).toEqual([
    'clients[0].revocation_endpoint: is absent: after a logout the tokens are good until they run out',
  ])
  expect(notices(parse(sessionClient()))).toEqual([])
})

describe('IDT-3: two issuers whose answers come to one address', () => {
  const first = sessionClient()
  const second = (provider: string, changes = {}) => {
    const { public_jwk } = testKey('PS256', 'second')
    const key = { kms_key_arn: ARN.replace(/1$/, '2'), alg: 'PS256', public_jwk, state: 'active' }
    const issuer = 'https://other.example.net'
    const endpoints = { issuer, token_endpoint: `${issuer}/t`, jwks_uri: `${issuer}/j` }
    return sessionClient({ client_id: 'app-2', provider, signing_keys: [key], ...endpoints, ...changes })
  }
  const SAYS = 'authorization_response_iss_parameter_supported'
  const MESSAGE =
    'must be true where clients of several issuers share one public_url (RFC 9700 section 4.4.2)'

  test('each has to say that its answers have iss', () => {
    expect(problems(first, second('generic'))).toEqual([
      [SAYS, MESSAGE],
      [`clients[1].${SAYS}`, MESSAGE],
    ])
  })

  test('fapi2 has said so', () => {
    expect(problems(first, second('fapi2'))).toEqual([[SAYS, MESSAGE]])
    expect(problems({ ...first, [SAYS]: true }, second('fapi2'))).toEqual([])
  })
})

describe('BFF-2: api_routes', () => {
  const PATH = 'must have a plain path after the method, such as /orders or /orders/*'
  const METHOD = 'must begin with a method, one of * GET HEAD POST PUT PATCH DELETE, and a space'
  test.each<[unknown, string, string]>([
    [undefined, 'api_routes', 'is required'],
    [[], 'api_routes', 'must not be empty: nothing else of the API can be called'],
    [['/orders'], 'api_routes[0]', METHOD],
    [['get /orders'], 'api_routes[0]', METHOD],
    [['OPTIONS /orders'], 'api_routes[0]', METHOD],
    [['GET /'], 'api_routes[0]', PATH],
    [['GET'], 'api_routes[0]', METHOD],
    [['GET '], 'api_routes[0]', PATH],
    [['GET orders'], 'api_routes[0]', PATH],
    [['GET /orders/../admin'], 'api_routes[0]', PATH],
    [['GET /./orders'], 'api_routes[0]', PATH],
    [['GET /orders /*'], 'api_routes[0]', PATH],
    [['GET /orders*'], 'api_routes[0]', PATH],
    [['GET /a/*/b'], 'api_routes[0]', PATH],
    [['GET //a'], 'api_routes[0]', PATH],
    [['GET /a%2f'], 'api_routes[0]', PATH],
    [['GET  /a'], 'api_routes[0]', PATH],
    [['GET https://a.example/'], 'api_routes[0]', PATH],
  ])('%j', (api_routes, path, message) => {
    expect(problems(bffClient({ api_routes }))).toContainEqual([path, message])
  })

  test.each([
    ['* /*', { method: '*', path: '', beneath: true }],
    ['POST /a/b', { method: 'POST', path: '/a/b', beneath: false }],
    ['PUT /a/b/*', { method: 'PUT', path: '/a/b', beneath: true }],
  ])('%s', (text, route) => {
    expect(problems(bffClient({ api_routes: [text] }))).toEqual([])
    expect(toApiRoute(text)).toEqual(route)
  })
})
