import { describe, expect, test } from 'vitest'
import type { Client } from '../../../lib/config/client.ts'
import { ProxyError } from '../../../lib/errors.ts'
import { registeredRedirectUri } from '../../../lib/oauth/registered.ts'
import { client } from '../../support/client.ts'
import { form, refusal, sent } from '../../support/code-request.ts'

describe('IN-12: scope', () => {
  const scope = ['openid', 'profile', 'email']

  test.each(['openid', 'email openid', 'openid openid', 'openid profile email'])('%s passes', value => {
    expect(sent({ scope: value }, { scope })).toContainEqual(['scope', value])
  })

  test.each(['admin', 'openid admin', 'OPENID', 'openi', 'openid,email'])('%s is more than may be', value => {
    expect(refusal({ scope: value }, { scope })).toEqual({ reason: 'scope_refused' })
  })

  test.each([' openid', 'openid ', 'openid  email', 'a"b', 'a\\b', 'a\nb', 'ä', ' '])(
    '%j is malformed',
    value => {
      const expected = { reason: 'parameter_malformed', parameter: 'scope' }
      expect(refusal({ scope: value }, { scope })).toEqual(expected)
      expect(refusal({ scope: value })).toEqual(expected)
    },
  )

  test('without a list any scope passes; with an empty one none does', () => {
    expect(sent({ scope: 'anything' })).toContainEqual(['scope', 'anything'])
    expect(refusal({ scope: 'openid' }, { scope: [] })).toEqual({ reason: 'scope_refused' })
  })

  test('is not invented', () => {
    expect(sent({}, { scope })).toEqual(sent({}))
  })
})

describe('RFC 8707: resource', () => {
  const [a, b] = ['https://a.example.com/', 'urn:example:b']

  test('IN-4: may stand there several times', () => {
    expect(sent({ resource: [a, b] }).slice(4)).toEqual([
      ['resource', a],
      ['resource', b],
    ])
  })

  test('each has to be one of those registered, as a string', () => {
    expect(sent({ resource: [b, a] }, { resource: [a, b] })).toHaveLength(6)
    for (const resource of [
      [a, 'https://c.example.com/'],
      ['https://a.example.com'],
      ['https://A.example.com/'],
    ]) {
      expect(refusal({ resource }, { resource: [a, b] })).toEqual({ reason: 'resource_refused' })
    }
    expect(refusal({ resource: a }, { resource: [] })).toEqual({ reason: 'resource_refused' })
  })

  test.each([
    'api',
    '/api',
    '//a.example.com',
    'https://a.example.com/#',
    'https://a.example.com/#x',
    '',
    ' https://a.example.com/',
    'https://a.example.com/\n',
    'https://a.exa\tmple.com/',
    'https://a.example.com/ä',
    'https://a.example.com/"',
  ])('%j is no absolute URI without a fragment', resource => {
    expect(refusal({ resource })).toEqual({ reason: 'parameter_malformed', parameter: 'resource' })
    expect(refusal({ resource: [a, resource] })).toEqual({
      reason: 'parameter_malformed',
      parameter: 'resource',
    })
  })
})

describe('MOB-3: the redirect_uri of a native app', () => {
  const native = (...redirect_uris: string[]) => client({ application_type: 'native', redirect_uris })
  const allowed = (uri: string, of: Client): boolean => {
    try {
      return registeredRedirectUri(form({ redirect_uri: uri }), of) === uri
    } catch (error) {
      if (error instanceof ProxyError && error.reason === 'redirect_uri_refused') return false
      throw error
    }
  }

  test.each([
    ['http://127.0.0.1/callback', 'http://127.0.0.1:49152/callback', true],
    ['http://127.0.0.1:1/callback', 'http://127.0.0.1:2/callback', true],
    ['http://127.0.0.1:1/callback', 'http://127.0.0.1/callback', true],
    ['http://[::1]/callback', 'http://[::1]:49152/callback', true],
    ['http://127.0.0.1/?x=1', 'http://127.0.0.1:49152/?x=1', true],
    ['http://127.0.0.1/callback', 'http://127.0.0.1:49152/callback/', false],
    ['http://127.0.0.1/callback', 'http://127.0.0.1:49152/Callback', false],
    ['http://127.0.0.1/callback', 'http://127.0.0.1:49152/callback?x', false],
    ['http://127.0.0.1/callback', 'http://[::1]:49152/callback', false],
    ['http://127.0.0.1/callback', 'http://localhost:49152/callback', false],
    ['http://127.0.0.1/callback', 'https://127.0.0.1:49152/callback', false],
    ['http://127.0.0.1/callback', 'http://127.0.0.1.evil.example/callback', false],
    ['http://127.0.0.1/callback', 'http://127.0.0.1:49152@evil.example/callback', false],
    ['http://127.0.0.1/callback', 'http://127.0.0.1:/callback', false],
    ['http://127.0.0.1/callback', 'http://127.0.0.1:99999/callback', false],
    ['http://127.0.0.1/callback', 'http://127.0.0.1:0/callback', false],
    ['http://127.0.0.1/callback', 'http://127.0.0.1:00080/callback', false],
    ['http://127.0.0.1/callback', 'http://127.0.0.10/callback', false],
    ['https://app.example.com/callback', 'https://app.example.com:444/callback', false],
    ['com.example.app:/callback', 'com.example.app:/callback', true],
    ['com.example.app:/callback', 'com.example.app:/callback2', false],
  ])('registered %s, sent %s: %s', (registered, sent, expected) => {
    expect(allowed(sent, native(registered))).toBe(expected)
  })

  test('IN-9: a web client’s is compared to the letter, its port too', () => {
    const web = client({ redirect_uris: ['http://127.0.0.1:5173/callback'] })
    expect(allowed('http://127.0.0.1:5173/callback', web)).toBe(true)
    expect(allowed('http://127.0.0.1:5174/callback', web)).toBe(false)
  })
})
