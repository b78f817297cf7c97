import { verify } from 'node:crypto'
import {
  CreateKeyCommand,
  GetPublicKeyCommand,
  type KMSClient,
  ListKeysCommand,
  SignCommand,
} from '@aws-sdk/client-kms'
import { CreateSecretCommand, GetSecretValueCommand } from '@aws-sdk/client-secrets-manager'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Control, control, type Fault } from '../../../local/aws/control.ts'
import type { LocalAws } from '../../../local/aws/server.ts'
import { kmsClient, refusal, secretsClient, start } from './stack.ts'

let aws: LocalAws
let kms: KMSClient
let switches: Control
const keys: Record<string, string> = {}

beforeAll(async () => {
  aws = await start()
  kms = kmsClient(aws)
  switches = control(aws.kms)
  for (const KeySpec of ['ECC_NIST_P256', 'RSA_2048'] as const) {
    const made = await kms.send(new CreateKeyCommand({ KeySpec, KeyUsage: 'SIGN_VERIFY' }))
    keys[KeySpec] = made.KeyMetadata!.Arn!
  }
})
afterAll(() => aws.close())
afterEach(() => switches.reset())

const MESSAGE = Buffer.from('sentinel message')

function signCommand(KeyId = keys.ECC_NIST_P256!, SigningAlgorithm = 'ECDSA_SHA_256') {
  return new SignCommand({
    KeyId,
    Message: MESSAGE,
    SigningAlgorithm: SigningAlgorithm as 'ECDSA_SHA_256',
    MessageType: 'RAW',
  })
}

function sign(client = kms, abortSignal?: AbortSignal) {
  return client.send(signCommand(), abortSignal ? { abortSignal } : {})
}

describe('KMS-11: an error by name', () => {
  test.each([
    ['ThrottlingException', 400],
    ['KMSInternalException', 500],
    ['DependencyTimeoutException', 503],
    ['KeyUnavailableException', 500],
    ['NotFoundException', 400],
    ['DisabledException', 400],
    ['KMSInvalidStateException', 400],
    ['InvalidKeyUsageException', 400],
    ['AccessDeniedException', 400],
  ])('%s comes with status %i', async (name, status) => {
    await switches.fault('Sign', { kind: 'error', name, message: 'as asked' })
    expect(await refusal(sign())).toEqual({ name, message: 'as asked', status })
  })

  test('a status of its own is kept', async () => {
    await switches.fault('Sign', { kind: 'error', name: 'ServiceUnavailableException', status: 502 })
    expect((await refusal(sign())).status).toBe(502)
  })

  test.each(['ThrottlingException', 'KMSInternalException', 'DependencyTimeoutException'])(
    '%s once is repeated by the SDK, and the second attempt signs',
    async name => {
      await switches.fault('Sign', { kind: 'error', name }, 1)
      expect((await sign(kmsClient(aws, 'AKIAOPERATOR', 2))).Signature).toBeDefined()
      expect(await switches.calls('Sign')).toBe(2)
    },
  )

  test('DisabledException is not repeated', async () => {
    await switches.fault('Sign', { kind: 'error', name: 'DisabledException' }, 1)
    expect((await refusal(sign(kmsClient(aws, 'AKIAOPERATOR', 2)))).name).toBe('DisabledException')
    expect(await switches.calls('Sign')).toBe(1)
  })
})

describe('other faults', () => {
  test('hang: no answer until the client gives up', async () => {
    await switches.fault('Sign', { kind: 'hang' })
    const { name } = await refusal(sign(kms, AbortSignal.timeout(150)))
    expect(name).toBe('AbortError')
    const [request] = await switches.requests()
    expect(request).toMatchObject({ operation: 'Sign', status: null, fault: 'hang' })
  })

  test('delay: the same good answer, and it was not there before', async () => {
    await switches.fault('Sign', { kind: 'delay', ms: 120 })
    const started = performance.now()
    expect((await sign()).Signature).toBeDefined()
    // A timer may fire a millisecond early; no upper bound is asserted.
    expect(performance.now() - started).toBeGreaterThanOrEqual(119)
  })

  test('reset: the connection is cut after the request was read, and the request is counted', async () => {
    await switches.fault('Sign', { kind: 'reset' }, 1)
    await expect(sign()).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(await switches.calls('Sign')).toBe(1)
    expect((await sign()).Signature).toBeDefined()
  })

  test('garbage: status 200 and no answer in it, or the body that was asked for', async () => {
    await switches.fault('Sign', { kind: 'garbage' })
    expect((await refusal(sign())).name).toBe('SyntaxError')
    await switches.fault('Sign', { kind: 'garbage', body: '{}', times: 1 })
    expect((await sign()).Signature).toBeUndefined()
    const statuses = (await switches.requests()).map(({ status }) => status)
    expect(statuses).toEqual([200, 200])
  })

  test.each([
    ['ECC_NIST_P256', 'ECDSA_SHA_256', 'sha256'],
    ['RSA_2048', 'RSASSA_PKCS1_V1_5_SHA_256', 'sha256'],
  ])(
    'wrong-signature: %s signs in the right form with a key that is not its own',
    async (spec, algorithm) => {
      const KeyId = keys[spec]!
      const { PublicKey } = await kms.send(new GetPublicKeyCommand({ KeyId }))
      const key = { key: Buffer.from(PublicKey!), format: 'der', type: 'spki' } as const
      const good = await kms.send(signCommand(KeyId, algorithm))
      await switches.fault('Sign', { kind: 'wrong-signature' }, 1)
      const wrong = await kms.send(signCommand(KeyId, algorithm))
      expect(wrong).toMatchObject({ KeyId, SigningAlgorithm: algorithm })
      expect(verify('sha256', MESSAGE, key, good.Signature!)).toBe(true)
      expect(verify('sha256', MESSAGE, key, wrong.Signature!)).toBe(false)
      expect(wrong.Signature![0] === 0x30).toBe(spec === 'ECC_NIST_P256')
      if (spec === 'RSA_2048') expect(wrong.Signature).toHaveLength(256)
      const again = await kms.send(signCommand(KeyId, algorithm))
      expect(verify('sha256', MESSAGE, key, again.Signature!)).toBe(true)
    },
  )

  test('the checks of Sign come before a wrong signature', async () => {
    await switches.fault('Sign', { kind: 'wrong-signature' })
    const denied = kmsClient(aws, 'AKIAOTHER').send(signCommand())
    expect((await refusal(denied)).name).toBe('AccessDeniedException')
  })
})

