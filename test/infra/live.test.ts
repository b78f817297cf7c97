import { createRequire } from 'node:module'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packageIn, readJson, TEMPLATE } from '../package/service.ts'
import { ofType, packagedCopy, type Resource, type Template } from './packaged.ts'

let service: Awaited<ReturnType<typeof packagedCopy>>
let resources: Template['Resources']

beforeAll(async () => {
  service = await packagedCopy()
  resources = service.template.Resources
})
afterAll(() => service.remove())

const LIVE = (name: string) => ({
  'Fn::Join': [':', [{ 'Fn::GetAtt': [`${name}LambdaFunction`, 'Arn'] }, 'live']],
})
const versionOf = (from: Record<string, Resource>, name: string) =>
  ofType(from, 'AWS::Lambda::Version').filter(([id]) => id.startsWith(`${name}Lambda`))

describe('what calls a function', () => {
  test.each(['Oauth', 'Jwks'])('the API calls %s by its alias, and may', name => {
    expect(resources[`HttpApiIntegration${name}`]!.Properties.IntegrationUri).toEqual(LIVE(name))
    const permission = resources[`${name}LambdaPermissionHttpApi`]!
    expect(permission.Properties).toMatchObject({
      FunctionName: LIVE(name),
      Principal: 'apigateway.amazonaws.com',
    })
    // Nobody may call what is not there yet.
    expect([permission.DependsOn].flat()).toContain(`${name}LiveAlias`)
  })

  test('so does the schedule call the probe', () => {
    expect(resources.ProbeEventsRuleSchedule1!.Properties.Targets).toMatchObject([{ Arn: LIVE('Probe') }])
    expect(resources.ProbeLambdaPermissionEventsRuleSchedule1!.Properties.FunctionName).toEqual(LIVE('Probe'))
  })

  test('nothing is permitted to call a function but by its alias', () => {
    const permissions = ofType(resources, 'AWS::Lambda::Permission')
    expect(permissions).toHaveLength(4)
    for (const [id, { Properties }] of permissions) {
      const alias =
        id === 'SessionApiMayAuthorize' ? { Ref: 'AuthorizerLiveAlias' } : LIVE(id.split('Lambda')[0]!)
      expect(Properties.FunctionName).toEqual(alias)
    }
  })
})

test.each([
  ['Oauth', {}],
  ['Jwks', {}],
  ['Probe', {}],
  ['Authorizer', { Condition: 'WithSessionApi' }],
])('the alias of %s points to the version that this deployment publishes', (name, condition) => {
  const versions = versionOf(resources, name)
  expect(versions).toHaveLength(1)
  const [[id, version]] = versions as [[string, Resource]]
  // Those before stay, to be gone back to.
  expect(version.DeletionPolicy).toBe('Retain')
  expect(version.Properties.FunctionName).toEqual({ Ref: `${name}LambdaFunction` })
  expect(version).toMatchObject(condition)
  expect(resources[`${name}LiveAlias`]).toEqual({
    Type: 'AWS::Lambda::Alias',
    ...condition,
    Properties: {
      FunctionName: { Ref: `${name}LambdaFunction` },
      FunctionVersion: { 'Fn::GetAtt': [id, 'Version'] },
      Name: 'live',
    },
  })
  expect(service.template.Outputs[`${name}LambdaFunctionQualifiedArn`]!.Value).toEqual({ Ref: id })
})

describe('a version', () => {
  const names = async (...given: string[]) => {
    await packageIn(
      service.dir,
      given.flatMap(one => ['--param', one]),
    )
    const template: Template = await readJson(service.dir, TEMPLATE)
    return ['Oauth', 'Jwks', 'Probe'].map(name => versionOf(template.Resources, name)[0]![0])
  }

  test('is a new one where a parameter changes the function, and only then', async () => {
    const before = ['Oauth', 'Jwks', 'Probe'].map(name => versionOf(resources, name)[0]![0])
    // Said out loud, the default is the same. And how long a log is kept is nothing to a function: Lambda
    // refuses to publish what has not changed.
    expect(await names('ProbeState=ENABLED', 'LogRetentionDays=90', 'ReservedConcurrency=5')).toEqual(before)
    const [oauth, jwks, probe] = await names('VpcSubnetIds=subnet-1', 'VpcSecurityGroupIds=sg-1')
    expect(oauth).not.toBe(before[0])
    expect([jwks, probe]).toEqual(before.slice(1))
    const named = await names(
      'DomainName=login.example.com',
      'CertificateArn=arn:aws:acm:eu-west-1:1:certificate/1',
    )
    // The probe is told the URL.
    expect(named.slice(0, 2)).toEqual(before.slice(0, 2))
    expect(named[2]).not.toBe(before[2])
  })
})

