import { beforeAll, describe, expect, test } from 'vitest'
import { ACCOUNT, EVERYTHING, KNOWN, ofType, packaged } from './packaged.ts'

// Who may do what: all of it, by name.

interface Statement {
  Sid?: string
  Effect: string
  Principal: unknown
  Action: string | string[]
  Resource: unknown
  Condition?: Record<string, Record<string, unknown>>
}

let service: Awaited<ReturnType<typeof packaged>>
beforeAll(async () => {
  service = await packaged()
})

const SECRET = KNOWN.ConfigurationSecret
const read = { Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: SECRET }
const log = (name: string) => ({
  Effect: 'Allow',
  Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
  Resource: KNOWN[`${name}LogGroup.Arn`],
})
const openSessions = { ...read, Resource: KNOWN.SessionSecret }
/** With every option there is more of it. */
const roles = (all: boolean) => ({
  SigningRole: all
    ? [
        openSessions,
        {
          Effect: 'Allow',
          Action: ['dynamodb:DeleteItem', 'dynamodb:GetItem', 'dynamodb:PutItem'],
          Resource: KNOWN['Leases.Arn'],
        },
        read,
        log('Oauth'),
      ]
    : [read, log('Oauth')],
  JwksRole: [read, log('Jwks')],
  ProbeRole: [read, log('Probe')],
  ...(all && { AuthorizerRole: [read, openSessions, log('Authorizer')] }),
  OperatorRole: [
    {
      Effect: 'Allow',
      Action: [
        'secretsmanager:DescribeSecret',
        'secretsmanager:GetSecretValue',
        'secretsmanager:ListSecretVersionIds',
        'secretsmanager:PutSecretValue',
        'secretsmanager:UpdateSecretVersionStage',
      ],
      Resource: SECRET,
    },
    {
      Effect: 'Allow',
      Action: ['logs:DescribeLogStreams', 'logs:FilterLogEvents', 'logs:GetLogEvents'],
      Resource: ['Oauth', 'Jwks', 'Probe', 'Access'].map(name => KNOWN[`${name}LogGroup.Arn`]),
    },
    ...(all
      ? [
          {
            Effect: 'Allow',
            Action: ['logs:DescribeLogStreams', 'logs:FilterLogEvents', 'logs:GetLogEvents'],
            Resource: ['Authorizer', 'SessionApi'].map(name => KNOWN[`${name}LogGroup.Arn`]),
          },
        ]
      : []),
  ],
})

/** Every statement of every role: those within it, and those of policies beside it. */
function statements(given: Record<string, string>): Record<string, Statement[]> {
  const { resources } = service.standing(given)
  const nameOf = (id: unknown) => Object.keys(KNOWN).find(name => KNOWN[name] === id)
  const beside = ofType(resources, 'AWS::IAM::Policy').map(([, { Properties }]) => ({
    roles: Properties.Roles.map(nameOf) as string[],
    Statement: Properties.PolicyDocument.Statement as Statement[],
  }))
  const all = ofType(resources, 'AWS::IAM::Role').map(([name, { Properties }]) => [
    name,
    [
      ...(Properties.Policies ?? []).flatMap(
        ({ PolicyDocument }: { PolicyDocument: { Statement: Statement[] } }) => PolicyDocument.Statement,
      ),
      ...beside.filter(({ roles }) => roles.includes(name)).flatMap(({ Statement }) => Statement),
    ].map(({ Sid: _, ...statement }) => statement),
  ])
  return Object.fromEntries(all)
}

describe.each([
  ['by default', {}, false],
  ['with every option', EVERYTHING, true],
] as const)('the roles, %s', (_, given: Record<string, string>, all) => {
  test('may do this and nothing else', () => {
    expect(statements(given)).toEqual(roles(all))
  })

  test('without a "*", but for the one of a log group\'s streams', () => {
    for (const { Action, Resource } of Object.values(statements(given)).flat()) {
      expect([Action].flat().join()).not.toContain('*')
      const named = [Resource].flat().map(arn => String(arn).replace(/-x:\*$/, ''))
      expect(named.join()).not.toContain('*')
    }
  })

  test('every policy belongs to one of them', () => {
    const { resources } = service.standing(given)
    const others = Object.values(resources).filter(
      ({ Type }) => /^AWS::IAM::/.test(Type) && !['AWS::IAM::Role', 'AWS::IAM::Policy'].includes(Type),
    )
    expect(others).toEqual([])
    for (const [, { Properties }] of ofType(resources, 'AWS::IAM::Policy')) {
      expect(Properties.Roles).toHaveLength(1)
      expect(Properties).not.toHaveProperty('Users')
      expect(Properties).not.toHaveProperty('Groups')
    }
  })
})

