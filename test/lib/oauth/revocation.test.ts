import { describe, expect, test } from 'vitest'
import { readRevocationResponse, revocationParameters } from '../../../lib/oauth/revocation.ts'
import { form } from '../../support/code-request.ts'

describe('REV-1: a revocation', () => {
  test('is token and token_type_hint, and nothing else', () => {
    const sent = revocationParameters(
      form({ token: 't-1', token_type_hint: 'refresh_token', client_id: 'a', x: 'y' }),
    )
    expect([...sent]).toEqual([
      ['token', 't-1'],
      ['token_type_hint', 'refresh_token'],
    ])
    expect([...revocationParameters(form({ token: 't-1' }))]).toEqual([['token', 't-1']])
  })

  test.each([
    [{}, 'parameter_missing'],
    [{ token: 't\r1' }, 'parameter_malformed'],
    [{ token: 't', token_type_hint: 'a b' }, 'parameter_malformed', 'token_type_hint'],
    [{ token: 't', token_type_hint: 'x'.repeat(65) }, 'parameter_malformed', 'token_type_hint'],
  ])('%j: %s', (request, reason, parameter = 'token') => {
    // The app is told which.
    expect(() => revocationParameters(form(request))).toThrow(expect.objectContaining({ reason, parameter }))
  })

  const answer = (status: number, body = '', headers = {}) => ({
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body,
  })

  test('is done with any 200, whatever its body', () => {
    for (const body of ['', 'OK', '<html>', '{}'])
      expect(readRevocationResponse(answer(200, body))).toBeUndefined()
  })

  test.each([
    [204, '', 'upstream_malformed'],
    [400, '{"error":"unsupported_token_type"}', 'upstream_refused'],
    [400, '{"error":"invalid_client"}', 'upstream_invalid_client'],
    [404, '', 'upstream_malformed'],
    [503, '', 'upstream_unavailable'],
  ])('is not with %d %s: %s', (status, body, reason) => {
    expect(() => readRevocationResponse(answer(status, body))).toThrow(reason)
  })

  test('503 keeps its Retry-After', () => {
    try {
      readRevocationResponse(answer(503, '', { 'retry-after': '7' }))
    } catch (error) {
      expect(error).toMatchObject({ retryAfter: 7 })
    }
    expect.assertions(1)
  })
})
