import { beforeAll, describe, expect, test } from 'vitest'
import { EVERYTHING, KNOWN, ofType, packaged, type Resource } from './packaged.ts'

// What the cookie deliveries need: their secret, their table, and the REST API of the data path.

let service: Awaited<ReturnType<typeof packaged>>
beforeAll(async () => {
  service = await packaged()
})

const SESSIONS = { CookieDeliveries: 'true' }
const API = {
  ...SESSIONS,
  ApiUrl: 'https://orders.example.com/v1',
  AppOrigin: 'https://app.example.com',
  DomainName: 'login.example.com',
  CertificateArn: 'arn:aws:acm:eu-central-1:111122223333:certificate/1',
}
const standing = (given: Record<string, string> = {}) => service.standing(given).resources
const properties = (name: string, given: Record<string, string> = API) => standing(given)[name]!.Properties

describe('by default, and by what is wanted of it', () => {
  const OF_SESSIONS = /^(Session|Leases?|Authorizer|ApiFailed|RevocationFailed)/
  const names = (given: Record<string, string>) =>
    Object.keys(standing(given)).filter(name => OF_SESSIONS.test(name))

  test('there is none of it, then the secret, the table, the API', () => {
    expect(names({})).toEqual([])
    // Each with what watches it.
    const sessions = ['SessionSecret', 'RevocationFailedAlarm', 'SessionSecretRule']
    const leases = ['Leases', 'LeaseFailedAlarm']
    expect(names(SESSIONS).sort()).toEqual(sessions.toSorted())
    expect(names({ ...SESSIONS, LeaseTable: 'true' }).sort()).toEqual([...sessions, ...leases].sort())
    // Of no use by itself.
    expect(names({ LeaseTable: 'true' })).toEqual([])
    expect(names(API)).toContain('SessionApi')
    const { DomainName: _, ...unnamed } = API
    expect(names(unnamed).sort()).toEqual(sessions.toSorted())
  })

  test('the functions are told of what there is', () => {
    const variables = (given: Record<string, string>, name = 'Oauth') =>
      properties(`${name}LambdaFunction`, given).Environment.Variables
    const secret = { COUNTERSIGN_SECRET_ID: KNOWN.ConfigurationSecret }
    const both = { ...secret, COUNTERSIGN_SESSION_SECRET_ID: KNOWN.SessionSecret }
    expect(variables({})).toEqual(secret)
    expect(variables(SESSIONS)).toEqual(both)
    expect(variables({ ...SESSIONS, LeaseTable: 'true' })).toEqual({
      ...both,
      COUNTERSIGN_LEASE_TABLE: KNOWN.Leases,
    })
    expect(variables(API, 'Authorizer')).toEqual(both)
    for (const name of ['Jwks', 'Probe']) {
      expect(variables(EVERYTHING, name)).not.toHaveProperty('COUNTERSIGN_SESSION_SECRET_ID')
    }
  })

  test('the outputs say where the API is', () => {
    expect(service.standing().outputs).not.toHaveProperty('ApiEndpoint')
    expect(service.standing(API).outputs).toMatchObject({
      ApiEndpoint: { Value: 'https://login.example.com/api' },
      SessionSecretArn: { Value: KNOWN.SessionSecret },
    })
  })
})

describe('what cookies are sealed with', () => {
  test('COOKIE-7: is a ring of one master that CloudFormation makes once, and that outlives the stack', () => {
    const secret = service.template.Resources.SessionSecret!
    expect(secret).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' })
    // Literal: another text here would have it generated anew, and end every session.
    expect(secret.Properties.GenerateSecretString).toEqual({
      SecretStringTemplate: '{"write":"k1"}',
      GenerateStringKey: 'k1',
      PasswordLength: 64,
      ExcludePunctuation: true,
    })
    expect(secret.Properties).not.toHaveProperty('Name')
    expect(secret.Properties).not.toHaveProperty('SecretString')
  })

  test('is replicated with the configuration, and not made in the second Region', () => {
    expect(properties('SessionSecret', SESSIONS)).not.toHaveProperty('ReplicaRegions')
    expect(properties('SessionSecret', { ...SESSIONS, ReplicaRegion: 'eu-west-1' }).ReplicaRegions).toEqual([
      { Region: 'eu-west-1' },
    ])
    const SessionSecretArn = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:SessionSecret-a-b'
    const second = service.standing({ ...API, SessionSecretArn })
    expect(second.resources).not.toHaveProperty('SessionSecret')
    expect(JSON.stringify(second)).not.toContain(KNOWN.SessionSecret)
    expect(JSON.stringify(second.resources.AuthorizerLambdaFunction)).toContain(SessionSecretArn)
  })
})

