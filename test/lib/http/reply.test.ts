import { describe, expect, test } from 'vitest'
import { ProxyError } from '../../../lib/errors.ts'
import { emptyReply, errorReply, jsonReply, textReply } from '../../../lib/http/reply.ts'
import { toWire } from '../../../lib/wire.ts'

const replies = {
  tokens: jsonReply(200, { access_token: 'at-1' }),
  error: errorReply(toWire(new ProxyError('internal'))),
  preflight: emptyReply(204),
  page: textReply(toWire(new ProxyError('login_unknown'))),
}

describe.each(Object.entries(replies))('the answer with %s', (_, { headers }) => {
  test('HDR-1: is kept by nobody', () => {
    expect(headers).toMatchObject({ 'cache-control': 'no-store', pragma: 'no-cache' })
  })

  test('HDR-2: has the security headers', () => {
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'cross-origin-resource-policy': 'same-origin',
    })
    const [, seconds] = /^max-age=(\d+)/.exec(headers['strict-transport-security'] ?? '') ?? []
    expect(Number(seconds)).toBeGreaterThanOrEqual(31_536_000)
  })

  test('HDR-4: names no server', () => {
    expect(Object.keys(headers).filter(name => /^(server|x-powered-by)$/i.test(name))).toEqual([])
  })

  test('its header names are lower-case, so that two spellings of one cannot be sent', () => {
    expect(Object.keys(headers).join()).toBe(Object.keys(headers).join().toLowerCase())
  })
})

test('HDR-3: the type of a body is the one that oidc-client-ts takes', () => {
  expect(replies.tokens.headers['content-type']).toBe('application/json;charset=UTF-8')
  expect(replies.error.headers['content-type']).toBe('application/json;charset=UTF-8')
})

test('what a human reads is text, and no page that a browser could take for HTML', () => {
  expect(replies.page.headers['content-type']).toBe('text/plain;charset=UTF-8')
})

test('an empty answer has neither a body nor a type', () => {
  expect(replies.preflight).toMatchObject({ status: 204, body: undefined })
  expect(replies.preflight.headers).not.toHaveProperty('content-type')
})

test('ERR-1: an error is error and error_description, with the headers of its reason', () => {
  const { status, headers, body } = errorReply(toWire(new ProxyError('signer_unavailable')))
  expect(status).toBe(503)
  expect(headers['retry-after']).toBe('2')
  expect(Object.entries(JSON.parse(body!))).toEqual([
    ['error', 'temporarily_unavailable'],
    ['error_description', expect.any(String)],
  ])
})

test('headers of an answer go beside those that all have', () => {
  expect(jsonReply(200, {}, { vary: 'Origin' }).headers).toMatchObject({
    vary: 'Origin',
    'cache-control': 'no-store',
  })
})
