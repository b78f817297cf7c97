import { describe, expect, test } from 'vitest'
import { refusal, sent } from '../../support/code-request.ts'

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
