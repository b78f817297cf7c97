import { describe, expect, test } from 'vitest'
import { preflight } from '../../../../cli/doctor/judge/cors.ts'
import { headerSet, insecure } from '../../../../cli/doctor/judge/headers.ts'
import { jwksPublished, keyId, reachable } from '../../../../cli/doctor/judge/published.ts'
import type { Client } from '../../../../lib/config/client.ts'
import { ProxyError } from '../../../../lib/errors.ts'
import { errorReply } from '../../../../lib/http/reply.ts'
import { toWire } from '../../../../lib/wire.ts'

import { heard, refused } from './heard.ts'

describe('what is published', () => {
  const key = (thumbprint: string, kid = thumbprint, kept: string[] = []) => ({
    thumbprint,
    kid,
    private: kept,
  })

  test.each([
    ['all of them', [key('a'), key('b')], 'ok'],
    ['the next one lacks', [key('a')], 'fail'],
    ['the active one lacks', [key('b')], 'fail'],
    ['a private member', [key('a'), key('b', 'b', ['d'])], 'fail'],
    ['no key set', undefined, 'fail'],
  ])('%s', (_, published, status) => {
    const keys = [
      { state: 'active', thumbprint: 'a' },
      { state: 'next', thumbprint: 'b' },
    ] as const
    expect(jwksPublished(keys, 200, published).status).toBe(status)
  })

  test('one kid is one key', () => {
    expect(keyId('own', 'a', [key('a', 'own')])).toMatchObject({
      status: 'ok',
      detail: expect.stringContaining('its own'),
    })
    expect(keyId('own', 'a', [key('a', 'own'), key('b', 'own')]).status).toBe('fail')
    expect(keyId(undefined, 'a', []).status).toBe('ok')
    // A kid can be anything there: an object whose text cannot be had, too.
    const strange = { thumbprint: 'a', kid: { toString: 1 }, private: [] }
    expect(keyId('own', 'a', [strange])).toMatchObject({ detail: expect.stringContaining('{"toString":1}') })
  })

  test('a function that cannot read its configuration is not reachable', () => {
    expect(reachable('https://x', heard(503, {}, { 'x-request-id': '1' })).status).toBe('fail')
  })
})

test.each([
  ['http://127.0.0.1:1', undefined, false],
  ['http://localhost:1', undefined, false],
  ['http://example.com', undefined, true],
  ['https://example.com', refused, false],
  ['https://example.com', { error: 'CERT_HAS_EXPIRED', certificate: true }, true],
])('%s is not secure: %o %s', (url, answer, expected) => {
  expect(insecure(url, answer) !== undefined).toBe(expected)
})

test.each([
  [{}, 'ok'],
  [{ 'strict-transport-security': 'max-age=300' }, 'fail'],
  [{ 'referrer-policy': 'origin' }, 'fail'],
  [{ 'content-security-policy': '' }, 'fail'],
  [{ 'cache-control': 'max-age=60' }, 'fail'],
  [{ server: 'nginx/1.2' }, 'fail'],
  [{ server: 'CloudFront' }, 'ok'],
])('headers with %o: %s', (changes, status) => {
  const { headers } = errorReply(toWire(new ProxyError('origin_refused')))
  const answer = heard(403, {}, { ...headers, 'x-request-id': '1', ...changes })
  expect(headerSet('https://x', [{ what: 'POST /token', heard: answer }]).status).toBe(status)
})

const TOKENS = { delivery: 'tokens' } as Client
const SESSION = { delivery: 'session' } as Client
const COOKIES = {
  'access-control-allow-credentials': 'true',
  'access-control-allow-headers': 'content-type, X-CSRF',
}

test.each<[Record<string, string>, string, Client?]>([
  [{}, 'ok'],
  [{ 'access-control-allow-origin': '*' }, 'fail'],
  [{ 'access-control-allow-methods': 'GET' }, 'fail'],
  [{ vary: 'Accept' }, 'fail'],
  [COOKIES, 'ok', SESSION],
  [COOKIES, 'ok'],
  [{}, 'fail', SESSION],
  [{ ...COOKIES, 'access-control-allow-headers': 'content-type, x-csrf-token' }, 'fail', SESSION],
  [{ ...COOKIES, 'access-control-allow-credentials': '1' }, 'fail', SESSION],
])('a preflight with %o: %s', (changes, status, client = TOKENS) => {
  const headers = {
    'x-request-id': '1',
    'access-control-allow-origin': 'https://app',
    'access-control-allow-methods': 'GET, POST',
    vary: 'Accept, Origin',
  }
  expect(preflight('https://app', heard(204, {}, { ...headers, ...changes }), client).status).toBe(status)
})
