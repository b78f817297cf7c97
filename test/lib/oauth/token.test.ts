import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Client } from '../../../lib/config/client.ts'
import { ProxyError } from '../../../lib/errors.ts'
import type { Answer } from '../../../lib/http/post.ts'
import { forTheApp, readTokenResponse, rotation, type TokenResponse } from '../../../lib/oauth/token.ts'
import { client } from '../../support/client.ts'

/** What the app gets of an answer to a request without a proof. */
const given = (from: Answer, to: Client): TokenResponse =>
  forTheApp(readTokenResponse(from, { proof: false }), to)

const TOKENS = { access_token: 'at-1', token_type: 'Bearer' }

function answer(body: unknown, contentType = 'application/json', status = 200): Answer {
  return {
    status,
    headers: { 'content-type': contentType },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  }
}

const read = (body: unknown, contentType?: string): TokenResponse =>
  given(answer(body, contentType), client())

function refusal(of: Answer, proof = false, members?: string[]): ProxyError {
  try {
    readTokenResponse(of, { proof, members })
  } catch (error) {
    if (error instanceof ProxyError) return error
    throw error
  }
  throw new Error('was not refused')
}

const MALFORMED = { reason: 'upstream_malformed', upstream: { status: 200 } }

describe('REQ-11: members are passed by name', () => {
  test('these and no others', () => {
    const passed = {
      ...TOKENS,
      expires_in: 3600,
      scope: 'openid',
      id_token: 'e.y.x',
      issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      authorization_details: [{ type: 'payment' }],
    }
    const dropped = {
      refresh_expires_in: 1,
      session_state: 'x',
      patient: '1',
      error: 'x',
      client_assertion: 'x',
      'access-token': 'x',
      __defineGetter__: 'x',
    }
    expect(read({ ...dropped, ...passed })).toStrictEqual(passed)
  })

  test('a __proto__ in the answer gives the response neither members nor a prototype', () => {
    const body = '{"__proto__":{"id_token":"evil"},"access_token":"at-1","token_type":"Bearer"}'
    const response = read(body)
    expect(response).toStrictEqual(TOKENS)
    expect(response.id_token).toBeUndefined()
    // And where the two needed members stand in there, they are not there.
    expect(refusal(answer('{"__proto__":{"access_token":"at-1","token_type":"Bearer"}}'))).toMatchObject(
      MALFORMED,
    )
  })

  test('TOK-1: refresh_token only where the client has rotating ones', () => {
    const body = answer({ ...TOKENS, refresh_token: 'rt-1' })
    expect(given(body, client({ refresh: 'none' }))).toStrictEqual(TOKENS)
    expect(JSON.stringify(given(body, client({ refresh: 'none' })))).not.toContain('rt-1')
    expect(given(body, client({ refresh: 'rotating' })).refresh_token).toBe('rt-1')
  })
})

describe("REQ-11: the members of a provider's own", () => {
  const members = ['patient', 'need_patient_banner', 'fhirContext']
  const launch = {
    patient: '123',
    need_patient_banner: false,
    fhirContext: [{ reference: 'ImagingStudy/123' }],
  }
  const reading = (more: object, names?: string[]) =>
    readTokenResponse(answer({ ...TOKENS, ...more }), { proof: false, members: names })

  test('strings, booleans and arrays pass as they came; no other name does', () => {
    expect(reading({ ...launch, tenant: 'x' }, members)).toStrictEqual({ ...TOKENS, ...launch })
    expect(reading(launch)).toStrictEqual(TOKENS)
  })

  test.each([[null], [7], [{ reference: 'x' }]])('%j is left out, and the tokens are not lost', patient => {
    expect(reading({ patient }, members)).toStrictEqual(TOKENS)
  })

  test('one that is nested too deep to be written again is no answer', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    const body = `{"access_token":"at-1","token_type":"Bearer","fhirContext":${deep}}`
    expect(refusal(answer(body), false, members)).toMatchObject({ ...MALFORMED, cause: { code: 'TOO_DEEP' } })
  })
})

