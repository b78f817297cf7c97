import { describe, expect, test } from 'vitest'
import type { Client } from '../../../lib/config/client.ts'
import { ProxyError } from '../../../lib/errors.ts'
import type { Answer } from '../../../lib/http/post.ts'
import { parParameters, readParResponse } from '../../../lib/oauth/par.ts'
import { client, REDIRECT_URI } from '../../support/client.ts'
import { form } from '../../support/code-request.ts'

const GOOD = {
  response_type: 'code',
  redirect_uri: REDIRECT_URI,
  code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
  code_challenge_method: 'S256',
}

const pushed = (changes: Record<string, string | undefined> = {}, overrides: Partial<Client> = {}) =>
  Object.fromEntries(parParameters(form({ ...GOOD, ...changes }), client(overrides)))

function refusal(changes: Record<string, string | undefined>, overrides: Partial<Client> = {}) {
  try {
    pushed(changes, overrides)
  } catch (error) {
    if (error instanceof ProxyError) return { reason: error.reason, parameter: error.parameter }
    throw error
  }
  throw new Error('was not refused')
}

describe('PAR-1: what goes to the provider', () => {
  test('is the authorization request, by allow-list', () => {
    const more = {
      scope: 'openid',
      state: 's',
      nonce: 'n',
      response_mode: 'query',
      prompt: 'login',
      max_age: '60',
      login_hint: 'alice',
      acr_values: 'loa-2',
      claims: '{"id_token":{}}',
      authorization_details: '[{"type":"payment"}]',
      resource: 'https://api.example.com/',
      dpop_jkt: 'jkt',
    }
    expect(pushed({ ...more, client_id: 'app-1', evil: 'x', registration: '{}' })).toEqual({
      ...GOOD,
      ...more,
    })
  })

  test('without PKCE where the client may, and then only without any of it', () => {
    const without = { code_challenge: undefined, code_challenge_method: undefined }
    expect(pushed(without, { require_pkce: false })).toEqual({
      response_type: 'code',
      redirect_uri: REDIRECT_URI,
    })
    for (const parameter of ['code_challenge', 'code_challenge_method']) {
      expect(refusal({ [parameter]: undefined }, { require_pkce: false })).toEqual({
        reason: 'parameter_missing',
        parameter,
      })
    }
  })
})

describe('PAR-2, PAR-3: what is refused', () => {
  test.each([
    [{ request_uri: 'urn:x' }, 'parameter_unsupported', 'request_uri'],
    [{ request: 'e.y.x' }, 'parameter_unsupported', 'request'],
    [{ response_type: undefined }, 'parameter_missing', 'response_type'],
    [{ response_type: 'token' }, 'response_type_refused', undefined],
    [{ response_type: 'code id_token' }, 'response_type_refused', undefined],
    [{ redirect_uri: undefined }, 'parameter_missing', 'redirect_uri'],
    [{ redirect_uri: `${REDIRECT_URI}/x` }, 'redirect_uri_refused', undefined],
    [{ code_challenge: undefined }, 'parameter_missing', 'code_challenge'],
    [{ code_challenge: 'short' }, 'parameter_malformed', 'code_challenge'],
    [{ code_challenge_method: undefined }, 'parameter_missing', 'code_challenge_method'],
    [{ code_challenge_method: 'plain' }, 'parameter_malformed', 'code_challenge_method'],
    [{ scope: 'admin' }, 'scope_refused', undefined],
    [{ resource: 'https://other.example/' }, 'resource_refused', undefined],
  ])('%j: %s', (changes, reason, parameter) => {
    const overrides = { scope: ['openid'], resource: ['https://api.example.com/'] }
    expect(refusal(changes, overrides)).toEqual({ reason, parameter })
  })
})

describe('what the provider answers', () => {
  const answer = (status: number, body: unknown) => ({
    status,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

  test('request_uri and expires_in, and nothing else, pass', () => {
    const body = { request_uri: 'urn:ietf:params:oauth:request_uri:1', expires_in: 60, other: 'x' }
    expect(readParResponse(answer(201, body))).toEqual({ request_uri: body.request_uri, expires_in: 60 })
  })

  const NO_REQUEST_URI = {
    reason: 'upstream_malformed',
    upstream: { status: 201 },
    cause: { code: 'NO_REQUEST_URI' },
  }
  const refused = (of: Answer): unknown => {
    try {
      return readParResponse(of)
    } catch (error) {
      return error
    }
  }

  test.each([
    {},
    { request_uri: '', expires_in: 60 },
    { request_uri: 7, expires_in: 60 },
    { request_uri: 'urn:x' },
    { request_uri: 'urn:x', expires_in: '60' },
    { request_uri: 'urn:x', expires_in: 0 },
    { request_uri: 'urn:x', expires_in: -1 },
  ])('201 %j is no answer, and the log says so', body => {
    expect(refused(answer(201, body))).toMatchObject(NO_REQUEST_URI)
  })

  test('nor is one whose life has no end: JSON could not say it to the app', () => {
    const body = '{"request_uri":"urn:x","expires_in":1e400}'
    expect(refused({ ...answer(201, ''), body })).toMatchObject(NO_REQUEST_URI)
  })

  test.each([
    [200, { request_uri: 'urn:x', expires_in: 60 }, 'upstream_malformed'],
    [400, { error: 'invalid_request' }, 'upstream_refused'],
    [401, { error: 'invalid_client' }, 'upstream_invalid_client'],
    [503, {}, 'upstream_unavailable'],
  ])('%d %j: %s', (status, body, reason) => {
    expect(() => readParResponse(answer(status, body))).toThrow(reason)
  })
})