describe('how long a fault lasts', () => {
  const throttled: Fault = { kind: 'error', name: 'ThrottlingException' }

  test('as many requests as were asked for, then no longer', async () => {
    await switches.fault('Sign', throttled, 2)
    const outcomes: string[] = []
    for (let index = 0; index < 3; index++) {
      outcomes.push(
        await sign().then(
          () => 'signed',
          (error: Error) => error.name,
        ),
      )
    }
    expect(outcomes).toEqual(['ThrottlingException', 'ThrottlingException', 'signed'])
  })

  test('until null lifts it, or a reset does', async () => {
    await switches.fault('Sign', throttled)
    expect((await refusal(sign())).name).toBe('ThrottlingException')
    await switches.fault('Sign', null)
    expect((await sign()).Signature).toBeDefined()
    await switches.fault('Sign', throttled)
    await switches.reset()
    expect((await sign()).Signature).toBeDefined()
  })

  test('for its operation alone, or with * for all', async () => {
    await switches.fault('Sign', throttled)
    expect((await kms.send(new ListKeysCommand({}))).Keys).toHaveLength(2)
    await switches.reset()
    await switches.fault('*', throttled)
    expect((await refusal(kms.send(new ListKeysCommand({})))).name).toBe('ThrottlingException')
    expect((await refusal(sign())).name).toBe('ThrottlingException')
  })

  test('the services have switches of their own', async () => {
    const secrets = secretsClient(aws)
    const other = control(aws.secrets_manager)
    await secrets.send(new CreateSecretCommand({ Name: 'a', SecretString: 'sentinel secret' }))
    await other.fault('GetSecretValue', { kind: 'error', name: 'InternalServiceError' }, 1)
    const get = new GetSecretValueCommand({ SecretId: 'a' })
    expect(await refusal(secrets.send(get))).toMatchObject({ name: 'InternalServiceError', status: 500 })
    expect((await secrets.send(get)).SecretString).toBe('sentinel secret')
    expect(await other.calls('GetSecretValue')).toBe(2)
    expect(await switches.calls('GetSecretValue')).toBe(0)
    expect(JSON.stringify(await other.requests())).not.toContain('sentinel secret')
  })
})

describe('what was asked is recorded', () => {
  test('KMS-3: who, what, when, the parameters and the outcome; never the message', async () => {
    const answer = await sign()
    await refusal(kmsClient(aws, 'AKIAOTHER').send(signCommand()))
    const requests = await switches.requests()
    expect(requests).toEqual([
      {
        operation: 'Sign',
        access_key_id: 'AKIAOPERATOR',
        at: expect.any(Number),
        ended_at: expect.any(Number),
        request_id: answer.$metadata.requestId,
        status: 200,
        error: null,
        fault: null,
        parameters: {
          KeyId: keys.ECC_NIST_P256,
          SigningAlgorithm: 'ECDSA_SHA_256',
          MessageType: 'RAW',
        },
      },
      expect.objectContaining({ access_key_id: 'AKIAOTHER', status: 400, error: 'AccessDeniedException' }),
    ])
    expect(await switches.calls('Sign')).toBe(2)
    expect(JSON.stringify(requests)).not.toContain(MESSAGE.toString('base64'))
    await switches.reset()
    expect([await switches.calls('Sign'), await switches.requests()]).toEqual([0, []])
  })

  test('a request that names no operation is recorded as such and counted nowhere', async () => {
    await (await fetch(aws.kms, { method: 'POST', body: '{}' })).text()
    const [request] = await switches.requests()
    expect(request).toMatchObject({
      operation: null,
      access_key_id: null,
      status: 404,
      error: 'UnknownOperationException',
    })
  })
})

describe('what the switches refuse', () => {
  test.each([
    ['an operation that is not there', 'Sgin', { kind: 'hang' }],
    ['a kind that is not there', 'Sign', { kind: 'slow' }],
    ['a delay without its length', 'Sign', { kind: 'delay' }],
    ['a misspelled member', 'Sign', { kind: 'error', name: 'X', messsage: 'y' }],
    ['a status that is no error', 'Sign', { kind: 'error', name: 'X', status: 200 }],
    ['a wrong signature where none is made', 'ListKeys', { kind: 'wrong-signature' }],
    ['no fault at all', 'Sign', undefined],
  ])('%s', async (_, operation, fault) => {
    await expect(switches.fault(operation, fault as Fault)).rejects.toThrow(/^POST \/__control: 400 /)
  })

  test('no number of times, and a fault posted as a form by a web page', async () => {
    await expect(switches.fault('Sign', { kind: 'hang' }, 0)).rejects.toThrow(/times/)
    const body = JSON.stringify({ operation: 'Sign', fault: { kind: 'hang' } })
    const response = await fetch(`${aws.kms}/__control`, { method: 'POST', body })
    expect(response.status).toBe(405)
    expect((await sign()).Signature).toBeDefined()
  })
})
