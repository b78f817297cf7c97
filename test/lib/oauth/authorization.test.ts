import { describe, expect, test } from 'vitest'
import type { Client } from '../../../lib/config/client.ts'
import { causeName, ProxyError, type Reason } from '../../../lib/errors.ts'
import { readQuery } from '../../../lib/http/form.ts'
import { RETURN_TO_MAX } from '../../../lib/limits.ts'
import {
  appChallenge,
  authorizationParameters,
  logoutUrl,
  readAuthorizationResponse,
  returnTo,
  withQuery,
} from '../../../lib/oauth/authorization.ts'
import { client, ISSUER } from '../../support/client.ts'

const BINDING = {
  state: 's',
  nonce: 'n',
  code_challenge: 'c',
  redirect_uri: 'https://auth.example.com/callback',
}

function refusal(call: () => unknown): ProxyError {
  try {
    call()
  } catch (error) {
    if (error instanceof ProxyError) return error
    throw error
  }
  throw new Error('was not refused')
}
const refused = (reason: Reason, parameter?: string) => expect.objectContaining({ reason, parameter })

describe('BFF-1: the authorization request', () => {
  const asked = (query: string, overrides: Partial<Client> = {}) =>
    authorizationParameters(readQuery(query), client(overrides), BINDING)

  test.each<[string, string, Partial<Client>, string]>([
    [
      'what the query asks for, each once',
      'scope=openid+mail+openid',
      { scope: ['openid', 'mail', 'x'] },
      'openid mail',
    ],
    ['else what is registered', '', { scope: ['openid', 'mail'] }, 'openid mail'],
    ['else what a sign-in cannot do without', '', {}, 'openid'],
  ])('scope is %s', (_, query, overrides, scope) => {
    expect(asked(query, overrides).get('scope')).toBe(scope)
  })

  test('has the resources of the client, and of the query what OpenID Connect names', () => {
    const resource = ['https://api.example.com/', 'https://two.example.com/']
    const query =
      'prompt=login&max_age=123456789&ui_locales=de+en&login_hint=a&acr_values=1&display=page&evil=x'
    expect([...asked(query, { resource })].slice(7)).toEqual([
      ['prompt', 'login'],
      ['max_age', '123456789'],
      ['ui_locales', 'de en'],
      ['login_hint', 'a'],
      ['acr_values', '1'],
      ['display', 'page'],
      ...resource.map(uri => ['resource', uri]),
    ])
  })

  // It is compared with auth_time afterwards.
  test.each(['x', '-1', '60s', 's60', '1e3', '1234567890'])('max_age=%s is no number of seconds', value => {
    expect(refusal(() => asked(`max_age=${value}`))).toEqual(refused('parameter_malformed', 'max_age'))
  })
})

describe('BFF-3: where the browser goes afterwards', () => {
  const to = (return_to: string, overrides: Partial<Client> = {}) =>
    returnTo(readQuery(new URLSearchParams({ return_to }).toString()), client(overrides))

  test('the longest address that is taken', () => {
    const path = `/${'x'.repeat(RETURN_TO_MAX - 1)}`
    expect(to(path)).toBe(`https://app.example.com${path}`)
    expect(refusal(() => to(`${path}x`))).toEqual(refused('return_to_refused'))
  })

  test('an app that is developed on a loopback host', () => {
    expect(to('/a', { allowed_origins: ['http://localhost:3000'] })).toBe('http://localhost:3000/a')
  })

  test.each(['https://:p@app.example.com/', 'blob:https://app.example.com/x'])('%s is refused', text => {
    expect(refusal(() => to(text))).toEqual(refused('return_to_refused'))
  })
})

test.each([
  ['https://a.example/', 'https://a.example/?x=1+2'],
  ['https://a.example/?y=z', 'https://a.example/?y=z&x=1+2'],
  ['https://a.example/#/orders', 'https://a.example/?x=1+2#/orders'],
  ['https://a.example/?y=z#a#b?c', 'https://a.example/?y=z&x=1+2#a#b?c'],
])('%s with more in its query, before the fragment', (address, expected) => {
  expect(withQuery(address, { x: '1 2' })).toBe(expected)
})

describe('the authorization response', () => {
  const read = (query: string, overrides: Partial<Client> = {}) =>
    readAuthorizationResponse(readQuery(query), client(overrides))

  test('IDT-3: of a provider that does not name itself, unless it is registered as one that does', () => {
    expect(read('code=c')).toBe('c')
    expect(read(`code=c&iss=${ISSUER}`)).toBe('c')
    const says = { authorization_response_iss_parameter_supported: true }
    expect(refusal(() => read('code=c', says))).toEqual(refused('issuer_mismatch'))
  })

  test.each([
    ['code=c&code=d', 'code'],
    ['error=a&error=b', 'error'],
    // Anybody's text: it is not repeated.
    ['code=c&x=1&x=2', undefined],
  ])('%s has a parameter twice', (query, parameter) => {
    expect(refusal(() => read(query))).toEqual(refused('parameter_repeated', parameter))
  })

  test.each([
    ['login_required', 'login_required', undefined],
    ['no_such_error', 'server_error', 'UNKNOWN_ERROR'],
  ])('%s is %s to the app, and %s to the log', (sent, error, name) => {
    const { reason, upstream, cause } = refusal(() => read(`error=${sent}`))
    expect([reason, upstream?.error, causeName(cause)]).toEqual(['authorization_refused', error, name])
  })
})

test.each<[string, Reason, string]>([
  ['', 'parameter_missing', 'code_challenge'],
  ['code_challenge=short', 'parameter_malformed', 'code_challenge'],
  [`code_challenge=${'x'.repeat(43)}`, 'parameter_missing', 'code_challenge_method'],
  [
    `code_challenge=${'x'.repeat(43)}&code_challenge_method=plain`,
    'parameter_malformed',
    'code_challenge_method',
  ],
])('MOB-10: a native app’s challenge %j: %s %s', (query, reason, parameter) => {
  expect(refusal(() => appChallenge(readQuery(query)))).toEqual(refused(reason, parameter))
})

test.each([
  ['', ''],
  [
    'post_logout_redirect_uri=https://app.example.com/',
    '&post_logout_redirect_uri=https%3A%2F%2Fapp.example.com%2F',
  ],
  ['state=s', '&state=s'],
])('LOUT-1: a logout with %j says that much to the provider', (form, more) => {
  const as = { ...client().as, end_session_endpoint: `${ISSUER}/signoff` }
  const post_logout_redirect_uris = ['https://app.example.com/']
  expect(logoutUrl(readQuery(form), client({ as, post_logout_redirect_uris }))).toBe(
    `${ISSUER}/signoff?client_id=app-1${more}`,
  )
})
