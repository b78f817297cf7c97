import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { createLog, type LogRecord, logLine } from '../../lib/log.ts'

/** One of everything that a record may hold. A new member does not compile here until someone looks at this test. */
const FULL: Required<LogRecord> = {
  level: 'info',
  event: 'request',
  request_id: 'r-1',
  route: '/token',

  client_id: 'app-1',
  grant_type: 'authorization_code',
  origin: 'https://app.example.com',
  outcome: 'tokens',
  parameter: 'code',
  status: 200,
  pkce: true,
  proof: true,
  rotation: 'rotated',
  withheld: true,
  revocation: 'done',
  revocation_error: 'internal',
  kid: 'kid-1',
  kids: ['kid-1'],
  jti: 'jti-1',
  ahead: true,
  kms_request_id: 'k-1',
  configuration_ms: 1,
  kms_ms: 1,
  provider_ms: 2,
  id_token_ms: 1,
  upstream_status: 200,
  upstream_error: 'invalid_grant',
  total_ms: 3,
  key_age_days: 4,
  error_name: 'TypeError',
  revision: 'v-1',
  problems: ['clients[0].client_id: is missing'],
}

/** Requirement LOG-1. */
const SECRET = [
  'code',
  'code_verifier',
  'refresh_token',
  'access_token',
  'id_token',
  'client_assertion',
  'client_secret',
  'device_code',
  'user_code',
  'subject_token',
  'request',
  'dpop',
  'cookie',
  'authorization',
  'headers',
  'body',
  'message',
  'stack',
  'cause',
  'kms_key_arn',
  'redirect_uri',
]

describe('LOG-2: one line', () => {
  test('holds every member, in one order, whatever order they were set in', () => {
    const reversed = Object.fromEntries(Object.entries(FULL).reverse()) as unknown as LogRecord
    expect(logLine(reversed)).toBe(JSON.stringify(FULL))
  })

  test('leaves absent members out', () => {
    expect(logLine({ level: 'warn', event: 'request', status: 403 })).toBe(
      '{"level":"warn","event":"request","status":403}',
    )
  })

  test('stays one line, whatever a value holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => {
        const line = logLine({ level: 'info', event: 'request', client_id: text, outcome: 'a\r\nb' })
        expect(line).not.toMatch(/[\r\n]/)
        expect(JSON.parse(line).outcome).toBe('a\r\nb')
      }),
    )
  })
})

describe('LOG-1: what has no member is not written', () => {
  test.each(SECRET)('%s', member => {
    const record = { ...FULL, [member]: 'sentinel' } as LogRecord
    expect(logLine(record)).toBe(JSON.stringify(FULL))
  })

  test('nor what stands inside of a member', () => {
    const record = {
      ...FULL,
      kid: { code: 'sentinel' },
      problems: [{ body: 'sentinel' }],
    } as unknown as LogRecord
    expect(logLine(record)).not.toContain('sentinel')
  })

  test('any other member of any name', () => {
    fc.assert(
      fc.property(fc.string(), name => {
        fc.pre(!Object.hasOwn(FULL, name) && name !== 'toJSON')
        expect(logLine({ ...FULL, [name]: 'sentinel' } as LogRecord)).not.toContain('sentinel')
      }),
    )
  })
})

test('MET-1: a line goes to stdout with its metrics inside, as one JSON object and one line break', () => {
  const written: unknown[] = []
  const write = vi.spyOn(process.stdout, 'write').mockImplementation(chunk => {
    written.push(chunk)
    return true
  })
  try {
    createLog('fn', () => 1)(FULL)
  } finally {
    write.mockRestore()
  }
  expect(written).toHaveLength(1)
  expect(written[0]).toMatch(/^[^\n]*\n$/)
  const { _aws, function_name, requests, tokens, refresh_not_rotated, refresh_withheld, ...rest } =
    JSON.parse(String(written[0]))
  expect(rest).toEqual(FULL)
  expect({ function_name, requests, tokens, refresh_not_rotated, refresh_withheld }).toEqual({
    function_name: 'fn',
    requests: 1,
    tokens: 1,
    refresh_not_rotated: undefined,
    refresh_withheld: 1,
  })
  expect(_aws.Timestamp).toBe(1)
})