describe('what cookies are sealed with', () => {
  /** Whose statements name it, whatever they allow. */
  const readers = (given: Record<string, string>, secret: string) =>
    Object.entries(statements(given))
      .filter(([, all]) => all.some(({ Resource }) => [Resource].flat().includes(secret)))
      .map(([name]) => name)

  test('is read by the signing function and the authorizer alone', () => {
    expect(readers(EVERYTHING, KNOWN.SessionSecret!)).toEqual(['SigningRole', 'AuthorizerRole'])
    // In a second Region it is the replica.
    const SessionSecretArn = `arn:aws:secretsmanager:eu-central-1:${ACCOUNT}:secret:SessionSecret-a-b`
    const second = { ...EVERYTHING, SessionSecretArn }
    expect(readers(second, SessionSecretArn)).toEqual(['SigningRole', 'AuthorizerRole'])
    expect(readers(second, KNOWN.SessionSecret!)).toEqual([])
  })

  test('the authorizer has nothing to do with KMS, and no key names it', () => {
    const { AuthorizerRole } = statements(EVERYTHING)
    expect(JSON.stringify(AuthorizerRole)).not.toContain('kms')
    const policies = ofType(service.standing(EVERYTHING).resources, 'AWS::KMS::Key')
    expect(JSON.stringify(policies)).toContain(KNOWN['SigningRole.Arn'])
    expect(JSON.stringify(policies)).not.toMatch(/authorizer/i)
  })

  test('without the API behind it nobody but the signing function reads it', () => {
    expect(readers({ CookieDeliveries: 'true' }, KNOWN.SessionSecret!)).toEqual(['SigningRole'])
    expect(statements({ CookieDeliveries: 'true' }).SigningRole).toEqual([openSessions, read, log('Oauth')])
  })
})

describe("the functions' roles", () => {
  test.each(['SigningRole', 'JwksRole', 'ProbeRole', 'AuthorizerRole'])(
    '%s is taken on by Lambda alone',
    name => {
      expect(service.standing(EVERYTHING).resources[name]!.Properties.AssumeRolePolicyDocument).toEqual({
        Version: '2012-10-17',
        Statement: [
          { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
        ],
      })
    },
  )

  test('have no managed policy, but for network interfaces, and that of one function in a network', () => {
    const managed = (given: Record<string, string>) =>
      ofType(service.standing(given).resources, 'AWS::IAM::Role').flatMap(
        ([name, { Properties }]) => Properties.ManagedPolicyArns?.map((arn: string) => [name, arn]) ?? [],
      )
    expect(managed({})).toEqual([])
    expect(managed({ VpcSubnetIds: 'subnet-1' })).toEqual([
      ['SigningRole', 'arn:aws:iam::aws:policy/service-role/AWSLambdaENIManagementAccess'],
    ])
  })
})

describe("the operator's role", () => {
  const trust = (given: Record<string, string>) =>
    service.standing(given).resources.OperatorRole!.Properties.AssumeRolePolicyDocument.Statement
  const statement = (principal: string) => ({
    Effect: 'Allow',
    Principal: { AWS: principal },
    Action: 'sts:AssumeRole',
  })

  test('is for whom the account lets take it on, or for one principal, with a second factor if wanted', () => {
    expect(trust({})).toEqual([statement(`arn:aws:iam::${ACCOUNT}:root`)])
    const ann = `arn:aws:iam::${ACCOUNT}:user/ann`
    expect(trust({ OperatorPrincipalArn: ann })).toEqual([statement(ann)])
    expect(trust({ OperatorMfa: 'true' })).toEqual([
      {
        ...statement(`arn:aws:iam::${ACCOUNT}:root`),
        Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'true' } },
      },
    ])
  })
})

