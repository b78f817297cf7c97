import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { signJws } from '../../lib/jose/jws.ts'
import * as limits from '../../lib/limits.ts'
import { clientAssertion } from '../../lib/oauth/client-assertion.ts'
import { ROOT } from '../support/deployment.ts'
import { ALGS } from '../support/keys.ts'

/** The signing input of the largest assertion that a configuration can ask for. */
async function largest(client_id: string, aud: string, kid: string): Promise<number> {
  let length = 0
  const sizes = ALGS.map(async alg => {
    const sign = async (input: Uint8Array) => {
      length = Math.max(length, input.length)
      return Buffer.from('signature')
    }
    const claims = clientAssertion(
      client_id,
      aud,
      8.64e15,
      'j'.repeat(64),
      limits.ASSERTION_LIFETIME_MAX_S,
      true,
    )
    await signJws('client-authentication+jwt', claims, { alg, kid, sign }, { 'x5t#S256': 'h'.repeat(43) })
  })
  await Promise.all(sizes)
  return length
}

describe('the limits fit together', () => {
  test('ASRT-18: no assertion that can be configured is larger than KMS signs', async () => {
    // A quotation mark takes two characters in JSON, and a client_id and a kid may consist of them.
    const size = await largest(
      '"'.repeat(limits.CLIENT_ID_MAX),
      `https://${'a'.repeat(limits.URL_MAX - 8)}`,
      '\\'.repeat(limits.KID_MAX),
    )
    expect(size).toBeGreaterThan(3_000)
    expect(size).toBeLessThanOrEqual(limits.SIGNING_INPUT_MAX_B)
  })

  test('REQ-6, IDT-5: configuration, KMS, provider and one more read of its keys end before Lambda does at 15 seconds', () => {
    const { CONFIG_READ_MS, KMS_TOTAL_MS, PROVIDER_TOTAL_MS, JWKS_TOTAL_MS } = limits
    const together = CONFIG_READ_MS + KMS_TOTAL_MS + PROVIDER_TOTAL_MS + JWKS_TOTAL_MS
    expect(together).toBeLessThan(15_000)
  })

  test('RACE-1: a lease outlives the call that took it, KMS and the provider', () => {
    const { LEASE_CALL_MS, AHEAD_WAIT_MS, KMS_TOTAL_MS, PROVIDER_TOTAL_MS, JWKS_TOTAL_MS } = limits
    const sent = AHEAD_WAIT_MS + KMS_TOTAL_MS + PROVIDER_TOTAL_MS + 2 * JWKS_TOTAL_MS
    expect(limits.LEASE_S * 1000).toBeGreaterThanOrEqual(2 * LEASE_CALL_MS + sent)
  })

  test('RACE-1, REV-2: the same with a session, its keys, a lease and a revocation ends before the 29 seconds of the function', () => {
    const { CONFIG_READ_MS, LEASE_WAIT_MS, AHEAD_WAIT_MS, KMS_TOTAL_MS } = limits
    const { PROVIDER_TOTAL_MS, JWKS_TOTAL_MS, REVOCATION_MS } = limits
    // The configuration, the ring, and the ring again.
    const read = 3 * CONFIG_READ_MS
    const sent = AHEAD_WAIT_MS + KMS_TOTAL_MS + PROVIDER_TOTAL_MS + 2 * JWKS_TOTAL_MS
    const leased = LEASE_WAIT_MS + 2 * limits.LEASE_CALL_MS
    expect(read + leased + sent + REVOCATION_MS).toBe(28_750)
    const yml = readFileSync(join(ROOT, 'serverless.yml'), 'utf8')
    expect(yml).toMatch(/^ {2}timeout: 29$/m)
  })

  test('REQ-8: two connections can fail inside the deadline', () => {
    expect(2 * limits.PROVIDER_CONNECT_MS).toBeLessThan(limits.PROVIDER_TOTAL_MS)
  })

  test('IN-3, REQ-6, REQ-9, KMS-10, IDT-5: those that a requirement names', () => {
    expect(limits).toMatchObject({
      JWKS_FRESH_MS: 600_000,
      JWKS_STALE_MAX_MS: 3_600_000,
      JWKS_FORCED_MS: 60_000,
      BODY_MAX_B: 16_384,
      PARAMETERS_MAX: 40,
      PARAMETER_NAME_MAX_B: 64,
      PARAMETER_VALUE_MAX_B: 4_096,
      KMS_CONNECT_MS: 500,
      KMS_REQUEST_MS: 1_500,
      KMS_ATTEMPTS: 2,
      KMS_TOTAL_MS: 2_500,
      PROVIDER_CONNECT_MS: 2_000,
      PROVIDER_TOTAL_MS: 8_000,
      PROVIDER_BODY_MAX_B: 262_144,
      RETRY_AFTER_MAX_S: 3_600,
      PREFLIGHT_MAX_AGE_S: 7_200,
    })
  })
})

test('REQ-6: whatever a request waits for, one after the other, it ends by itself before Lambda and the gateway end it', () => {
  const timeout_s = Number(
    /^ {2}timeout: (\d+)$/m.exec(readFileSync(join(ROOT, 'serverless.yml'), 'utf8'))?.[1],
  )
  const longest_ms =
    limits.CONFIG_READ_MS +
    limits.AHEAD_WAIT_MS +
    limits.KMS_TOTAL_MS +
    limits.PROVIDER_TOTAL_MS +
    // Those that the read beside the exchange did not bring, and for a new kid once more.
    2 * limits.JWKS_TOTAL_MS
  expect(longest_ms).toBeLessThan(timeout_s * 1000 - limits.TIMEOUT_EARLY_MS)
  expect(timeout_s).toBeLessThan(30)
})