describe('TOK-2: with refresh: dpop', () => {
  const of = (token_type: string) => answer({ access_token: 'at-1', token_type, refresh_token: 'rt-1' })

  test.each(['DPoP', 'dpop', 'DPOP'])('the refresh token passes beside a token of type %s', token_type => {
    expect(given(of(token_type), client({ refresh: 'dpop' })).refresh_token).toBe('rt-1')
  })

  test('and beside a bearer token it does not', () => {
    expect(given(of('Bearer'), client({ refresh: 'dpop' }))).toStrictEqual(TOKENS)
  })

  test('nor anywhere where the client has none at all', () => {
    expect(given(of('DPoP'), client({ refresh: 'none' }))).not.toHaveProperty('refresh_token')
  })
})

describe('DPOP-6: where a proof went along', () => {
  test.each(['DPoP', 'dpop'])('%s is what was asked for', token_type => {
    const body = answer({ access_token: 'at-1', token_type })
    expect(readTokenResponse(body, { proof: true })).toMatchObject({ token_type })
  })

  test('a bearer token is not passed on', () => {
    expect(refusal(answer(TOKENS), true)).toMatchObject({
      reason: 'dpop_downgraded',
      upstream: { status: 200 },
    })
  })
})

test('TOK-1: where there is nothing to withhold, nothing is: the response itself goes on', () => {
  for (const refresh of ['none', 'rotating', 'dpop'] as const)
    expect(forTheApp(TOKENS, { refresh })).toBe(TOKENS)
})

test.each([
  ['rt-2', 'rotated'],
  ['rt-1', 'repeated'],
  [undefined, 'kept'],
] as const)('TOK-4: for rt-1 the provider gives %s: %s', (refresh_token, expected) => {
  const response = { ...TOKENS, ...(refresh_token && { refresh_token }) }
  expect(rotation('rt-1', response)).toBe(expected)
})

describe('REQ-10: what a success needs', () => {
  test.each(['Bearer', 'bearer', 'BEARER'])('token_type in any case, passed as it came: %s', token_type => {
    expect(read({ ...TOKENS, token_type })).toStrictEqual({ ...TOKENS, token_type })
  })

  test.each([
    ['no access_token', { token_type: 'Bearer' }],
    ['no token_type', { access_token: 'at-1' }],
    ['an empty access_token', { ...TOKENS, access_token: '' }],
    ['an empty token_type', { ...TOKENS, token_type: '' }],
    ['access_token null', { ...TOKENS, access_token: null }],
    ['access_token a number', { ...TOKENS, access_token: 1 }],
    ['access_token a list', { ...TOKENS, access_token: ['at-1'] }],
    ['access_token an object', { ...TOKENS, access_token: { at: 1 } }],
    ['token_type true', { ...TOKENS, token_type: true }],
    ['id_token an object', { ...TOKENS, id_token: {} }],
    ['scope a list', { ...TOKENS, scope: ['openid'] }],
    ['refresh_token a number', { ...TOKENS, refresh_token: 1 }],
    ['nothing in it', {}],
  ])('%s: malformed', (_, body) => {
    expect(refusal(answer(body))).toMatchObject(MALFORMED)
  })

  test.each(['scope', 'id_token', 'refresh_token', 'expires_in', 'authorization_details'])(
    '%s null counts as absent',
    member => {
      expect(read({ ...TOKENS, [member]: null })).toStrictEqual(TOKENS)
    },
  )
})

describe('REQ-12: expires_in', () => {
  test('missing stays missing', () => {
    expect(read(TOKENS)).not.toHaveProperty('expires_in')
  })

  test.each([
    [0, 0],
    [3600, 3600],
    [1.5, 1.5],
    ['3600', 3600],
    ['0', 0],
  ])('%j is %d', (expires_in, expected) => {
    expect(read({ ...TOKENS, expires_in }).expires_in).toBe(expected)
  })

  test.each([
    '-1',
    '-1.0',
    '1e400',
    '""',
    '"1h"',
    '"-1"',
    '" 1"',
    '"0x10"',
    '"1e3"',
    'true',
    '[]',
    '{}',
    '[1]',
  ])('%s: malformed', text => {
    const body = `{"access_token":"at-1","token_type":"Bearer","expires_in":${text}}`
    expect(refusal(answer(body))).toMatchObject(MALFORMED)
  })
})

