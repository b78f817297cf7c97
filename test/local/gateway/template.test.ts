import { createRequire } from 'node:module'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type ForwardIntegration, restApi } from '../../../local/gateway/rest-api.ts'
import { readResources, readTemplate } from '../../../local/gateway/template.ts'

const INFRA = join(import.meta.dirname, '../../../infra')
const GIVEN = {
  CookieDeliveries: 'true',
  DomainName: 'login.example.com',
  ApiUrl: 'https://orders.example.com',
  AppOrigin: 'https://app.example.com',
}
const read = (more: Record<string, string> = {}) =>
  readResources(INFRA, 'session-api.yml', { ...GIVEN, ...more }, { AuthorizerLiveAlias: 'authorizer' })

describe('a template', () => {
  test.each([
    ['!Ref A', { Ref: 'A' }],
    ['!Condition A', { Condition: 'A' }],
    ['!GetAtt A.B.C', { 'Fn::GetAtt': ['A', 'B.C'] }],
    [`!Sub 'x-\${A}'`, { 'Fn::Sub': `x-\${A}` }],
    ['!If [A, !Ref B, [1, !Sub c]]', { 'Fn::If': ['A', { Ref: 'B' }, [1, { 'Fn::Sub': 'c' }]] }],
    ['{ x: &a { y: !Ref B }, z: *a }', { x: { y: { Ref: 'B' } }, z: { y: { Ref: 'B' } } }],
    ["{ x: '1', y: 1, z: true, n: ~ }", { x: '1', y: 1, z: true, n: null }],
  ])('%s is written out', (text, expected) => {
    expect(readTemplate(text)).toEqual(expected)
  })

  test('is read as packaging reads it', () => {
    const { resolve } = createRequire(import.meta.url)('../../../infra/resolve.cjs')
    const written = {
      Conditions: { C: { 'Fn::Equals': ['a', 'a'] } },
      Resources: { R: { Type: 'T', Condition: 'C' } },
    }
    const text = 'Conditions: { C: !Equals [a, a] }\nResources: { R: { Type: T, Condition: C } }'
    expect(resolve(readTemplate(text))).toMatchObject({ resources: resolve(written).resources })
  })
})

describe('the REST API that is read', () => {
  const forward = (more: Record<string, string> = {}) =>
    restApi(read(more)).methods.find(({ httpMethod }) => httpMethod === 'ANY')!
      .integration as ForwardIntegration

  test('is that of infra/session-api.yml, with its parameters', () => {
    const { methods, ...api } = restApi(read())
    expect(api).toMatchObject({ mappingKey: 'api', stage: 'live', resource: '/{proxy+}' })
    expect(methods.map(({ httpMethod, authorizer }) => [httpMethod, authorizer])).toEqual([
      ['ANY', 'authorizer'],
      ['OPTIONS', undefined],
    ])
    expect(forward()).toMatchObject({
      uri: 'https://orders.example.com/{proxy}',
      headers: { Authorization: 'context.authorizer.authorization', 'X-Client-IP': "'unknown'" },
    })
    expect(forward({ ForwardClientAddress: 'true' }).headers['X-Client-IP']).toBe('context.identity.sourceIp')
    expect(api.gatewayResponses.get('UNAUTHORIZED')).toMatchObject({
      'Access-Control-Allow-Origin': 'https://app.example.com',
    })
  })

  test.each([
    ['SessionApiAuthorizer', { AuthorizerResultTtlInSeconds: 300 }, 'without a cache'],
    ['SessionApiAuthorizer', { IdentitySource: 'method.request.header.Cookie' }, 'without identity sources'],
    ['SessionApiForward', { Integration: { Type: 'AWS_PROXY' } }, 'AWS_PROXY is not made here'],
  ])('is refused where %s is %j, rather than served otherwise', (name, properties, message) => {
    const resources = read()
    Object.assign(resources[name]!.Properties, properties)
    expect(() => restApi(resources)).toThrow(message)
  })
})
