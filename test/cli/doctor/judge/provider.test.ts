import { describe, expect, test } from 'vitest'
import type { Heard } from '../../../../cli/doctor/facts/http.ts'
import { audience, audienceOfFunction } from '../../../../cli/doctor/judge/audience.ts'
import { clock, skewOf } from '../../../../cli/doctor/judge/clock.ts'
import { configuration, secretVersion } from '../../../../cli/doctor/judge/configuration.ts'
import { endpoints, providerAlg } from '../../../../cli/doctor/judge/provider.ts'
import { functionSigned } from '../../../../cli/doctor/judge/signing.ts'
import type { SigningKey } from '../../../../lib/config/client.ts'
import type { Reason } from '../../../../lib/errors.ts'

import { heard, ofFunction, refused } from './heard.ts'

describe('audience', () => {
  const tried = (answer: Heard, ...others: [string, Heard][]) => [
    { rule: 'issuer', aud: 'https://idp', heard: answer },
    ...others.map(([rule, other]) => ({ rule, aud: rule, heard: other })),
  ]
  const no = heard(401, { error: 'invalid_client' })

  test.each([
    ['invalid_grant', heard(400, { error: 'invalid_grant' }), 'ok'],
    ['a DPoP nonce is asked for', heard(401, { error: 'use_dpop_nonce' }), 'ok'],
    ['invalid_client', no, 'fail'],
    ['401 without a word', heard(401), 'fail'],
    ['a page', heard(404), 'fail'],
    ['nothing', refused, 'fail'],
    [
      'invalid_request, which may come before the client is looked at',
      heard(400, { error: 'invalid_request' }),
      'skip',
    ],
    ['too many requests', heard(429), 'skip'],
    ['too many requests, and an error that is no text', heard(429, { error: { toString: 1 } }), 'skip'],
    ['an error that is no text', heard(400, { error: { toString: 1 } }), 'fail'],
  ])('%s', (_, answer, status) => {
    expect(audience(tried(answer)).status).toBe(status)
  })

  test('the one that is taken instead is named, and only one that is taken', () => {
    const taken = heard(400, { error: 'invalid_grant' })
    expect(audience(tried(no, ['token_endpoint', taken]))).toMatchObject({
      fix: 'Set assertion.aud to "token_endpoint".',
    })
    expect(audience(tried(no, ['token_endpoint', no]))).toMatchObject({
      fix: expect.stringContaining('registered'),
    })
  })

  test.each<[Reason, string, string]>([
    ['upstream_invalid_client', 'fail', 'ok'],
    ['upstream_unreachable', 'fail', 'ok'],
    ['signer_misconfigured', 'skip', 'fail'],
    ['signer_unavailable', 'skip', 'fail'],
    ['configuration_expired', 'skip', 'skip'],
    // Its error is invalid_grant, too: the function's own, before anything is signed.
    ['redirect_uri_refused', 'skip', 'skip'],
  ])('the function says %s', (reason, ofAudience, ofSigning) => {
    expect(audienceOfFunction('https://idp', [], ofFunction(reason)).status).toBe(ofAudience)
    expect(functionSigned(ofFunction(reason)).status).toBe(ofSigning)
  })

  test('the provider has refused the code alone', () => {
    const answer = ofFunction('upstream_refused', { status: 400, error: 'invalid_grant' })
    expect(audienceOfFunction('https://idp', [], answer).status).toBe('ok')
    expect(functionSigned(answer).status).toBe('ok')
  })
})

describe('clock', () => {
  test('a date has whole seconds and was made on the way: only what cannot be otherwise is a difference', () => {
    expect(skewOf({ date: 10_000, start: 10_900, end: 10_950 })).toBe(0)
    expect(skewOf({ date: 10_000, start: 9_000, end: 12_000 })).toBe(0)
    expect(skewOf({ date: 10_000, start: 12_999, end: 13_000 })).toBe(-2)
    expect(skewOf({ date: 10_000, start: 7_000, end: 8_000 })).toBe(2)
  })

  const of = (who: string, ahead_s: number) => ({ who, reading: { date: ahead_s * 1000, start: 0, end: 0 } })

  test.each([
    ['a minute', [of('AWS', 60), of('the provider', 0)], 'ok', ''],
    ['one of them', [of('AWS', 0), of('the provider', 61)], 'fail', 'Set the clock of the provider'],
    ['all of them', [of('AWS', 300), of('the provider', 300)], 'fail', "Set this machine's clock"],
    ['none', [], 'skip', ''],
  ])('%s', (_, clocks, status, fix) => {
    const finding = clock(clocks, false)
    expect(finding.status).toBe(status)
    if (fix !== '') expect(finding).toMatchObject({ fix: expect.stringContaining(fix) })
  })

  test('AWS refuses a request for its time: that is the fault, and not the secret', () => {
    const error = { name: 'InvalidSignatureException', message: 'Signature not yet current: 2026…' }
    expect(configuration({ error })).toMatchObject({ rests_on: 'clock' })
    expect(clock([], true).status).toBe('fail')
  })
})

test('a label that has stayed behind on a version that was in force is no unfinished work', () => {
  const versions = (...labels: string[][]) =>
    secretVersion({ value: Object.fromEntries(labels.map((label, i) => [`v${i}`, label])) }).status
  expect(versions(['AWSCURRENT', 'countersign-pending'])).toBe('ok')
  expect(versions(['AWSCURRENT'], ['AWSPREVIOUS', 'countersign-pending'])).toBe('ok')
  expect(versions(['AWSCURRENT'], ['countersign-pending'])).toBe('fail')
})

describe('the provider', () => {
  const as = {
    issuer: 'https://idp/',
    token_endpoint: 'https://idp/token',
    revocation_endpoint: 'https://idp/r',
  }
  const says = (document: Record<string, unknown>) => ({ url: 'https://idp/m', document, heard: heard(200) })

  test.each([
    ['the same', says(as), 'ok'],
    ['less', says({ issuer: as.issuer }), 'ok'],
    ['no slash', says({ ...as, issuer: 'https://idp' }), 'fail'],
    ['another endpoint', says({ ...as, revocation_endpoint: 'https://idp/R' }), 'fail'],
    ['nothing', { url: 'https://idp/m', reason: 'HTTP 404', heard: heard(404) }, 'skip'],
  ])('says %s', (_, discovery, status) => {
    expect(endpoints(as, discovery).status).toBe(status)
  })

  test('what it does not say is no fault', () => {
    expect(providerAlg({ alg: 'ES256' } as SigningKey, says({})).status).toBe('ok')
  })
})