describe('the signing key', () => {
  const key = (given: Record<string, string> = {}) => service.standing(given).resources.SigningKey!
  const policy = (given: Record<string, string> = {}, name = 'SigningKey') =>
    service.standing(given).resources[name]!.Properties.KeyPolicy.Statement as Statement[]
  const actions = ({ Action }: Statement) => [Action].flat()
  const signing = {
    Sid: 'SignAssertions',
    Effect: 'Allow',
    Principal: { AWS: KNOWN['SigningRole.Arn'] },
    Action: 'kms:Sign',
    Resource: '*',
    Condition: {
      StringEquals: { 'kms:SigningAlgorithm': 'RSASSA_PKCS1_V1_5_SHA_256', 'kms:MessageType': 'RAW' },
    },
  }

  test('is asymmetric, made by KMS, and outlives the stack', () => {
    expect(key()).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' })
    expect(key().Properties).toMatchObject({ KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' })
    // No Origin: EXTERNAL, that is, nobody brings key material along.
    expect(key().Properties).not.toHaveProperty('Origin')
    expect(key().Properties).not.toHaveProperty('MultiRegion')
  })

  test('KMS-8: lets the role sign, whole messages, with one algorithm', () => {
    expect(policy().filter(statement => actions(statement).includes('kms:Sign'))).toEqual([signing])
  })

  test.each([
    ['RS256', 'RSA_2048', 'RSASSA_PKCS1_V1_5_SHA_256'],
    ['RS384', 'RSA_2048', 'RSASSA_PKCS1_V1_5_SHA_384'],
    ['RS512', 'RSA_2048', 'RSASSA_PKCS1_V1_5_SHA_512'],
    ['PS256', 'RSA_2048', 'RSASSA_PSS_SHA_256'],
    ['PS384', 'RSA_2048', 'RSASSA_PSS_SHA_384'],
    ['PS512', 'RSA_2048', 'RSASSA_PSS_SHA_512'],
    ['ES256', 'ECC_NIST_P256', 'ECDSA_SHA_256'],
    ['ES384', 'ECC_NIST_P384', 'ECDSA_SHA_384'],
    ['ES512', 'ECC_NIST_P521', 'ECDSA_SHA_512'],
    ['EdDSA', 'ECC_NIST_EDWARDS25519', 'ED25519_SHA_512'],
  ])('for %s it is of %s and signs by %s', (SigningAlgorithm, spec, algorithm) => {
    expect(key({ SigningAlgorithm }).Properties.KeySpec).toBe(spec)
    const [statement] = policy({ SigningAlgorithm }).filter(({ Sid }) => Sid === 'SignAssertions')
    expect(statement!.Condition!.StringEquals!['kms:SigningAlgorithm']).toBe(algorithm)
  })

  test('KMS-9: lets the account and the operator administer it, by lists of actions, none of which signs or hands it on', () => {
    const others = policy().filter(statement => !actions(statement).includes('kms:Sign'))
    expect(others.map(({ Principal }) => Principal)).toEqual([
      { AWS: `arn:aws:iam::${ACCOUNT}:root` },
      { AWS: KNOWN['OperatorRole.Arn'] },
    ])
    const [account, operator] = others.map(actions)
    expect(account).toContain('kms:PutKeyPolicy')
    // Who runs the key command cannot let himself sign.
    expect(operator).not.toContain('kms:PutKeyPolicy')
    expect([...account!, ...operator!]).not.toContain('kms:CreateGrant')
    expect(
      [...account!, ...operator!].filter(action =>
        /\*|CreateGrant|Sign|Verify|crypt|Generate|Derive|Replicate/.test(action),
      ),
    ).toEqual([])
  })

  test("KMS-16: signs through the network's own endpoint alone, where there is one", () => {
    const inVpc = { VpcSubnetIds: 'subnet-1', VpcSecurityGroupIds: 'sg-1' }
    const [plain] = policy(inVpc).filter(({ Sid }) => Sid === 'SignAssertions')
    expect(plain).toEqual(signing)
    const [narrow] = policy({ ...inVpc, EndpointVpcId: 'vpc-1' }).filter(
      ({ Sid }) => Sid === 'SignAssertions',
    )
    expect(narrow!.Condition!.StringEquals).toEqual({
      ...signing.Condition.StringEquals,
      'aws:SourceVpce': 'vpce-kms',
    })
  })

  test('KMS-15: can be replicated if it is asked for, and is a replica in the second Region, under the same policy', () => {
    expect(key({ MultiRegionKey: 'true' }).Properties.MultiRegion).toBe(true)
    const [replicate, ...more] = policy({ MultiRegionKey: 'true' }).filter(
      statement => !policy().some(({ Sid }) => Sid === statement.Sid),
    )
    expect(more).toEqual([])
    expect(replicate).toMatchObject({ Action: 'kms:ReplicateKey' })

    const PrimaryKeyArn = `arn:aws:kms:eu-west-1:${ACCOUNT}:key/mrk-0123`
    const { resources, outputs } = service.standing({ PrimaryKeyArn })
    expect(resources).not.toHaveProperty('SigningKey')
    expect(resources.SigningKeyReplica).toMatchObject({
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
      Properties: { PrimaryKeyArn },
    })
    expect(policy({ PrimaryKeyArn }, 'SigningKeyReplica')).toEqual(policy())
    expect(outputs.SigningKeyArn!.Value).toBe(KNOWN['SigningKeyReplica.Arn'])
    expect(service.standing().resources).not.toHaveProperty('SigningKeyReplica')
  })

  test('no other key is made', () => {
    expect(ofType(service.standing(EVERYTHING).resources, 'AWS::KMS::Key').map(([name]) => name)).toEqual([
      'SigningKey',
    ])
  })
})
