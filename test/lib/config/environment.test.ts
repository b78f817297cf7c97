import { describe, expect, test } from 'vitest'
import { type Environment, readEnvironment } from '../../../lib/config/environment.ts'
import { ConfigurationError, type Problem } from '../../../lib/config/problems.ts'

const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'sentinel-secret' }
const INLINE = { ...CREDENTIALS, COUNTERSIGN_CONFIG: '{"version":1,"clients":[]}' }
const SECRET_ARN = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:countersign/config-AbCdEf'
const BOTH = 'COUNTERSIGN_CONFIG, COUNTERSIGN_SECRET_ID'

function problemsOf(env: Record<string, string | undefined>): readonly Problem[] {
  try {
    readEnvironment(env)
    return []
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems
    throw error
  }
}

describe('what it reads', () => {
  test('an inline document needs no region', () => {
    expect(readEnvironment(INLINE)).toStrictEqual({
      source: { inline: INLINE.COUNTERSIGN_CONFIG },
      onLambda: false,
      credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'sentinel-secret' },
    })
  })

  test('what Lambda gives: a function name, a Region and a session token', () => {
    const env = {
      ...CREDENTIALS,
      AWS_LAMBDA_FUNCTION_NAME: 'oauth',
      AWS_REGION: 'eu-central-1',
      AWS_SESSION_TOKEN: 'session',
      COUNTERSIGN_SECRET_ID: 'countersign/config',
    }
    expect(readEnvironment(env)).toEqual({
      source: { secret_id: 'countersign/config' },
      region: 'eu-central-1',
      onLambda: true,
      function_name: 'oauth',
      credentials: {
        accessKeyId: 'AKIDEXAMPLE',
        secretAccessKey: 'sentinel-secret',
        sessionToken: 'session',
      },
    })
  })

  test('a secret that is named by its ARN names its Region too', () => {
    const environment = readEnvironment({ ...CREDENTIALS, COUNTERSIGN_SECRET_ID: SECRET_ARN })
    expect(environment.source).toEqual({ secret_id: SECRET_ARN })
    expect('region' in environment).toBe(false)
  })

  test.each(['countersign/session-keys', SECRET_ARN, SECRET_ARN.replace('aws', 'aws-us-gov')])(
    'the keys of sessions: %s',
    COUNTERSIGN_SESSION_SECRET_ID => {
      const { source, session_secret_id } = readEnvironment({ ...INLINE, COUNTERSIGN_SESSION_SECRET_ID })
      expect(session_secret_id).toBe(COUNTERSIGN_SESSION_SECRET_ID)
      expect(source).toEqual({ inline: INLINE.COUNTERSIGN_CONFIG })
    },
  )

  test.each([
    ['https://auth.example.com', 'https://auth.example.com'],
    ['https://auth.example.com/', 'https://auth.example.com'],
    ['https://auth.example.com/stage/', 'https://auth.example.com/stage'],
  ])('where the deployment is, to put a path behind it: %s', (COUNTERSIGN_URL, url) => {
    expect(readEnvironment({ ...INLINE, COUNTERSIGN_URL }).url).toBe(url)
  })

  test('AWS_REGION goes before AWS_DEFAULT_REGION', () => {
    const env = { ...INLINE, AWS_DEFAULT_REGION: 'us-east-1' }
    expect(readEnvironment(env).region).toBe('us-east-1')
    expect(readEnvironment({ ...env, AWS_REGION: 'eu-west-1' }).region).toBe('eu-west-1')
  })

  test("each service's endpoint goes before the general one", () => {
    const env = {
      ...INLINE,
      AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
      AWS_ENDPOINT_URL_KMS: 'http://127.0.0.1:2/kms',
    }
    const { kms_endpoint, secrets_manager_endpoint } = readEnvironment(env)
    expect([kms_endpoint, secrets_manager_endpoint]).toEqual(['http://127.0.0.1:2/kms', 'http://127.0.0.1:1'])
    const own = {
      ...INLINE,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: 'https://vpce-1.secretsmanager.eu-west-1.vpce.amazonaws.com',
    }
    expect(readEnvironment(own).secrets_manager_endpoint).toBe(own.AWS_ENDPOINT_URL_SECRETS_MANAGER)
    expect(readEnvironment(own).kms_endpoint).toBeUndefined()
  })

  test('the table of leases, with its endpoint; without a table the endpoint is of no use', () => {
    const env = { ...INLINE, AWS_REGION: 'eu-west-1', AWS_ENDPOINT_URL: 'http://127.0.0.1:1' }
    const own = { ...env, AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:3' }
    const at = ({ lease_table, dynamodb_endpoint }: Environment) => [lease_table, dynamodb_endpoint]
    expect(at(readEnvironment({ ...env, COUNTERSIGN_LEASE_TABLE: 'leases' }))).toEqual([
      'leases',
      'http://127.0.0.1:1',
    ])
    expect(at(readEnvironment({ ...own, COUNTERSIGN_LEASE_TABLE: 'a.b-c_D9' }))).toEqual([
      'a.b-c_D9',
      'http://127.0.0.1:3',
    ])
    for (const COUNTERSIGN_LEASE_TABLE of ['', undefined]) {
      const environment = readEnvironment({ ...own, COUNTERSIGN_LEASE_TABLE })
      expect(environment).not.toHaveProperty('lease_table')
      expect(environment).not.toHaveProperty('dynamodb_endpoint')
    }
  })

  test('a variable that is set to nothing is unset', () => {
    const env = {
      ...INLINE,
      COUNTERSIGN_SECRET_ID: '',
      AWS_REGION: '',
      AWS_ENDPOINT_URL: '',
      AWS_SESSION_TOKEN: '',
      COUNTERSIGN_LEASE_TABLE: '',
    }
    expect(readEnvironment({ ...env, AWS_LAMBDA_FUNCTION_NAME: '' })).toEqual(readEnvironment(INLINE))
  })

  test('process.env is what it reads by default', () => {
    const before = { ...process.env }
    try {
      for (const name of Object.keys(process.env)) {
        if (/^(AWS_|COUNTERSIGN_)/.test(name)) delete process.env[name]
      }
      Object.assign(process.env, INLINE)
      expect(readEnvironment()).toEqual(readEnvironment(INLINE))
    } finally {
      for (const name of Object.keys(INLINE)) delete process.env[name]
      Object.assign(process.env, before)
    }
  })
})

