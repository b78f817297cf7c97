import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { KMS_TOTAL_MS, PROVIDER_TOTAL_MS } from '../../lib/limits.ts'
import { copyService, keys, packageIn, readJson, TEMPLATE } from '../package/service.ts'

interface Resource {
  Type: string
  DeletionPolicy?: string
  UpdateReplacePolicy?: string
  Properties: Record<string, unknown>
}

let service: Awaited<ReturnType<typeof copyService>>
let template: { Resources: Record<string, Resource>; Outputs: Record<string, { Value: unknown }> }

beforeAll(async () => {
  service = await copyService()
  await packageIn(service.dir)
  template = await readJson(service.dir, TEMPLATE)
})

afterAll(() => service.remove())

const ofType = (type: string) => Object.entries(template.Resources).filter(([, { Type }]) => Type === type)
const only = (type: string): [string, Resource] => {
  const found = ofType(type)
  expect(found, type).toHaveLength(1)
  return found[0] as [string, Resource]
}

describe('the function', () => {
  test('is one, on arm64 and Node 24, with its own role and the name of its configuration', () => {
    const [, { Properties }] = only('AWS::Lambda::Function')
    expect(Properties).toMatchObject({
      Handler: 'dist/oauth.handler',
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      MemorySize: 512,
      Environment: { Variables: { COUNTERSIGN_SECRET_ID: { Ref: 'ConfigurationSecret' } } },
      Role: { 'Fn::GetAtt': ['SigningRole', 'Arn'] },
    })
    // Nothing else is told to it: in particular no endpoint, no key and no switch.
    expect(keys(Properties.Environment)).toEqual(['Variables', 'COUNTERSIGN_SECRET_ID', 'Ref'])
  })

  test('REQ-6: outlives KMS and the provider together, and ends before API Gateway gives up', () => {
    const { Timeout } = only('AWS::Lambda::Function')[1].Properties as { Timeout: number }
    expect(Timeout).toBe(20)
    expect(Timeout * 1000).toBeGreaterThan(KMS_TOTAL_MS + PROVIDER_TOTAL_MS)
    expect(Timeout).toBeLessThan(30)
  })

  test('LOG-6: its log is kept for 30 days', () => {
    const [name, { Properties }] = only('AWS::Logs::LogGroup')
    expect(name).toBe('OauthLogGroup')
    expect(Properties).toMatchObject({ RetentionInDays: 30 })
  })
})

describe('the HTTP API', () => {
  test('CORS-10: leaves CORS to the function', async () => {
    expect(keys(template).filter(key => /cors/i.test(key))).toEqual([])
    const configuration = await readFile(join(service.dir, 'serverless.yml'), 'utf8')
    expect(keys(parse(configuration, { logLevel: 'silent' })).filter(key => /cors/i.test(key))).toEqual([])
  })

  test('sends every method of its routes to the function', () => {
    const routes = ofType('AWS::ApiGatewayV2::Route').map(([, { Properties }]) => Properties.RouteKey)
    expect(routes).toEqual(['ANY /token', 'ANY /revoke', 'ANY /par', 'ANY /device_authorization'])
    const [, { Properties }] = only('AWS::ApiGatewayV2::Integration')
    expect(Properties).toMatchObject({ PayloadFormatVersion: '2.0', IntegrationType: 'AWS_PROXY' })
  })

  test('is where the outputs say that it is', () => {
    expect(template.Outputs).toMatchObject({
      TokenEndpoint: {
        Value: { 'Fn::Sub': `https://\${HttpApi}.execute-api.\${AWS::Region}.\${AWS::URLSuffix}/token` },
      },
      SigningKeyArn: { Value: { 'Fn::GetAtt': ['SigningKey', 'Arn'] } },
      ConfigurationSecretArn: { Value: { Ref: 'ConfigurationSecret' } },
      SigningRoleArn: { Value: { 'Fn::GetAtt': ['SigningRole', 'Arn'] } },
    })
  })
})

