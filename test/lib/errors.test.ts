import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { causeName, ProxyError, type ProxyErrorDetails, type Reason } from '../../lib/errors.ts'
import { toWire } from '../../lib/wire.ts'

const START_OVER = /start the sign-in again\.$/

/** Every reason, as the documentation's table of errors has it: status and code. A new reason does not compile without its row. */
const TABLE: Record<Reason, [status: number, error: string]> = {
  route_unknown: [404, 'invalid_request'],
  method_not_allowed: [405, 'invalid_request'],
  origin_refused: [403, 'invalid_request'],
  origin_missing: [403, 'invalid_request'],
  body_too_large: [413, 'invalid_request'],
  content_type_unsupported: [400, 'invalid_request'],
  body_malformed: [400, 'invalid_request'],
  parameter_missing: [400, 'invalid_request'],
  parameter_repeated: [400, 'invalid_request'],
  parameter_malformed: [400, 'invalid_request'],
  parameter_refused: [400, 'invalid_request'],
  parameter_unsupported: [400, 'invalid_request'],
  dpop_malformed: [400, 'invalid_dpop_proof'],
  dpop_target_wrong: [400, 'invalid_dpop_proof'],
  dpop_missing: [400, 'invalid_dpop_proof'],
  client_unknown: [400, 'invalid_request'],
  client_disabled: [503, 'temporarily_unavailable'],
  grant_refused: [400, 'unsupported_grant_type'],
  response_type_refused: [400, 'unsupported_response_type'],
  endpoint_missing: [400, 'invalid_request'],
  poll_too_fast: [400, 'slow_down'],
  delivery_refused: [400, 'invalid_request'],
  csrf_header_missing: [403, 'invalid_request'],
  fetch_site_refused: [403, 'invalid_request'],
  cookie_repeated: [400, 'invalid_request'],
  return_to_refused: [400, 'invalid_request'],
  login_unknown: [400, 'invalid_request'],
  issuer_mismatch: [400, 'server_error'],
  authorization_refused: [400, 'server_error'],
  ticket_refused: [400, 'invalid_grant'],
  session_missing: [401, 'login_required'],
  session_unreadable: [401, 'login_required'],
  session_ended: [401, 'login_required'],
  session_too_large: [502, 'server_error'],
  session_key_unknown: [503, 'temporarily_unavailable'],
  refresh_under_way: [503, 'temporarily_unavailable'],
  api_route_refused: [403, 'invalid_request'],
  sessions_unavailable: [503, 'temporarily_unavailable'],
  redirect_uri_refused: [400, 'invalid_grant'],
  scope_refused: [400, 'invalid_scope'],
  resource_refused: [400, 'invalid_target'],
  configuration_unavailable: [503, 'temporarily_unavailable'],
  configuration_expired: [503, 'temporarily_unavailable'],
  signer_unavailable: [503, 'temporarily_unavailable'],
  signer_misconfigured: [500, 'server_error'],
  internal: [500, 'server_error'],
  upstream_refused: [400, 'invalid_request'],
  upstream_refused_otherwise: [400, 'invalid_request'],
  upstream_invalid_client: [502, 'server_error'],
  upstream_rate_limited: [429, 'temporarily_unavailable'],
  upstream_unavailable: [503, 'temporarily_unavailable'],
  upstream_unreachable: [502, 'server_error'],
  upstream_timeout: [504, 'exchange_outcome_unknown'],
  upstream_lost: [502, 'exchange_outcome_unknown'],
  upstream_unanswered: [504, 'temporarily_unavailable'],
  upstream_malformed: [502, 'server_error'],
  dpop_downgraded: [502, 'server_error'],
  id_token_invalid: [502, 'server_error'],
  id_token_unverifiable: [502, 'exchange_outcome_unknown'],
}
const REASONS = Object.keys(TABLE) as Reason[]

const wireOf = (reason: Reason, details: ProxyErrorDetails = {}) => toWire(new ProxyError(reason, details))

describe('what the caller sees of each reason', () => {
  test.each(REASONS)('ERR-1: %s', reason => {
    const { status, error } = wireOf(reason)
    expect([status, error]).toEqual(TABLE[reason])
  })

  test.each(REASONS)(
    'ERR-3: the description of %s keeps to RFC 6749 section 5.2 and to 256 characters',
    reason => {
      for (const details of [{}, { parameter: 'code_verifier' }, { parameter: 'Authorization' }]) {
        const { error, error_description } = wireOf(reason, details)
        expect(error_description).toMatch(/^[\x20\x21\x23-\x5b\x5d-\x7e]{1,256}$/)
        expect(error).toMatch(/^[a-z_]+$/)
      }
    },
  )

  test('ERR-3: two reasons have one description only where an app is to take them for one', () => {
    const alike = Object.groupBy(REASONS, reason => wireOf(reason).error_description)
    expect(Object.values(alike).filter(reasons => reasons!.length > 1)).toEqual([
      ['session_missing', 'session_unreadable'],
      ['session_key_unknown', 'sessions_unavailable'],
      ['configuration_unavailable', 'configuration_expired'],
      ['upstream_refused', 'upstream_refused_otherwise'],
      ['upstream_timeout', 'upstream_lost'],
    ])
  })

  test.each(REASONS)('ERR-9: %s tells nothing of what is behind it', reason => {
    const details = {
      upstream: { status: 418, error: 'sentinel' },
      kmsRequestId: 'sentinel',
      cause: new Error('sentinel'),
    }
    // These pass their code on: what may stand there is for its reader to see to.
    const allowed =
      reason === 'upstream_refused' || reason === 'authorization_refused'
        ? { upstream: { status: 418, error: 'invalid_grant' } }
        : {}
    expect(JSON.stringify(wireOf(reason, { ...details, ...allowed }))).not.toMatch(/sentinel|418/)
  })

  test.each(['parameter_missing', 'parameter_repeated', 'parameter_malformed', 'parameter_refused'] as const)(
    '%s names the parameter where there is one to name',
    reason => {
      expect(wireOf(reason, { parameter: 'code_verifier' }).error_description).toMatch(/^code_verifier /)
      expect(wireOf(reason).error_description).toMatch(/^parameter /)
    },
  )
})