describe('a deployment of the REST API', () => {
  const API = [
    ...[
      'CookieDeliveries=true',
      'DomainName=login.example.com',
      'CertificateArn=arn:aws:acm:a:1:certificate/1',
    ],
    ...['ApiUrl=https://orders.example.com', 'AppOrigin=https://app.example.com'],
  ]
  const deployed = async (...given: string[]) => {
    await packageIn(
      service.dir,
      given.flatMap(one => ['--param', one]),
    )
    const template: Template = await readJson(service.dir, TEMPLATE)
    const [[id], ...others] = ofType(template.Resources, 'AWS::ApiGateway::Deployment') as [
      [string, Resource],
    ]
    expect(others).toEqual([])
    // The stage serves that one.
    expect(template.Resources.SessionApiStage!.Properties.DeploymentId).toEqual({ Ref: id })
    expect(JSON.stringify(template)).not.toContain('"SessionApiDeployment"')
    return id
  }

  test('is another one where what it serves is another, and only then', async () => {
    const before = await deployed(...API)
    expect(before).toMatch(/^SessionApiDeployment[0-9a-f]{20}$/)
    expect(await deployed(...API, 'ApiRate=7', 'ApiLogs=true', 'ProbeMinutes=15')).toBe(before)
    const others = [
      await deployed(...API, 'ApiUrl=https://other.example.com'),
      await deployed(...API, 'AppOrigin=https://other.example.com'),
      await deployed(...API, 'ForwardClientAddress=true'),
    ]
    expect(new Set([before, ...others]).size).toBe(4)
  })
})

describe('what CloudFormation makes of a template', () => {
  const { resolve } = createRequire(import.meta.url)('../../infra/resolve.cjs')
  const made = (value: unknown, given = {}, more = {}) =>
    resolve(
      {
        Parameters: {
          Text: { Type: 'String', Default: '' },
          List: { Type: 'CommaDelimitedList', Default: 'a,b' },
        },
        Conditions: {
          Given: { 'Fn::Not': [{ 'Fn::Equals': [{ Ref: 'Text' }, ''] }] },
          Both: { 'Fn::And': [{ Condition: 'Given' }, { 'Fn::Equals': ['x', 'x'] }] },
          Either: { 'Fn::Or': [{ Condition: 'Given' }, { 'Fn::Equals': ['x', 'x'] }] },
        },
        Mappings: { Map: { one: { two: 'three' } } },
        Resources: { It: { Type: 'T', Properties: { value }, ...more } },
      },
      given,
      { 'AWS::Region': 'eu-west-1', 'Role.Arn': 'arn:role' },
    ).resources.It?.Properties.value

  test.each([
    [{ Ref: 'Text' }, ''],
    [{ Ref: 'List' }, ['a', 'b']],
    [{ Ref: 'Other' }, { Ref: 'Other' }],
    [{ 'Fn::GetAtt': ['Role', 'Arn'] }, 'arn:role'],
    [{ 'Fn::GetAtt': ['Key', 'Arn'] }, { 'Fn::GetAtt': ['Key', 'Arn'] }],
    [[{ 'Fn::If': ['Given', 1, { Ref: 'AWS::NoValue' }] }, 2], [2]],
    [{ a: { 'Fn::If': ['Given', 1, { Ref: 'AWS::NoValue' }] }, b: 2 }, { b: 2 }],
    [{ 'Fn::If': ['Both', 'yes', 'no'] }, 'no'],
    [{ 'Fn::If': ['Either', 'yes', 'no'] }, 'yes'],
    [{ 'Fn::FindInMap': ['Map', 'one', 'two'] }, 'three'],
    [
      { 'Fn::Split': [',', { 'Fn::Join': [',', ['x', { 'Fn::Join': [',', { Ref: 'List' }] }]] }] },
      ['x', 'a', 'b'],
    ],
    [{ 'Fn::Select': [1, { Ref: 'List' }] }, 'b'],
    [{ 'Fn::Sub': `\${AWS::Region}-\${Text}\${Unknown}` }, { 'Fn::Sub': `eu-west-1-\${Unknown}` }],
    [{ 'Fn::Sub': `in \${AWS::Region}` }, 'in eu-west-1'],
    // A member of that name is no function.
    [
      { Effect: 'Allow', Condition: { Bool: { a: 'b' } } },
      { Effect: 'Allow', Condition: { Bool: { a: 'b' } } },
    ],
    [[{ Condition: { Bool: {} } }], [{ Condition: { Bool: {} } }]],
  ])('%j is %j', (value, expected) => {
    expect(made(value)).toEqual(expected)
  })

  test('what has a condition that does not hold is not there', () => {
    expect(made(1, {}, { Condition: 'Given' })).toBeUndefined()
    expect(made(1, { Text: 'x' }, { Condition: 'Given' })).toBe(1)
  })
})
