import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { awsService, KEY, kms, root, secret, session, user, userWithSession } from '../support/cloudtrail.ts'
import { matches } from '../support/event-pattern.ts'
import { ACCOUNT, EVERYTHING, KNOWN, packaged, REGION } from './packaged.ts'

let service: Awaited<ReturnType<typeof packaged>>
beforeAll(async () => {
  service = await packaged()
})

const rule = (name: string, given: Record<string, string> = {}) =>
  service.standing(given).resources[name]!.Properties
const heard = (name: string, event: object, given: Record<string, string> = {}) =>
  matches(rule(name, given).EventPattern, event)

describe('KMS-17: a signature by anybody but the signing function', () => {
  const NAME = 'ForeignSignRule'
  const AlsoMaySign = `arn:aws:iam::${ACCOUNT}:role/other-service,arn:aws:iam::${ACCOUNT}:user/batch`

  test('is heard at all: a signature is a read-only event', () => {
    expect(rule(NAME).State).toBe('ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS')
    expect(rule(NAME).Targets).toMatchObject([{ Id: 'alarms', Arn: KNOWN.AlarmTopic }])
  })

  test.each([
    ['the session of another role', session('admin')],
    ['a user', user('mallory')],
    ['a user with a session', userWithSession('mallory')],
    ['root', root],
    ['a role whose name begins alike', session('signing-2')],
    [
      'another account, of which no more is told',
      { type: 'AWSAccount', principalId: 'AROA…', accountId: '999988887777' },
    ],
  ])('raises an alarm: %s', (_, identity) => {
    expect(heard(NAME, kms('Sign', identity))).toBe(true)
    expect(heard(NAME, kms('Sign', identity), { AlsoMaySign })).toBe(true)
  })

  test('does not, where it is the function, whatever its session is called', () => {
    expect(heard(NAME, kms('Sign', session('signing')))).toBe(false)
    expect(heard(NAME, kms('Sign', session('signing')), { AlsoMaySign })).toBe(false)
  })

  test('nor where somebody has been named, role or user', () => {
    expect(heard(NAME, kms('Sign', session('other-service')), { AlsoMaySign })).toBe(false)
    expect(heard(NAME, kms('Sign', user('batch')), { AlsoMaySign })).toBe(false)
    expect(heard(NAME, kms('Sign', session('other-service')))).toBe(true)
    expect(heard(NAME, kms('Sign', user('batch')))).toBe(true)
  })

  test('nor where it is a service of AWS, which no policy of ours lets in, or another operation', () => {
    expect(heard(NAME, kms('Sign', awsService))).toBe(false)
    expect(heard(NAME, kms('GetPublicKey', user('mallory')))).toBe(false)
  })
})

describe('a change of the key', () => {
  const NAME = 'KeyChangeRule'

  test.each([
    'PutKeyPolicy',
    'ScheduleKeyDeletion',
    'CancelKeyDeletion',
    'DisableKey',
    'EnableKey',
    'CreateGrant',
  ])('%s raises an alarm, whoever it is', name => {
    for (const identity of [session('operator'), session('admin'), user('ann'), root]) {
      expect(heard(NAME, kms(name, identity))).toBe(true)
    }
  })

  test('does not where nothing changes, or it is another key', () => {
    expect(heard(NAME, kms('GetKeyPolicy', root))).toBe(false)
    expect(heard(NAME, kms('Sign', session('signing')))).toBe(false)
    const other = KEY.replace('1234abcd', '00000000')
    expect(heard(NAME, kms('PutKeyPolicy', root, other))).toBe(false)
    // One made later is watched once it has been named.
    expect(heard(NAME, kms('PutKeyPolicy', root, other), { WatchedKeyArns: `${other},arn:…` })).toBe(true)
    expect(heard(NAME, kms('PutKeyPolicy', root), { WatchedKeyArns: other })).toBe(true)
  })
})