describe('the headers of an error', () => {
  test('IN-1: 405 says what is allowed', () => {
    expect(wireOf('method_not_allowed').headers).toEqual({ allow: 'POST, OPTIONS' })
  })

  test('KMS-11: a signer that may work later says when', () => {
    expect(wireOf('signer_unavailable').headers).toEqual({ 'retry-after': '2' })
  })

  test("ERR-5, ERR-6: the provider's Retry-After goes with 429 and 503, where there is one", () => {
    for (const reason of ['upstream_rate_limited', 'upstream_unavailable'] as const) {
      expect(wireOf(reason, { retryAfter: 7 }).headers).toEqual({ 'retry-after': '7' })
      expect(wireOf(reason, { retryAfter: 0 }).headers).toEqual({ 'retry-after': '0' })
      expect(wireOf(reason).headers).toEqual({})
    }
  })

  test('ERR-4, ERR-10: no other error has one, so no challenge and no nonce', () => {
    const quiet = REASONS.filter(reason => Object.keys(wireOf(reason).headers).length === 0)
    expect(REASONS.filter(reason => !quiet.includes(reason))).toEqual([
      'method_not_allowed',
      'session_key_unknown',
      'refresh_under_way',
      'sessions_unavailable',
      'signer_unavailable',
    ])
  })
})

describe('an OAuth error that passes', () => {
  test.each([
    ['invalid_grant', 400, 400],
    ['invalid_grant', 401, 400],
    ['invalid_grant', 403, 400],
    ['use_dpop_nonce', 401, 401],
    ['use_dpop_nonce', 400, 400],
    ['invalid_dpop_proof', 401, 401],
  ])('%s with %d is told with %d', (error, upstream, status) => {
    const wire = wireOf('upstream_refused', { upstream: { status: upstream, error } })
    expect([wire.status, wire.error]).toEqual([status, error])
  })

  test('ERR-7: where the outcome is not known the app is told to start over', () => {
    const unknown = REASONS.filter(reason => TABLE[reason][1] === 'exchange_outcome_unknown')
    expect(unknown).toEqual(['upstream_timeout', 'upstream_lost', 'id_token_unverifiable'])
    for (const reason of unknown) expect(wireOf(reason).error_description).toMatch(START_OVER)
  })
})

describe('a ProxyError that is written somewhere', () => {
  const arn = 'arn:aws:kms:eu-central-1:111122223333:key/1'
  const error = new ProxyError('signer_misconfigured', { cause: new Error(`no access to ${arn}`) })

  test('holds its cause for the one who asks, and shows it to no serialiser', () => {
    expect(error.cause).toBeInstanceOf(Error)
    const spread = JSON.stringify({ ...error })
    const copied = JSON.stringify(Object.assign({}, error))
    for (const text of [String(error), error.message, error.stack, JSON.stringify(error), spread, copied]) {
      expect(text).not.toContain('111122223333')
    }
    expect(Object.keys(error)).not.toContain('cause')
  })
})

describe('LOG-1: what a cause is called in the log', () => {
  test.each<[string, unknown, string | undefined]>([
    ['its code', Object.assign(new Error('sentinel'), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
    ['its name, where it has no code', new RangeError('sentinel'), 'RangeError'],
    [
      "an AWS error's own name",
      { name: 'AccessDeniedException', message: 'sentinel' },
      'AccessDeniedException',
    ],
    ['its name, where the code is a number', { code: 20, name: 'AbortError' }, 'AbortError'],
    ['nothing, where both are text', { code: 'the code sentinel', name: 'arn:aws:kms:x' }, undefined],
    ['nothing, where it would be long', { code: 'x'.repeat(81) }, undefined],
    ['nothing, where there are two lines', { code: 'E\nsentinel' }, undefined],
    ['nothing of what is no error', 'sentinel', undefined],
    ['nothing of null', null, undefined],
    ['nothing of nothing', undefined, undefined],
  ])('%s', (_, cause, expected) => {
    expect(causeName(cause)).toBe(expected)
  })
})

test('ERR-9: printing the error shows its reason and not its cause', () => {
  const error = new ProxyError('signer_misconfigured', {
    cause: new Error('arn:aws:kms:eu-central-1:111122223333:key/k'),
  })
  expect(inspect(error, { depth: 9, showHidden: true })).toContain('signer_misconfigured')
  expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('111122223333')
})
