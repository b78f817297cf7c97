import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { FUNCTIONS } from '../../infra/build.ts'
import { KMS_TOTAL_MS, PROVIDER_TOTAL_MS } from '../../lib/limits.ts'
import { keys, readJson } from '../package/service.ts'
import { EVERYTHING, ofType, packaged, type Resource } from './packaged.ts'

let service: Awaited<ReturnType<typeof packaged>>
let resources: Record<string, Resource>

beforeAll(async () => {
  service = await packaged()
  resources = service.standing().resources
})

const SECRET_ID = { COUNTERSIGN_SECRET_ID: expect.stringContaining(':secret:ConfigurationSecret-') }
const URL = 'https://abc123.execute-api.eu-central-1.amazonaws.com'

describe('the functions', () => {
  test.each([
    ['Oauth', 'SigningRole', SECRET_ID],
    ['Jwks', 'JwksRole', SECRET_ID],
    ['Probe', 'ProbeRole', { ...SECRET_ID, COUNTERSIGN_URL: URL }],
  ])(
    '%s runs on arm64 and Node 24, with a role of its own, and is told nothing else',
    (name, role, variables) => {
      const { Properties } = resources[`${name}LambdaFunction`]!
      expect(Properties).toMatchObject({
        Handler: `dist/${name.toLowerCase()}.handler`,
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        MemorySize: 512,
        LoggingConfig: { LogGroup: `countersign-dev-${name}LogGroup-x` },
      })
      expect(service.template.Resources[`${name}LambdaFunction`]!.Properties.Role).toEqual({
        'Fn::GetAtt': [role, 'Arn'],
      })
      // In particular no key and no switch.
      expect(Properties.Environment).toEqual({ Variables: variables })
      expect(Properties).not.toHaveProperty('VpcConfig')
      expect(Properties).not.toHaveProperty('ReservedConcurrentExecutions')
    },
  )

  test('are those that are built; the authorizer only where it has something to do', () => {
    const deployed = (given: Record<string, string>) =>
      ofType(service.standing(given).resources, 'AWS::Lambda::Function').map(([name]) => name)
    const built = Object.keys(FUNCTIONS).map(
      name => `${name[0]!.toUpperCase()}${name.slice(1)}LambdaFunction`,
    )
    expect(deployed(EVERYTHING).sort()).toEqual(built.sort())
    expect(deployed({})).toEqual(deployed(EVERYTHING).filter(name => name !== 'AuthorizerLambdaFunction'))
  })

  test('REQ-6: outlive KMS and the provider together, and end before API Gateway gives up', () => {
    const { Timeout } = resources.OauthLambdaFunction!.Properties as { Timeout: number }
    expect(Timeout).toBe(29)
    expect(Timeout * 1000).toBeGreaterThan(KMS_TOTAL_MS + PROVIDER_TOTAL_MS)
    expect(Timeout).toBeLessThan(30)
  })

  test('the probe runs every five minutes', () => {
    expect(resources.ProbeEventsRuleSchedule1!.Properties).toMatchObject({
      ScheduleExpression: 'rate(5 minutes)',
      State: 'ENABLED',
    })
    const { resources: other } = service.standing({ ProbeState: 'DISABLED', ProbeMinutes: '15' })
    expect(other.ProbeEventsRuleSchedule1!.Properties).toMatchObject({
      ScheduleExpression: 'rate(15 minutes)',
      State: 'DISABLED',
    })
  })
})

