import { describe, expect, test } from 'vitest'
import { Failure } from '../../../cli/failure.ts'
import { requireTokens } from '../../../cli/try/exchange.ts'
import { idTokenOf } from '../../../cli/try/id-token.ts'
import { authorizationRequest, codeOf, usualScope } from '../../../cli/try/request.ts'
import { wordsOf } from '../../support/shell.ts'

// What is asked, and what is made of the answers: no network.

const ISSUER = 'https://login.example.com/as'
const client = { client_id: 'app-1', as: { issuer: ISSUER, token_endpoint: `${ISSUER}/token` } }
const start = (scope = 'openid') =>
  authorizationRequest(client, `${ISSUER}/authorize?tenant=1`, {
    redirect_uri: 'http://127.0.0.1:1/cb',
    scope,
  })

test('RFC 6749, 7636: the request has all that is needed, and what the endpoint has stays', () => {
  const { url, state, nonce, code_verifier } = start()
  expect(Object.fromEntries(new URL(url).searchParams)).toEqual({
    tenant: '1',
    response_type: 'code',
    client_id: 'app-1',
    redirect_uri: 'http://127.0.0.1:1/cb',
    scope: 'openid',
    state,
    nonce,
    code_challenge: expect.stringMatching(/^[\w-]{43}$/),
    code_challenge_method: 'S256',
  })
  expect(code_verifier).toMatch(/^[\w-]{43}$/)
  expect(url).not.toContain(code_verifier)
  expect(new Set([state, nonce, start().state, start().nonce]).size).toBe(4)
})

test.each([
  [undefined, 'openid'],
  [['email', 'openid'], 'openid'],
  [['api', 'admin'], 'api admin'],
])('of the scope %j it asks for %j', (scope, wanted) => {
  expect(usualScope(scope === undefined ? {} : { scope })).toBe(wanted)
})

test('an answer without iss is one: RFC 9207 is not everywhere', () => {
  const started = start()
  expect(codeOf(new URLSearchParams({ state: started.state, code: 'c' }), started, ISSUER)).toBe('c')
})

test('one with another state is none', () => {
  const answer = new URLSearchParams({ state: 'another', code: 'c' })
  expect(() => codeOf(answer, start(), ISSUER)).toThrow('another state')
})

test.each(['app; touch /tmp/x #', "it's"])('the command that helps takes the client id %s', client_id => {
  const refused = { status: 400, body: {}, took_ms: 1, request_id: 'r\u009b2J' }
  const failure = failureOf(() => requireTokens(refused, client_id))
  const [command] = failure.fix!.split(' looks for')
  expect(wordsOf(command!)).toEqual(['countersign', 'doctor', '--client', client_id])
})

test.each([
  [200, { access_token: 'x' }, true],
  [200, {}, false],
  [400, { access_token: 'x' }, false],
])('%i with %j is an answer with tokens: %s', (status, body, tokens) => {
  const check = () => requireTokens({ status, body, took_ms: 1, request_id: undefined }, 'app-1')
  if (tokens) expect(check).not.toThrow()
  else expect(check).toThrow(`The endpoint answered ${status}`)
})

function failureOf(work: () => void): Failure {
  try {
    work()
  } catch (error) {
    if (error instanceof Failure) return error
  }
  throw new Error('it does not fail')
}

describe('the ID token', () => {
  const jwt = (claims: object) =>
    ['{"alg":"none"}', JSON.stringify(claims), 'x']
      .map(part => Buffer.from(part).toString('base64url'))
      .join('.')
  const started = start()
  const good = { iss: ISSUER, sub: 's', aud: 'app-1', nonce: started.nonce }

  test.each([good, { ...good, aud: ['other', 'app-1'] }])('%j is for this sign-in', claims => {
    expect(idTokenOf({ id_token: jwt(claims) }, started, client)).toEqual(claims)
  })

  test.each([
    [{ nonce: 'another' }, 'its nonce'],
    [{ nonce: undefined }, 'its nonce'],
    [{ aud: 'other' }, 'its aud is other'],
    [{ iss: `${ISSUER}/` }, 'its iss is'],
    [{ iss: { toString: 1 }, aud: [{ toString: 1 }] }, 'its iss is {"toString":1}'],
  ])('%j is not', (changes, why) => {
    expect(() => idTokenOf({ id_token: jwt({ ...good, ...changes }) }, started, client)).toThrow(why)
  })

  test('none where openid was asked for', () => {
    expect(() => idTokenOf({}, started, client)).toThrow('has no ID token')
    expect(idTokenOf({}, start('api'), client)).toBeUndefined()
  })

  test('one that cannot be read', () => {
    expect(() => idTokenOf({ id_token: 'a.b.c.d.e' }, started, client)).toThrow('no signed JWT')
  })
})
