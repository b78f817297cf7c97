import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packageIn, readJson, TEMPLATE } from '../package/service.ts'
import { type Moto, motoTypes, startMoto, without } from './moto.ts'
import { packagedCopy, type Template } from './packaged.ts'

// The template, deployed: by moto's CloudFormation, where it is installed. (Its keys are all symmetric, whatever the template
// says; of a key, only the policy and whether it stays can be seen there.)

/** What moto's does not make. Of these the other tests look at the template alone, and no test sees them deployed. */
const NOT_DEPLOYED = [
  'AWS::ApiGateway::Authorizer',
  'AWS::ApiGateway::GatewayResponse',
  'AWS::ApiGateway::Stage',
  'AWS::ApiGatewayV2::Api',
  'AWS::ApiGatewayV2::ApiMapping',
  'AWS::ApiGatewayV2::DomainName',
  'AWS::ApiGatewayV2::Integration',
  'AWS::ApiGatewayV2::Route',
  'AWS::ApiGatewayV2::Stage',
  'AWS::Budgets::Budget',
  'AWS::CloudFront::CachePolicy',
  'AWS::CloudFront::Distribution',
  'AWS::CloudWatch::Alarm',
  'AWS::KMS::ReplicaKey',
  'AWS::Lambda::Alias',
  // It makes these, for a function; an alias it does not find.
  'AWS::Lambda::Permission',
  'AWS::S3::BucketPolicy',
  'AWS::SNS::Subscription',
  'AWS::SNS::TopicPolicy',
  'AWS::SecretsManager::Secret',
]

const types = new Set(motoTypes())
const installed = types.size > 0

