import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ProxyError } from '../../../lib/errors.ts'
import type { Answer } from '../../../lib/http/post.ts'
import { readErrorResponse, readJsonObject } from '../../../lib/oauth/error-response.ts'
import { toWire } from '../../../lib/wire.ts'

function answer(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  }
}

const wireOf = (given: Answer) => {
  const { status, error } = toWire(readErrorResponse(given))
  return [status, error]
}

/** Requirement ERR-2. */
const LISTED = [
  'invalid_request',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
  'invalid_target',
  'authorization_pending',
  'slow_down',
  'access_denied',
  'expired_token',
  'use_dpop_nonce',
  'invalid_dpop_proof',
  'interaction_required',
  'login_required',
  'consent_required',
]

describe('ERR-2: an OAuth error of the provider', () => {
  test.each(LISTED)('%s passes, with 400', error => {
    expect(wireOf(answer(400, { error }))).toEqual([400, error])
    expect(wireOf(answer(403, { error }))).toEqual([400, error])
  })

  test.each(['use_dpop_nonce', 'invalid_dpop_proof'])('%s keeps the 401 that it came with', error => {
    expect(wireOf(answer(401, { error }))).toEqual([401, error])
    expect(wireOf(answer(400, { error }))).toEqual([400, error])
  })

  test('any other 401 is a 400', () => {
    expect(wireOf(answer(401, { error: 'invalid_grant' }))).toEqual([400, 'invalid_grant'])
  })

  test.each(['server_error', 'quota_exceeded', 'Invalid_Grant', 'invalid_grant ', 'toString', '__proto__'])(
    'one off the list is invalid_request: %s',
    error => {
      expect(wireOf(answer(400, { error }))).toEqual([400, 'invalid_request'])
    },
  )

  test('ERR-9: description, uri and everything else of it are dropped', () => {
    const body = {
      error: 'invalid_grant',
      error_description: 'sentinel <script>"\r\n😀',
      error_uri: 'https://sentinel.example',
      trace: 'sentinel',
    }
    const error = readErrorResponse(answer(400, body))
    expect(JSON.stringify([toWire(error), error, error.message, String(error.stack)])).not.toContain(
      'sentinel',
    )
  })
})

describe('ERR-4: invalid_client is our fault', () => {
  test.each([400, 401, 403])('with %d: 502 and server_error, no challenge', status => {
    const error = readErrorResponse(
      answer(status, { error: 'invalid_client' }, { 'www-authenticate': 'Basic realm="x"' }),
    )
    expect(error.reason).toBe('upstream_invalid_client')
    const wire = toWire(error)
    expect([wire.status, wire.error, wire.headers]).toEqual([502, 'server_error', {}])
    // The log is told what the provider said.
    expect(error.upstream).toEqual({ status, error: 'invalid_client' })
  })
})

describe('ERR-6: what is no OAuth error', () => {
  test.each<[string, Answer]>([
    ['an empty 403', { status: 403, headers: {}, body: '' }],
    ['an HTML 400', { status: 400, headers: { 'content-type': 'text/html' }, body: '<p>' }],
    [
      'JSON called text',
      { status: 400, headers: { 'content-type': 'text/plain' }, body: '{"error":"invalid_grant"}' },
    ],
    ['a list', answer(400, [{ error: 'invalid_grant' }])],
    ['null', answer(400, 'null')],
    ['half of it', answer(400, '{"error":"invalid_grant"')],
    ['no code', answer(400, { message: 'no' })],
    ['an empty code', answer(400, { error: '' })],
    ['a code that is an object', answer(400, { error: { code: 'invalid_grant' } })],
    ['a code that is a list', answer(400, { error: ['invalid_grant'] })],
    ['a code of the prototype', answer(400, '{"__proto__":{"error":"invalid_grant"}}')],
    ['a redirect', answer(302, '', { location: 'https://evil.example' })],
    ['a redirect with a code', answer(302, { error: 'invalid_grant' })],
    ['500 with a code', answer(500, { error: 'invalid_grant' })],
    ['502', answer(502, '')],
    ['504', answer(504, '')],
    ['599', answer(599, '')],
  ])('%s: 502 and server_error', (_, given) => {
    expect(readErrorResponse(given)).toMatchObject({
      reason: 'upstream_malformed',
      upstream: { status: given.status },
    })
    expect(wireOf(given)).toEqual([502, 'server_error'])
  })
})