describe('the role', () => {
  test('may read the configuration and write its own log, and nothing else', () => {
    const [name, { Properties }] = only('AWS::IAM::Role')
    expect(name).toBe('SigningRole')
    const statement = (
      Properties.Policies as { PolicyDocument: { Statement: Record<string, unknown>[] } }[]
    ).flatMap(({ PolicyDocument }) => PolicyDocument.Statement)
    expect(statement.map(({ Effect, Action, Resource }) => ({ Effect, Action, Resource }))).toEqual([
      { Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: { Ref: 'ConfigurationSecret' } },
      {
        Effect: 'Allow',
        Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        Resource: { 'Fn::GetAtt': ['OauthLogGroup', 'Arn'] },
      },
    ])
    expect(JSON.stringify(Properties)).not.toContain('*')
  })

  test('has no managed policy and no policy elsewhere', () => {
    expect(only('AWS::IAM::Role')[1].Properties).not.toHaveProperty('ManagedPolicyArns')
    expect(Object.values(template.Resources).filter(({ Type }) => /^AWS::IAM::.*Policy$/.test(Type))).toEqual(
      [],
    )
  })

  test('is taken on by Lambda alone', () => {
    expect(only('AWS::IAM::Role')[1].Properties.AssumeRolePolicyDocument).toEqual({
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
      ],
    })
  })
})

describe('the signing key', () => {
  interface Statement {
    Principal: unknown
    Action: string | string[]
    Condition?: unknown
  }
  const statements = () =>
    (only('AWS::KMS::Key')[1].Properties.KeyPolicy as { Statement: Statement[] }).Statement
  const actions = ({ Action }: Statement) => [Action].flat()

  test('is asymmetric, made by KMS, and outlives the stack', () => {
    const [, key] = only('AWS::KMS::Key')
    expect(key).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' })
    expect(key.Properties).toMatchObject({ KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' })
    // No Origin: EXTERNAL, that is, nobody brings key material along.
    expect(key.Properties).not.toHaveProperty('Origin')
    expect(key.Properties).not.toHaveProperty('MultiRegion')
  })

  test('KMS-8: lets the role sign, whole messages, with one algorithm', () => {
    expect(statements().filter(statement => actions(statement).includes('kms:Sign'))).toEqual([
      {
        Sid: 'SignAssertions',
        Effect: 'Allow',
        Principal: { AWS: { 'Fn::GetAtt': ['SigningRole', 'Arn'] } },
        Action: 'kms:Sign',
        Resource: '*',
        Condition: {
          StringEquals: {
            'kms:SigningAlgorithm': 'RSASSA_PKCS1_V1_5_SHA_256',
            'kms:MessageType': 'RAW',
          },
        },
      },
    ])
  })

  test('KMS-9: lets the account administer it, by a list of actions, none of which signs or hands it on', () => {
    const others = statements().filter(statement => !actions(statement).includes('kms:Sign'))
    expect(others.map(({ Principal }) => Principal)).toEqual([
      { AWS: { 'Fn::Sub': `arn:\${AWS::Partition}:iam::\${AWS::AccountId}:root` } },
    ])
    const listed = others.flatMap(actions)
    expect(listed).toContain('kms:PutKeyPolicy')
    expect(
      listed.filter(action => /\*|Grant|Sign|Verify|crypt|Generate|Derive|Replicate/.test(action)),
    ).toEqual([])
  })
})

describe('the configuration', () => {
  test('is written empty once: CloudFormation writes it again only when this changes, so it must not', () => {
    const [, secret] = only('AWS::SecretsManager::Secret')
    expect(secret.Properties.SecretString).toBe('{"version":1,"clients":[]}')
    expect(secret).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' })
    // A fixed name would stand in the way of a second deployment after the stack is gone.
    expect(secret.Properties).not.toHaveProperty('Name')
  })

  test('and the key can be neither replaced nor removed by a stack update', async () => {
    const { service: state } = await readJson(service.dir, '.serverless/serverless-state.json')
    const denied = state.provider.stackPolicy.filter(({ Effect }: { Effect: string }) => Effect === 'Deny')
    expect(denied).toMatchObject([
      {
        Action: ['Update:Replace', 'Update:Delete'],
        Resource: ['LogicalResourceId/SigningKey', 'LogicalResourceId/ConfigurationSecret'],
      },
    ])
    expect(Object.keys(template.Resources)).toEqual(
      expect.arrayContaining(['SigningKey', 'ConfigurationSecret']),
    )
  })
})