describe('the HTTP API', () => {
  test('CORS-10: leaves CORS to the function', async () => {
    expect(keys(service.template).filter(key => /cors/i.test(key))).toEqual([])
    const configuration = await readFile(join(service.dir, 'serverless.yml'), 'utf8')
    expect(keys(parse(configuration, { logLevel: 'silent' })).filter(key => /cors/i.test(key))).toEqual([])
  })

  test('sends every method of its routes to the functions', () => {
    const routes = ofType(resources, 'AWS::ApiGatewayV2::Route').map(([, { Properties }]) => [
      Properties.RouteKey,
      JSON.stringify(Properties.Target),
    ])
    expect(routes).toEqual([
      ['ANY /token', expect.stringContaining('HttpApiIntegrationOauth')],
      ['ANY /revoke', expect.stringContaining('HttpApiIntegrationOauth')],
      ['ANY /par', expect.stringContaining('HttpApiIntegrationOauth')],
      ['ANY /device_authorization', expect.stringContaining('HttpApiIntegrationOauth')],
      ['ANY /login', expect.stringContaining('HttpApiIntegrationOauth')],
      ['ANY /callback', expect.stringContaining('HttpApiIntegrationOauth')],
      ['ANY /session', expect.stringContaining('HttpApiIntegrationOauth')],
      ['ANY /logout', expect.stringContaining('HttpApiIntegrationOauth')],
      ['ANY /.well-known/jwks.json', expect.stringContaining('HttpApiIntegrationJwks')],
    ])
    for (const [, { Properties }] of ofType(resources, 'AWS::ApiGatewayV2::Integration')) {
      expect(Properties).toMatchObject({ PayloadFormatVersion: '2.0', IntegrationType: 'AWS_PROXY' })
    }
  })

  test('ABUSE-1: throttles every route, the settings coming after the routes that they name', () => {
    const { Properties, DependsOn } = resources.HttpApiStage!
    expect(Properties.DefaultRouteSettings).toMatchObject({
      ThrottlingRateLimit: '50',
      ThrottlingBurstLimit: '100',
    })
    const routes = Object.fromEntries(
      ofType(resources, 'AWS::ApiGatewayV2::Route').map(([id, route]) => [route.Properties.RouteKey, id]),
    )
    const { 'ANY /token': _, ...others } = routes
    expect(Object.keys(Properties.RouteSettings).sort()).toEqual(Object.keys(others).sort())
    expect([DependsOn].flat().sort()).toEqual(Object.values(others).sort())
    for (const settings of Object.values(Properties.RouteSettings)) {
      expect(settings).toEqual({
        ThrottlingRateLimit: expect.any(Number),
        ThrottlingBurstLimit: expect.any(Number),
      })
    }
  })

  test('LOG-4: its log has one line a request, with no query, header, cookie or body', () => {
    const { AccessLogSettings } = resources.HttpApiStage!.Properties
    expect(AccessLogSettings.DestinationArn).toContain('log-group:countersign-dev-AccessLogGroup-x')
    const line = JSON.parse(AccessLogSettings.Format)
    expect(AccessLogSettings.Format).not.toContain('\n')
    expect(Object.values(line).sort()).toEqual([
      '$context.httpMethod',
      '$context.identity.sourceIp',
      '$context.integrationErrorMessage',
      '$context.integrationLatency',
      '$context.requestId',
      '$context.requestTimeEpoch',
      '$context.responseLatency',
      '$context.responseLength',
      '$context.routeKey',
      '$context.status',
    ])
  })

  test('is where the outputs say that it is', () => {
    expect(service.standing().outputs).toMatchObject({
      Url: { Value: URL },
      TokenEndpoint: { Value: `${URL}/token` },
      SigningKeyArn: { Value: expect.stringContaining(':key/1234abcd') },
      ConfigurationSecretArn: { Value: expect.stringContaining(':secret:ConfigurationSecret-') },
      SigningRoleArn: { Value: expect.stringContaining(':role/signing') },
      OperatorRoleArn: { Value: expect.stringContaining(':role/operator') },
    })
  })
})

describe('logs', () => {
  test('LOG-6: are kept for 30 days or as long as is said, outlive the stack, and take no name', () => {
    const groups = ofType(resources, 'AWS::Logs::LogGroup')
    expect(groups.map(([name]) => name)).toEqual([
      'OauthLogGroup',
      'JwksLogGroup',
      'ProbeLogGroup',
      'AccessLogGroup',
    ])
    for (const [, group] of groups) {
      expect(group).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' })
      expect(group.Properties).toEqual({ RetentionInDays: '30' })
    }
    const { resources: other } = service.standing({ LogRetentionDays: '365', LogKeyArn: 'arn:aws:kms:…' })
    for (const [, { Properties }] of ofType(other, 'AWS::Logs::LogGroup')) {
      expect(Properties).toEqual({ RetentionInDays: '365', KmsKeyId: 'arn:aws:kms:…' })
    }
  })
})

describe('the configuration', () => {
  test('is written empty once: CloudFormation writes it again only when this changes, so it must not', () => {
    const secret = service.template.Resources.ConfigurationSecret!
    // Written out here as well, and literal: no parameter may get in.
    expect(secret.Properties.SecretString).toBe('{"version":1,"clients":[]}')
    expect(secret).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' })
    // A fixed name would stand in the way of a second deployment after the stack is gone.
    expect(secret.Properties).not.toHaveProperty('Name')
  })

  test('says by its tags where the rest is', () => {
    const tags = (given: Record<string, string> = {}) =>
      Object.fromEntries(
        service
          .standing(given)
          .resources.ConfigurationSecret!.Properties.Tags.map((tag: { Key: string; Value: string }) => [
            tag.Key,
            tag.Value,
          ]),
      )
    expect(tags()).toEqual({
      'countersign:url': URL,
      'countersign:signers': 'arn:aws:iam::111122223333:role/signing',
      'countersign:operator': 'arn:aws:iam::111122223333:role/operator',
      'countersign:signing-key':
        'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab',
    })
    expect(tags({ DomainName: 'login.example.com' })['countersign:url']).toBe('https://login.example.com')
  })

  test('and the key can be neither replaced nor removed by a stack update', async () => {
    const { service: state } = await readJson(service.dir, '.serverless/serverless-state.json')
    const denied = state.provider.stackPolicy.filter(({ Effect }: { Effect: string }) => Effect === 'Deny')
    expect(denied).toMatchObject([
      {
        Action: ['Update:Replace', 'Update:Delete'],
        Resource: '*',
        Condition: {
          StringEquals: {
            ResourceType: ['AWS::KMS::Key', 'AWS::KMS::ReplicaKey', 'AWS::SecretsManager::Secret'],
          },
        },
      },
    ])
    expect(Object.keys(service.template.Resources)).toEqual(
      expect.arrayContaining(['SigningKey', 'ConfigurationSecret']),
    )
  })
})

describe('the template', () => {
  test('stays far from the limits of CloudFormation', () => {
    expect(JSON.stringify(service.template).length).toBeLessThan(500_000)
    expect(Object.keys(service.template.Resources).length).toBeLessThan(250)
    expect(Object.keys(service.template.Parameters).length).toBeLessThan(100)
  })

  test('needs no parameter: each has a default', () => {
    const without = Object.entries(service.template.Parameters).filter(([, one]) => one.Default === undefined)
    expect(without).toEqual([])
  })
})
