import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { LogRecord } from '../../lib/log.ts'
import { countsOf, embeddedMetrics } from '../../lib/metrics.ts'
import { ROOT } from '../support/deployment.ts'

const request = (more: Partial<LogRecord>): LogRecord => ({ level: 'info', event: 'request', ...more })

describe('MET-1: what is counted', () => {
  test.each<[Partial<LogRecord>, string[]]>([
    [{ outcome: 'tokens', status: 200 }, ['requests', 'tokens']],
    [{ outcome: 'preflight', status: 204 }, ['requests']],
    [{ outcome: 'parameter_missing', status: 400 }, ['requests', 'refused']],
    [{ outcome: 'origin_refused', status: 403 }, ['requests', 'refused', 'origin_refused']],
    [{ outcome: 'origin_missing', status: 403 }, ['requests', 'refused', 'origin_refused']],
    [{ outcome: 'upstream_invalid_client', status: 502 }, ['requests', 'failed', 'invalid_client']],
    [{ outcome: 'signer_misconfigured', status: 500 }, ['requests', 'failed', 'signer_error']],
    [
      { outcome: 'signer_unavailable', status: 503, error_name: 'ThrottlingException' },
      ['requests', 'failed', 'signer_unavailable'],
    ],
    [{ outcome: 'configuration_expired', status: 503 }, ['requests', 'failed', 'configuration_error']],
    [{ outcome: 'upstream_timeout', status: 504 }, ['requests', 'failed', 'provider_error']],
    [{ outcome: 'upstream_unreachable', status: 502 }, ['requests', 'failed', 'provider_error']],
    [{ outcome: 'upstream_refused', status: 400 }, ['requests', 'refused']],
    [{ outcome: 'id_token_invalid', status: 502 }, ['requests', 'failed', 'id_token_invalid']],
    [{ outcome: 'tokens', status: 200, rotation: 'repeated' }, ['requests', 'tokens', 'refresh_not_rotated']],
    [{ outcome: 'tokens', status: 200, rotation: 'kept' }, ['requests', 'tokens', 'refresh_not_rotated']],
    [{ outcome: 'tokens', status: 200, rotation: 'rotated' }, ['requests', 'tokens']],
    [{ outcome: 'tokens', status: 200, withheld: true }, ['requests', 'tokens', 'refresh_withheld']],
    [
      { outcome: 'logged_out', status: 303, revocation: 'failed', revocation_error: 'upstream_timeout' },
      ['requests', 'provider_error', 'revocation_failed'],
    ],
    [{ outcome: 'logged_out', status: 303, revocation: 'done' }, ['requests']],
    [{ outcome: 'tokens', status: 200, pkce: false }, ['requests', 'tokens', 'without_pkce']],
  ])('%j', (record, counts) => {
    expect(countsOf(request(record))).toEqual(counts)
  })

  test.each<[LogRecord, string[]]>([
    [
      { level: 'error', event: 'configuration', outcome: 'configuration_refresh_failed: invalid' },
      ['configuration_error'],
    ],
    [{ level: 'info', event: 'configuration', outcome: 'in_force' }, []],
    [
      { level: 'warn', event: 'assertion', outcome: 'sign_ahead_failed: signer_unavailable' },
      ['signer_unavailable'],
    ],
    [
      { level: 'warn', event: 'assertion', outcome: 'sign_ahead_failed: signer_misconfigured' },
      ['signer_error'],
    ],
    [{ level: 'error', event: 'provider_keys', outcome: 'refresh_failed' }, ['provider_error']],
    [{ level: 'info', event: 'probe', outcome: 'probe_ok' }, ['probe_ok']],
    [{ level: 'error', event: 'probe', outcome: 'probe_failed: 502 server_error' }, ['probe_failed']],
  ])('of no request: %j', (record, counts) => {
    expect(countsOf(record)).toEqual(counts)
  })
})

describe('the embedded metric format', () => {
  const record = request({
    outcome: 'tokens',
    status: 200,
    kms_ms: 2,
    provider_ms: 90,
    total_ms: 95,
    client_id: 'app-1',
  })

  test('names members of the same line, by one dimension', () => {
    expect(JSON.parse(embeddedMetrics(record, 'fn-oauth', 1_700_000_000_000))).toEqual({
      _aws: {
        Timestamp: 1_700_000_000_000,
        CloudWatchMetrics: [
          {
            Namespace: 'Countersign',
            Dimensions: [['function_name']],
            Metrics: [
              { Name: 'requests', Unit: 'Count' },
              { Name: 'tokens', Unit: 'Count' },
              { Name: 'kms_ms', Unit: 'Milliseconds' },
              { Name: 'provider_ms', Unit: 'Milliseconds' },
              { Name: 'total_ms', Unit: 'Milliseconds' },
            ],
          },
        ],
      },
      function_name: 'fn-oauth',
      requests: 1,
      tokens: 1,
    })
  })

  test.each<[Partial<LogRecord>, string[]]>([
    [{}, ['requests']],
    [{ total_ms: 5 }, ['requests', 'total_ms']],
    [{ status: 500, outcome: 'internal' }, ['requests', 'failed']],
    [{ event: 'configuration', key_age_days: 0 }, ['key_age_days']],
  ])('each line names what it has itself: %j', (more, names) => {
    const line = JSON.parse(embeddedMetrics(request(more), 'fn', 1))
    const { Metrics } = line._aws.CloudWatchMetrics[0]
    expect(Metrics.map(({ Name }: { Name: string }) => Name)).toEqual(names)
  })

  test('says nothing of a line without any', () => {
    const line = embeddedMetrics({ event: 'configuration', outcome: 'in_force' }, 'fn', 1)
    expect(JSON.parse(line)).toEqual({ function_name: 'fn' })
  })

  test('does not grow with what a caller sends', () => {
    const names = (more: Partial<LogRecord>) =>
      JSON.stringify(JSON.parse(embeddedMetrics(request({ ...more, status: 400 }), 'fn', 1))._aws)
    const one = names({ outcome: 'client_unknown', parameter: 'a', upstream_error: 'b', grant_type: 'c' })
    expect(names({ outcome: 'scope_refused', parameter: 'x', upstream_error: 'y', grant_type: 'z' })).toBe(
      one,
    )
  })
})

test('docs/operations.md names every metric', () => {
  const source = readFileSync(join(ROOT, 'lib/metrics.ts'), 'utf8')
  const counts = [...(/type Count =([\s\S]*?)\n\n/.exec(source)?.[1] ?? '').matchAll(/'(\w+)'/g)].map(
    m => m[1]!,
  )
  expect(counts.length).toBeGreaterThan(12)
  const page = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8')
  const all = [...counts, 'kms_ms', 'provider_ms', 'total_ms', 'key_age_days']
  expect(all.filter(name => !page.includes(`\`${name}\``))).toEqual([])
})