describe('REQ-9: the body', () => {
  test.each([
    'application/json',
    'application/json;charset=UTF-8',
    'Application/JSON ; charset=utf-8',
    'application/oauth+json',
  ])('of the type %s is read', type => {
    expect(read(TOKENS, type)).toStrictEqual(TOKENS)
  })

  test.each([
    'text/html',
    'text/plain',
    'application/jwt',
    'application/jsonp',
    'application/xml',
    '',
    'json',
  ])('of the type %j is not', type => {
    expect(refusal(answer(TOKENS, type))).toMatchObject(MALFORMED)
  })

  test('without a type is not', () => {
    expect(refusal({ status: 200, headers: {}, body: JSON.stringify(TOKENS) })).toMatchObject(MALFORMED)
  })

  test.each([
    '',
    ' ',
    'null',
    'true',
    '"access_token"',
    '[]',
    '[{"access_token":"a","token_type":"Bearer"}]',
    '{"access_token":"a","token_type":"Bearer"',
    '{"access_token":"a","token_type":"Bearer"}}',
    '<html>',
    'access_token=a&token_type=Bearer',
  ])('%j is malformed', body => {
    expect(refusal(answer(body))).toMatchObject(MALFORMED)
  })
})

describe('the status', () => {
  // RFC 6749 section 5.1: success is 200.
  test.each([201, 202, 204, 206, 300, 302, 307])('%d with a token in it is no success', status => {
    expect(refusal(answer(TOKENS, 'application/json', status))).toMatchObject({
      reason: 'upstream_malformed',
      upstream: { status },
    })
  })

  test('400 with a token in it is an error', () => {
    const body = { ...TOKENS, error: 'invalid_grant' }
    expect(refusal(answer(body, 'application/json', 400))).toMatchObject({ reason: 'upstream_refused' })
  })
})

describe('any answer', () => {
  const MEMBERS = [
    'access_token',
    'token_type',
    'expires_in',
    'scope',
    'id_token',
    'issued_token_type',
    'authorization_details',
  ]

  test('gives the members of the list or a ProxyError that holds nothing of it', () => {
    const mostly = (usual: fc.Arbitrary<unknown>) =>
      fc.oneof({ weight: 9, arbitrary: usual }, { weight: 1, arbitrary: fc.jsonValue() })
    const text = mostly(fc.string({ minLength: 1 }))
    const record = fc.record(
      {
        access_token: text,
        token_type: text,
        expires_in: mostly(fc.nat()),
        scope: text,
        id_token: text,
        refresh_token: text,
        authorization_details: mostly(fc.array(fc.jsonValue())),
        error: text,
      },
      { requiredKeys: ['access_token', 'token_type'] },
    )
    const bodies = fc.oneof(
      fc.json(),
      fc.string(),
      record.map(value => JSON.stringify(value)),
    )
    let taken = 0
    fc.assert(
      fc.property(bodies, fc.integer({ min: 200, max: 599 }), fc.boolean(), (body, status, ok) => {
        try {
          const response = given(answer(body, 'application/json', ok ? 200 : status), client())
          taken++
          expect(MEMBERS).toEqual(expect.arrayContaining(Object.keys(response)))
        } catch (error) {
          expect(error).toBeInstanceOf(ProxyError)
          // A cause says what was wrong in fixed words.
          expect((error as ProxyError).cause ?? new Error('NONE')).toMatchObject({
            message: expect.stringMatching(/^[A-Z_0-9]+$/),
          })
        }
      }),
      { numRuns: 2_000 },
    )
    expect(taken).toBeGreaterThan(50)
  })
})

test('authorization_details too deep to be written are an answer that cannot be used', () => {
  const body = `{"access_token":"at","token_type":"Bearer","authorization_details":${'['.repeat(50_000)}${']'.repeat(50_000)}}`
  expect(refusal(answer(body))).toMatchObject({ ...MALFORMED, cause: { code: 'TOO_DEEP' } })
})