describe.skipIf(!installed)("deployed by another CloudFormation than AWS's", () => {
  let service: Awaited<ReturnType<typeof packagedCopy>>
  let moto: Moto
  let dev: Template
  let prod: Template

  beforeAll(async () => {
    ;[service, moto] = await Promise.all([packagedCopy(), startMoto()])
    const left = new Set(NOT_DEPLOYED)
    dev = without(service.template, left)
    await packageIn(service.dir, ['--stage', 'prod'])
    prod = without(await readJson(service.dir, TEMPLATE), left)
  })
  afterAll(async () => {
    await moto.stop()
    await service.remove()
  })

  const deploy = (action: 'CreateStack' | 'UpdateStack', stack: string, template: Template, given = {}) =>
    moto.query('cloudformation', action, {
      StackName: stack,
      TemplateBody: JSON.stringify(template),
      ...Object.fromEntries(
        Object.entries(given).flatMap(([key, value], i) => [
          [`Parameters.member.${i + 1}.ParameterKey`, key],
          [`Parameters.member.${i + 1}.ParameterValue`, value],
        ]),
      ),
    })
  /** Logical to physical ids. */
  async function standing(stack: string): Promise<Record<string, string>> {
    const text = await moto.query('cloudformation', 'DescribeStackResources', { StackName: stack })
    const found = text.matchAll(
      /<LogicalResourceId>(.*?)<[\s\S]*?<PhysicalResourceId>(.*?)<[\s\S]*?<ResourceStatus>(.*?)</g,
    )
    return Object.fromEntries([...found].map(([, logical, physical]) => [logical, physical]))
  }
  /** The role and the table: names of functions are taken by the other stack. */
  const leasing = ({ Resources }: Template) =>
    Object.fromEntries(['SigningRole', 'Leases'].map(name => [name, Resources[name]!]))
  // It gives the policy as it was told it, and not as text.
  const policyOf = async (KeyId: string) =>
    (await moto.json('kms', 'TrentService.GetKeyPolicy', { KeyId, PolicyName: 'default' })).Policy
  const keys = async (): Promise<string[]> =>
    (await moto.json('kms', 'TrentService.ListKeys')).Keys.map(({ KeyId }: { KeyId: string }) => KeyId)
  const logGroups = async (): Promise<Record<string, number>> => {
    const { logGroups: groups } = await moto.json('logs', 'Logs_20140328.DescribeLogGroups')
    return Object.fromEntries(
      groups.map((one: { logGroupName: string; retentionInDays: number }) => [
        one.logGroupName,
        one.retentionInDays,
      ]),
    )
  }

  test('all that it can make: what it cannot is listed, and nothing else is left out', () => {
    const unknown = Object.values(service.template.Resources).map(({ Type }) => Type)
    const left = [...new Set(unknown)].filter(type => !types.has(type) || type === 'AWS::Lambda::Permission')
    expect(left.sort()).toEqual(NOT_DEPLOYED)
    expect(Object.keys(dev.Resources).length).toBeGreaterThan(25)
  })

  test.for(NOT_DEPLOYED)('%s', (_, { skip }) => skip('moto does not make it'))

  test('stands there with the policy of its key, its roles, its logs and its rules', async () => {
    await deploy('CreateStack', 'dev', dev)
    const ids = await standing('dev')
    const key = ids.SigningKey!
    // (It leaves null where something is left out of a list.)
    const { Statement } = await policyOf(key)
    const signers = Statement.filter((one: { Action: string } | null) => one?.Action === 'kms:Sign')
    expect(signers).toEqual([
      {
        Sid: 'SignAssertions',
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::123456789012:role/${ids.SigningRole}` },
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

    const text = await moto.query('iam', 'GetRolePolicy', {
      RoleName: ids.SigningRole!,
      PolicyName: 'signing-function',
    })
    const policy = decodeURIComponent(/<PolicyDocument>(.*?)</.exec(text)?.[1] ?? '')
    expect(policy).toContain('secretsmanager:GetSecretValue')
    expect(policy).toContain(`:log-group:${ids.OauthLogGroup}`)

    const groups = await logGroups()
    for (const name of ['Oauth', 'Jwks', 'Probe', 'Access']) expect(groups[ids[`${name}LogGroup`]!]).toBe(30)

    const { Configuration } = await moto.get('lambda', `/2015-03-31/functions/${ids.OauthLambdaFunction}`)
    expect(Configuration).toMatchObject({
      Handler: 'dist/oauth.handler',
      Runtime: 'nodejs24.x',
      Role: `arn:aws:iam::123456789012:role/${ids.SigningRole}`,
    })
    const { Rules } = await moto.json('events', 'AWSEvents.ListRules')
    expect(Rules).toHaveLength(4)
  })

  test('a second stage stands beside it, of its own in everything', async () => {
    await deploy('CreateStack', 'prod', prod, { SigningAlgorithm: 'ES256', LogRetentionDays: '365' })
    const [first, second] = await Promise.all([standing('dev'), standing('prod')])
    expect(Object.keys(second)).toEqual(Object.keys(first))
    expect(Object.values(second).filter(id => Object.values(first).includes(id))).toEqual([])
    const { Statement } = await policyOf(second.SigningKey!)
    expect(JSON.stringify(Statement)).toContain('"kms:SigningAlgorithm":"ECDSA_SHA_256"')
    const groups = await logGroups()
    expect(groups[second.OauthLogGroup!]).toBe(365)
    expect(groups[first.OauthLogGroup!]).toBe(30)
  })

  test('with cookie deliveries and the table: keyed as it is leased by, and the function may use it', async () => {
    const given = { CookieDeliveries: 'true', LeaseTable: 'true' }
    await deploy('CreateStack', 'leasing', { ...dev, Resources: leasing(dev), Outputs: {} }, given)
    const { Leases, SigningRole } = await standing('leasing')
    const { Table } = await moto.json('dynamodb', 'DynamoDB_20120810.DescribeTable', { TableName: Leases })
    expect(Table).toMatchObject({
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
    })
    const text = await moto.query('iam', 'GetRolePolicy', {
      RoleName: SigningRole!,
      PolicyName: 'leases',
    })
    const policy = decodeURIComponent(/<PolicyDocument>(.*?)</.exec(text)?.[1] ?? '')
    expect(policy).toContain('dynamodb:PutItem')
    expect(policy).toContain(Table.TableArn)
    expect(await standing('dev')).not.toHaveProperty('Leases')
  })

  test('another deployment over it leaves key and logs where they are', async () => {
    const before = await standing('dev')
    await deploy('UpdateStack', 'dev', dev, { ProbeMinutes: '15', KeyAgeMaxDays: '30' })
    const after = await standing('dev')
    for (const name of [
      'SigningKey',
      'SigningRole',
      'OauthLogGroup',
      'AccessLogGroup',
      'OauthLambdaFunction',
    ]) {
      expect(after[name]).toBe(before[name])
    }
    expect(await keys()).toContain(after.SigningKey)
  })

  test('taken away, it leaves key and logs, and another one finds nothing in its way', async () => {
    const before = await standing('dev')
    const other = await standing('prod')
    await moto.query('cloudformation', 'DeleteStack', { StackName: 'dev' })
    expect(await keys()).toContain(before.SigningKey)
    expect(Object.keys(await logGroups())).toEqual(expect.arrayContaining([before.OauthLogGroup]))
    await deploy('CreateStack', 'dev', dev)
    const after = await standing('dev')
    expect(after.SigningKey).not.toBe(before.SigningKey)
    expect(after.OauthLogGroup).not.toBe(before.OauthLogGroup)
    // The other stage has not noticed.
    expect(await standing('prod')).toEqual(other)
    expect(await keys()).toContain(other.SigningKey)
  })
})