test('RACE-1: the table of leases has their key and their end, and takes no other care of them', () => {
  expect(properties('Leases', { ...SESSIONS, LeaseTable: 'true' })).toEqual({
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
  })
})

describe('the API', () => {
  test('asks the authorizer by its alias, about every request anew, and about every request', () => {
    expect(properties('SessionApiAuthorizer')).toEqual({
      Name: 'session',
      RestApiId: KNOWN.SessionApi,
      Type: 'REQUEST',
      AuthorizerUri: `arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/${KNOWN.AuthorizerLiveAlias}/invocations`,
      AuthorizerResultTtlInSeconds: 0,
    })
    expect(properties('SessionApiMayAuthorize')).toMatchObject({
      FunctionName: KNOWN.AuthorizerLiveAlias,
      Principal: 'apigateway.amazonaws.com',
      SourceArn: 'arn:aws:execute-api:eu-central-1:111122223333:rest123/authorizers/auth12',
    })
  })

  test('BFF-2: forwards to one place, with our Authorization and without our cookie', () => {
    const { Integration, ...method } = properties('SessionApiForward')
    expect(method).toMatchObject({
      HttpMethod: 'ANY',
      AuthorizationType: 'CUSTOM',
      AuthorizerId: KNOWN.SessionApiAuthorizer,
    })
    expect(Integration).toMatchObject({
      Type: 'HTTP_PROXY',
      IntegrationHttpMethod: 'ANY',
      Uri: 'https://orders.example.com/v1/{proxy}',
    })
    expect(Integration.RequestParameters).toEqual({
      'integration.request.path.proxy': 'method.request.path.proxy',
      'integration.request.header.Authorization': 'context.authorizer.authorization',
      'integration.request.header.Cookie': "'cookies=removed'",
      'integration.request.header.X-Client-IP': "'unknown'",
      'integration.request.header.X-Forwarded-For': "'unknown'",
    })
  })

  test("BFF-4: tells the caller's address where that is wanted; what the caller says it is never goes on", () => {
    const told = (given: Record<string, string>) => {
      const mapped = properties('SessionApiForward', given).Integration.RequestParameters
      return ['X-Client-IP', 'X-Forwarded-For'].map(name => mapped[`integration.request.header.${name}`])
    }
    const address = 'context.identity.sourceIp'
    expect(told({ ...API, ForwardClientAddress: 'true' })).toEqual([address, address])
    expect(told(API)).toEqual(["'unknown'", "'unknown'"])
  })

  test('has nothing but that method and its preflight, which needs no session and names one origin', () => {
    const methods = ofType(standing(API), 'AWS::ApiGateway::Method')
    expect(
      methods.map(([, { Properties }]) => [Properties.HttpMethod, Properties.AuthorizationType]),
    ).toEqual([
      ['ANY', 'CUSTOM'],
      ['OPTIONS', 'NONE'],
    ])
    const { Integration, MethodResponses } = properties('SessionApiPreflight')
    expect(Integration).toMatchObject({ Type: 'MOCK', ContentHandling: 'CONVERT_TO_TEXT' })
    const [{ StatusCode, ResponseParameters }] = Integration.IntegrationResponses
    expect(StatusCode).toBe('204')
    expect(ResponseParameters).toEqual({
      'method.response.header.Access-Control-Allow-Origin': "'https://app.example.com'",
      'method.response.header.Access-Control-Allow-Credentials': "'true'",
      'method.response.header.Access-Control-Allow-Methods': "'GET,HEAD,POST,PUT,PATCH,DELETE'",
      'method.response.header.Access-Control-Allow-Headers': "'content-type,x-csrf'",
      'method.response.header.Access-Control-Max-Age': "'7200'",
    })
    // API Gateway refuses a header that the method does not declare.
    expect(Object.keys(MethodResponses[0].ResponseParameters)).toEqual(Object.keys(ResponseParameters))
  })

  test('gives answers of its own that the app can read', () => {
    const responses = ofType(standing(API), 'AWS::ApiGateway::GatewayResponse')
    expect(responses.map(([, { Properties }]) => Properties.ResponseType).sort()).toEqual([
      'ACCESS_DENIED',
      'DEFAULT_4XX',
      'DEFAULT_5XX',
      'UNAUTHORIZED',
    ])
    for (const [, { Properties }] of responses) {
      expect(Properties.ResponseParameters).toEqual({
        'gatewayresponse.header.Access-Control-Allow-Origin': "'https://app.example.com'",
        'gatewayresponse.header.Access-Control-Allow-Credentials': "'true'",
        'gatewayresponse.header.Cache-Control': "'no-store'",
      })
    }
  })

  test('has one name, that of the other API, beneath which it is /api', () => {
    expect(properties('SessionApi')).toMatchObject({
      DisableExecuteApiEndpoint: true,
      BinaryMediaTypes: ['*/*'],
      EndpointConfiguration: { Types: ['REGIONAL'] },
    })
    const resources = standing(API)
    const mappings = ofType(resources, 'AWS::ApiGatewayV2::ApiMapping').map(([, { Properties }]) => [
      Properties.ApiMappingKey,
      Properties.ApiId,
      Properties.DomainName,
    ])
    const domain = resources.ApiDomainMapping!.Properties.DomainName
    expect(mappings).toEqual([
      [undefined, KNOWN.HttpApi, domain],
      ['api', KNOWN.SessionApi, domain],
    ])
  })

  test('is served as it stands: what is served waits for all of it', () => {
    const resources = standing(API)
    const [[, deployment]] = ofType(resources, 'AWS::ApiGateway::Deployment') as [[string, Resource]]
    const parts = Object.keys(resources).filter(name =>
      /^AWS::ApiGateway::(Method|GatewayResponse)$/.test(resources[name]!.Type),
    )
    expect([deployment.DependsOn].flat().sort()).toEqual(parts.sort())
    // Nothing else in the way of its mapping leads to the permission.
    expect(resources.SessionApiMapping!.DependsOn).toEqual(['SessionApiMayAuthorize'])
  })

  test('ABUSE-1: is throttled, for all of it together', () => {
    const [settings, ...others] = properties('SessionApiStage').MethodSettings
    expect(others).toEqual([])
    expect(settings).toMatchObject({
      HttpMethod: '*',
      ResourcePath: '/*',
      ThrottlingRateLimit: '100',
      ThrottlingBurstLimit: '200',
      CachingEnabled: false,
    })
    const [other] = properties('SessionApiStage', { ...API, ApiRate: '7', ApiBurst: '9' }).MethodSettings
    expect(other).toMatchObject({ ThrottlingRateLimit: '7', ThrottlingBurstLimit: '9' })
  })

  test('LOG-4: logs no data, and a line a request only where that is wanted, without path, query, header or body', () => {
    for (const given of [API, EVERYTHING]) {
      expect(properties('SessionApiStage', given).MethodSettings[0]).toMatchObject({
        DataTraceEnabled: false,
        LoggingLevel: 'OFF',
      })
    }
    expect(properties('SessionApiStage')).not.toHaveProperty('AccessLogSetting')
    const { AccessLogSetting } = properties('SessionApiStage', { ...API, ApiLogs: 'true' })
    expect(AccessLogSetting.DestinationArn).toBe(
      'arn:aws:logs:eu-central-1:111122223333:log-group:countersign-dev-SessionApiLogGroup-x',
    )
    expect(AccessLogSetting.Format).not.toContain('\n')
    expect(Object.values(JSON.parse(AccessLogSetting.Format)).sort()).toEqual([
      '$context.authorizer.status',
      '$context.error.responseType',
      '$context.httpMethod',
      '$context.identity.sourceIp',
      '$context.integrationLatency',
      '$context.requestId',
      '$context.requestTimeEpoch',
      '$context.responseLatency',
      '$context.responseLength',
      '$context.status',
    ])
  })
})