describe('what it refuses', () => {
  test('neither source', () => {
    expect(problemsOf(CREDENTIALS)).toEqual([{ path: BOTH, message: 'neither is set: exactly one must be' }])
  })

  test('both sources', () => {
    const env = { ...INLINE, COUNTERSIGN_SECRET_ID: SECRET_ARN }
    expect(problemsOf(env)).toEqual([{ path: BOTH, message: 'both are set: exactly one must be' }])
  })

  test('the name of a secret without a Region', () => {
    expect(problemsOf({ ...CREDENTIALS, COUNTERSIGN_SECRET_ID: 'countersign' })).toEqual([
      { path: 'AWS_REGION', message: 'is required where COUNTERSIGN_SECRET_ID is not an ARN' },
    ])
  })

  test.each([
    'two words',
    'x'.repeat(513),
    'arn:aws:ssm:eu-west-1:111122223333:parameter/x',
    'name\n',
    `${SECRET_ARN} and more`,
    `see ${SECRET_ARN}`,
  ])('%j as the name of a secret', name => {
    const message = 'must be the name or the ARN of a secret'
    expect(problemsOf({ ...CREDENTIALS, AWS_REGION: 'eu-west-1', COUNTERSIGN_SECRET_ID: name })).toEqual([
      { path: 'COUNTERSIGN_SECRET_ID', message },
    ])
    expect(problemsOf({ ...INLINE, COUNTERSIGN_SESSION_SECRET_ID: name })).toEqual([
      { path: 'COUNTERSIGN_SESSION_SECRET_ID', message },
    ])
  })

  test.each(['eu-west-1.evil.example', 'EU', 'eu west', 'x/'])(
    '%j as a Region, which goes into a host name',
    region => {
      const message = 'must be the name of a Region'
      expect(problemsOf({ ...INLINE, AWS_REGION: region })).toEqual([{ path: 'AWS_REGION', message }])
      expect(problemsOf({ ...INLINE, AWS_DEFAULT_REGION: region })).toEqual([
        { path: 'AWS_DEFAULT_REGION', message },
      ])
    },
  )

  test.each([
    'ab',
    'x'.repeat(256),
    'two words',
    'arn:aws:dynamodb:eu-west-1:111122223333:table/x',
    'table\n',
  ])('%j as the name of a table', COUNTERSIGN_LEASE_TABLE => {
    expect(problemsOf({ ...INLINE, AWS_REGION: 'eu-west-1', COUNTERSIGN_LEASE_TABLE })).toEqual([
      { path: 'COUNTERSIGN_LEASE_TABLE', message: 'must be the name of a DynamoDB table' },
    ])
  })

  test('a table without a Region', () => {
    expect(problemsOf({ ...INLINE, COUNTERSIGN_LEASE_TABLE: 'leases' })).toEqual([
      { path: 'AWS_REGION', message: 'is required where COUNTERSIGN_LEASE_TABLE is set' },
    ])
  })

  test.each([
    'AWS_ENDPOINT_URL',
    'AWS_ENDPOINT_URL_KMS',
    'AWS_ENDPOINT_URL_SECRETS_MANAGER',
    'AWS_ENDPOINT_URL_DYNAMODB',
  ])('%s in plain http, but for loopback when not on Lambda', name => {
    expect(problemsOf({ ...INLINE, [name]: 'http://kms.example.com' })).toEqual([
      { path: name, message: 'must be https (http is for loopback hosts only, and never on Lambda)' },
    ])
    expect(problemsOf({ ...INLINE, [name]: 'http://localhost:4566' })).toEqual([])
    expect(problemsOf({ ...INLINE, [name]: 'http://localhost:4566', AWS_LAMBDA_FUNCTION_NAME: 'f' })).toEqual(
      [{ path: name, message: 'must not be a loopback host on Lambda' }],
    )
  })

  test('missing credentials: the message says that nothing else is asked for them', () => {
    const problems = problemsOf({ COUNTERSIGN_CONFIG: '{}', AWS_PROFILE: 'default' })
    expect(problems.map(({ path }) => path)).toEqual(['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'])
    for (const { message } of problems) expect(message).toMatch(/no profile and no default chain is read/)
  })

  test('everything at once, and without any value', () => {
    const sentinels = {
      COUNTERSIGN_CONFIG: 'sentinel-1',
      COUNTERSIGN_SECRET_ID: 'sentinel-2 111122223333',
      AWS_REGION: 'sentinel.3',
      AWS_ENDPOINT_URL: 'sentinel-4',
      AWS_ENDPOINT_URL_KMS: 'http://sentinel-5',
      AWS_SECRET_ACCESS_KEY: 'sentinel-6',
    }
    const problems = problemsOf(sentinels)
    expect(problems.map(({ path }) => path)).toEqual([
      BOTH,
      'AWS_REGION',
      'AWS_ENDPOINT_URL',
      'AWS_ENDPOINT_URL_KMS',
      'AWS_ACCESS_KEY_ID',
    ])
    expect(JSON.stringify(problems)).not.toMatch(/sentinel|111122223333/)
  })
})
