import { PassThrough } from 'node:stream'
import { GetPublicKeyCommand, KMSClient, SignCommand } from '@aws-sdk/client-kms'
import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CONFIG_SECRET, credentials, REGION, SESSION_SECRET } from '../../local/roles.ts'
import { type Stack, startStack } from '../../local/stack.ts'

// The local account's policies, as infra/ gives them to the deployed functions.

let stack: Stack
beforeAll(async () => {
  stack = await startStack({ port: 0, log: new PassThrough().resume() })
})
afterAll(() => stack.close())

const secretsAs = (name: string) =>
  new SecretsManagerClient({
    region: REGION,
    credentials: credentials(name),
    endpoint: stack.description.secrets_manager,
    maxAttempts: 1,
  })
const kmsAs = (name: string) =>
  new KMSClient({
    region: REGION,
    credentials: credentials(name),
    endpoint: stack.description.kms,
    maxAttempts: 1,
  })
const outcome = (sent: Promise<unknown>) =>
  sent.then(
    () => 'allowed',
    (error: Error) => error.name,
  )
const denied = 'AccessDeniedException'

describe('secrets', () => {
  test.each([
    ['oauth', 'allowed', 'allowed'],
    ['authorizer', 'allowed', 'allowed'],
    ['jwks', 'allowed', denied],
  ])('%s reads the configuration: %s, and what seals sessions: %s', async (name, configuration, session) => {
    const read = (SecretId: string) => outcome(secretsAs(name).send(new GetSecretValueCommand({ SecretId })))
    expect([await read(CONFIG_SECRET), await read(SESSION_SECRET)]).toEqual([configuration, session])
  })

  test.each(['oauth', 'authorizer', 'jwks'])('%s writes neither', async name => {
    const put = (SecretId: string) =>
      outcome(secretsAs(name).send(new PutSecretValueCommand({ SecretId, SecretString: '{}' })))
    expect([await put(CONFIG_SECRET), await put(SESSION_SECRET)]).toEqual([denied, denied])
  })

  test('what seals sessions has the form that CloudFormation generates', async () => {
    const { SecretString } = await secretsAs('operator').send(
      new GetSecretValueCommand({ SecretId: SESSION_SECRET }),
    )
    expect(JSON.parse(SecretString!)).toEqual({ write: 'k1', k1: expect.stringMatching(/^[\w-]{64}$/) })
  })
})

test('the authorizer has nothing to do with KMS', async () => {
  const configuration = await secretsAs('operator').send(
    new GetSecretValueCommand({ SecretId: CONFIG_SECRET }),
  )
  const [client] = JSON.parse(configuration.SecretString!).clients
  const KeyId = client.signing_keys[0].kms_key_arn
  const kms = kmsAs('authorizer')
  const sign = new SignCommand({
    KeyId,
    Message: Buffer.from('x'),
    MessageType: 'RAW',
    SigningAlgorithm: 'RSASSA_PKCS1_V1_5_SHA_256',
  })
  expect(await outcome(kms.send(sign))).toBe(denied)
  expect(await outcome(kms.send(new GetPublicKeyCommand({ KeyId })))).toBe(denied)
})

test('the REST API stands in front of the API, and asks the authorizer', async () => {
  const { gateway, site } = stack.description
  const response = await fetch(`${gateway}/api/orders`)
  // It knows no client of that delivery.
  expect(response.status).toBe(403)
  expect(response.headers.get('access-control-allow-origin')).toBe(site.app)
  expect(stack.api.seen()).toEqual([])
})