describe('REQ-9: an answer is an object, or nothing is read of it', () => {
  test('an object is given as it is', () => {
    expect(readJsonObject(answer(200, '{"a":[1]}'))).toEqual({ a: [1] })
  })

  test.each(['null', 'true', '1', '"text"', '[]', '[{"a":1}]', '', '{', '{}x'])('%j is none', body => {
    expect(readJsonObject(answer(200, body))).toBeUndefined()
  })

  test.each([
    'application/oauth+jsonp',
    'x-application/oauth+json',
    'application/+json',
    'application/a/b+json',
  ])('nor is one of the type %s', type => {
    expect(readJsonObject(answer(200, '{}', { 'content-type': type }))).toBeUndefined()
  })
})

describe('LOG-2: the code that the log gets', () => {
  test.each([
    ['invalid_grant', 'invalid_grant'],
    ['quota_exceeded', 'quota_exceeded'],
    ['code SplxlOBeZQQYbYS6WxSbIA expired', 'unlisted'],
    ['a'.repeat(41), 'unlisted'],
    ['e.y.x', 'unlisted'],
    ['x\n{"level":"error"}', 'unlisted'],
    ['INVALID', 'unlisted'],
  ])('%j: %s', (error, logged) => {
    expect(readErrorResponse(answer(400, { error })).upstream).toEqual({ status: 400, error: logged })
  })
})

describe.each([
  [429, 'upstream_rate_limited'],
  [503, 'upstream_unavailable'],
] as const)('ERR-5, ERR-6: %d', (status, reason) => {
  const date = 'Thu, 01 Oct 2026 12:00:00 GMT'
  const retryAfter = (value: string | undefined, headers: Record<string, string> = { date }) =>
    readErrorResponse(
      answer(status, '', { ...headers, ...(value !== undefined && { 'retry-after': value }) }),
    )

  test('is told as it is, whatever its body and its code', () => {
    for (const body of ['', '<p>', { error: 'invalid_client' }, { error: 'invalid_grant' }]) {
      expect(readErrorResponse(answer(status, body)).reason).toBe(reason)
      expect(wireOf(answer(status, body))).toEqual([status, 'temporarily_unavailable'])
    }
  })

  test.each([
    ['0', 0],
    ['7', 7],
    [' 7 ', 7],
    ['3600', 3600],
    ['3601', 3600],
    ['86400', 3600],
    ['999999999', 3600],
    ['99999999999999999999', 3600],
    ['Thu, 01 Oct 2026 12:00:30 GMT', 30],
    ['Thu, 01 Oct 2026 12:00:00 GMT', 0],
    ['Thu, 01 Oct 2026 11:00:00 GMT', 0],
    ['Fri, 02 Oct 2026 12:00:00 GMT', 3600],
  ])('Retry-After %s: %d seconds', (value, seconds) => {
    const error = retryAfter(value)
    expect(error.retryAfter).toBe(seconds)
    expect(toWire(error).headers).toEqual({ 'retry-after': String(seconds) })
  })

  test.each([
    undefined,
    '',
    'soon',
    '-5',
    '1.5',
    '1e3',
    '0x10',
    '7, 8',
    'garbage 5',
    '12:00',
    'Thu, 32 Oct 2026 12:00:00 GMT',
    'on Thu, 01 Oct 2026 12:00:30 GMT',
    'Thu, 01 Oct 2026 12:00:30 GMT+0200',
    '7\r\nset-cookie: a=b',
  ])('Retry-After %j: none', value => {
    const error = retryAfter(value)
    expect(error.retryAfter).toBeUndefined()
    expect(toWire(error).headers).toEqual({})
  })

  test('a date says nothing without the Date of the answer itself: none', () => {
    expect(retryAfter('Thu, 01 Oct 2026 12:00:30 GMT', {}).retryAfter).toBeUndefined()
    expect(retryAfter('Thu, 01 Oct 2026 12:00:30 GMT', { date: 'today' }).retryAfter).toBeUndefined()
  })
})

test('any answer gives a ProxyError with a reason of the provider and a bounded Retry-After', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 100, max: 999 }),
      fc.oneof(
        fc.json(),
        fc.string(),
        fc.record({ error: fc.string() }).map(value => JSON.stringify(value)),
      ),
      fc.dictionary(fc.constantFrom('retry-after', 'date', 'content-type'), fc.string()),
      (status, body, headers) => {
        const error = readErrorResponse(answer(status, body, headers))
        expect(error).toBeInstanceOf(ProxyError)
        expect(error.reason).toMatch(/^upstream_/)
        const wire = toWire(error)
        expect([400, 401, 429, 502, 503]).toContain(wire.status)
        const seconds = Number(wire.headers['retry-after'] ?? 0)
        expect(Number.isInteger(seconds) && seconds >= 0 && seconds <= 3_600).toBe(true)
      },
    ),
    { numRuns: 1_000 },
  )
})