describe('a change of the configuration', () => {
  const NAME = 'ConfigurationChangeRule'
  const ARN = KNOWN.ConfigurationSecret!
  const names = [ARN, ARN.replace(/-GhIjKl$/, ''), 'ConfigurationSecret-a1B2c3D4e5F6']

  test.each([
    'PutSecretValue',
    'UpdateSecret',
    'UpdateSecretVersionStage',
    'DeleteSecret',
    'RestoreSecret',
    'PutResourcePolicy',
    'DeleteResourcePolicy',
    'RotateSecret',
    'TagResource',
    'UntagResource',
  ])('%s raises an alarm, however the secret is named, unless it is the operator', name => {
    for (const secretId of names) {
      for (const identity of [session('admin'), user('ann'), userWithSession('ann'), root]) {
        expect(heard(NAME, secret(name, identity, secretId))).toBe(true)
      }
      expect(heard(NAME, secret(name, session('operator'), secretId))).toBe(false)
    }
  })

  test('does not where it is read, or it is another secret', () => {
    expect(heard(NAME, secret('GetSecretValue', user('ann'), ARN))).toBe(false)
    expect(heard(NAME, secret('PutSecretValue', user('ann'), 'ConfigurationSecret-other'))).toBe(false)
  })

  test('in a second Region is that of the replica', () => {
    const ConfigurationSecretArn = `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:taken-over-123456`
    const named = [ConfigurationSecretArn, ConfigurationSecretArn.replace(/-123456$/, ''), 'taken-over']
    for (const secretId of named) {
      const stopped = secret('StopReplicationToReplica', root, secretId)
      expect(heard(NAME, stopped, { ConfigurationSecretArn })).toBe(true)
      expect(heard(NAME, stopped)).toBe(false)
    }
  })
})

describe('the keys of sessions', () => {
  const NAME = 'SessionSecretRule'
  const heardHere = (event: object) => heard(NAME, event, EVERYTHING)

  test.each([
    'GetSecretValue',
    'PutSecretValue',
    'UpdateSecretVersionStage',
    'DeleteSecret',
    'PutResourcePolicy',
  ])('%s raises an alarm, unless it is a function that opens sessions', name => {
    for (const identity of [
      session('operator'),
      session('admin'),
      user('ann'),
      userWithSession('ann'),
      root,
    ]) {
      expect(heardHere(secret(name, identity, KNOWN.SessionSecret!))).toBe(true)
    }
    for (const role of ['signing', 'authorizer']) {
      expect(heardHere(secret(name, session(role), KNOWN.SessionSecret!))).toBe(false)
    }
  })

  test('does not where it is another secret', () => {
    expect(heardHere(secret('GetSecretValue', user('ann'), KNOWN.ConfigurationSecret!))).toBe(false)
  })
})

test.each(['ForeignSignRule', 'KeyChangeRule', 'ConfigurationChangeRule', 'SessionSecretRule'])(
  '%s says its own name, which is that of its page, and fills in what it mentions',
  name => {
    const [{ InputTransformer }] = rule(name, name === 'SessionSecretRule' ? EVERYTHING : {}).Targets
    const { InputPathsMap, InputTemplate } = InputTransformer
    expect(InputTemplate).toMatch(new RegExp(`^"${name}: [^"]*docs/operations.md[^"]*"$`))
    const mentioned = [...InputTemplate.matchAll(/<(\w+)>/g)].map(([, key]) => key)
    expect(mentioned.sort()).toEqual(Object.keys(InputPathsMap).sort())
    const page = readFileSync(join(import.meta.dirname, '../../docs/operations.md'), 'utf8')
    expect(page).toContain(`| \`${name}\` |`)
  },
)

test('every rule goes to the topic that EventBridge and CloudWatch may publish to, and nobody else', () => {
  const { resources } = service.standing()
  const statements = resources.AlarmTopicPolicy!.Properties.PolicyDocument.Statement
  expect(statements).toEqual([
    {
      Sid: 'PublishAlarms',
      Effect: 'Allow',
      Principal: { Service: 'cloudwatch.amazonaws.com' },
      Action: 'sns:Publish',
      Resource: KNOWN.AlarmTopic,
      Condition: { StringEquals: { 'aws:SourceAccount': ACCOUNT } },
    },
    {
      Sid: 'PublishEvents',
      Effect: 'Allow',
      Principal: { Service: 'events.amazonaws.com' },
      Action: 'sns:Publish',
      Resource: KNOWN.AlarmTopic,
    },
  ])
})
