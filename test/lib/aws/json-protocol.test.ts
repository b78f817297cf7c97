import { KMSClient, SignCommand, type SignCommandInput } from '@aws-sdk/client-kms'
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { awsJson } from '../../../lib/aws/json-protocol.ts'
import { type AwsAnswer, awsError, type FakeAws, startFakeAws } from '../../support/fake-kms.ts'
import { closeProviders, startProvider } from '../../support/fake-provider.ts'

// The SDK's own protocol is the measure: the same command, the same answer, once with each.

let answer: AwsAnswer
let aws: FakeAws
let config: ConstructorParameters<typeof KMSClient>[0] & object

beforeAll(async () => {
  aws = await startFakeAws(() => answer)
  config = {
    region: 'eu-central-1',
    endpoint: aws.endpoint,
    credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'secret' },
    maxAttempts: 2,
  }
})
afterAll(() => aws.close())

const SIGN: SignCommandInput = {
  KeyId: 'arn:aws:kms:eu-central-1:111122223333:key/1',
  // Bytes of every kind, and a view into a larger buffer.
  Message: Uint8Array.from({ length: 300 }, (_, i) => i % 256).subarray(7, 290),
  MessageType: 'RAW',
  SigningAlgorithm: 'ECDSA_SHA_256',
  GrantTokens: undefined,
}

/** What a caller sees of a call, and what was sent. */
async function outcome(call: Promise<object>) {
  const before = aws.calls.length
  const seen = await call.then(
    output => ({ output: { ...output, $metadata: essence(output) } }),
    error => ({
      error: { ...essence(error), name: error.name, message: error.message, $fault: error.$fault },
    }),
  )
  return { seen, sent: aws.calls.slice(before) }
}

function essence(carrier: { $metadata?: Record<string, unknown> }) {
  const { httpStatusCode, attempts, requestId } = carrier.$metadata ?? {}
  return { httpStatusCode, attempts, requestId: requestId === aws.requestId ? 'as sent' : requestId }
}

const ours = { protocol: awsJson('TrentService') }
const sign = (protocol = {}) => outcome(new KMSClient({ ...config, ...protocol }).send(new SignCommand(SIGN)))

describe('a signature', () => {
  test('is asked for and read as the SDK itself does', async () => {
    answer = {
      status: 200,
      body: { KeyId: 'k', Signature: Buffer.alloc(70, 9).toString('base64'), SigningAlgorithm: 'x' },
    }
    const made = await sign(ours)
    expect(made).toEqual(await sign())
    expect(made.sent).toEqual([
      {
        target: 'TrentService.Sign',
        input: expect.objectContaining({ Message: Buffer.from(SIGN.Message!).toString('base64') }),
      },
    ])
    expect(made.seen).toMatchObject({ output: { $metadata: { httpStatusCode: 200, requestId: 'as sent' } } })
  })

  test.each<[string, AwsAnswer]>([
    ['nothing', { status: 200, body: '' }],
    ['no signature', { status: 200, body: { KeyId: 'k' } }],
    ['null for one', { status: 200, body: { Signature: null } }],
    ['null for everything', { status: 200, body: 'null' }],
    ['an empty list', { status: 200, body: [] }],
    ['an error of null', { status: 400, body: 'null' }],
    ['an answer cut short', { status: 200, body: '{"Signature":"AA' }],
    ['HTML', { status: 200, body: '<html>' }],
    ['an error by its name', awsError(400, 'NotFoundException', 'no such key')],
    ['by its shape id', awsError(400, 'com.amazonaws.kms#DisabledException', 'off')],
    ['with a URI behind it', awsError(400, 'AccessDeniedException:http://example.com/x', 'no')],
    ['in a header alone', { status: 400, body: {}, headers: { 'x-amzn-errortype': 'TagException:' } }],
    ['as a code', { status: 400, body: { code: 'ValidationException', Message: 'with a capital' } }],
    ['an error without a body', { status: 403, body: '' }],
    ['a throttle', awsError(400, 'ThrottlingException', 'slow down')],
    ['a failure inside KMS', awsError(500, 'KMSInternalException', 'sorry')],
    ['a name nobody knows', awsError(503, 'NewException', 'new')],
    ['the HTML of a proxy', { status: 502, body: '<html>Bad Gateway</html>' }],
    ['a redirect', { status: 307, body: '', headers: { location: 'http://127.0.0.1:9' } }],
    ['a reset', 'reset'],
  ])('%s comes to the same', async (_, given) => {
    answer = given
    const made = await sign(ours)
    expect(made).toEqual(await sign())
    expect(made.sent.length).toBeGreaterThan(0)
  })

  test('that is not base64 is an error', async () => {
    answer = { status: 200, body: { Signature: 'no base64!' } }
    expect((await sign(ours)).seen).toHaveProperty('error.name', 'TypeError')
    answer = { status: 200, body: { Signature: 7 } }
    expect((await sign(ours)).seen).toHaveProperty('error.name', 'TypeError')
  })

  test('goes below the path of an endpoint, under the same media type', async () => {
    const seen: unknown[] = []
    for (const protocol of [ours, {}]) {
      const client = new KMSClient({ ...config, ...protocol, endpoint: 'http://127.0.0.1:1/below' })
      const look = () => async (args: { request?: unknown }) => {
        const { path, headers } = args.request as { path: string; headers: Record<string, string> }
        seen.push([path, headers['content-type']])
        throw new Error('far enough')
      }
      client.middlewareStack.add(look, { step: 'deserialize', priority: 'low' })
      await client.send(new SignCommand(SIGN)).catch(() => {})
    }
    expect(seen).toEqual([
      ['/below/', 'application/x-amz-json-1.1'],
      ['/below/', 'application/x-amz-json-1.1'],
    ])
  })
})

test('a secret is asked for and read as the SDK itself does', async () => {
  answer = {
    status: 200,
    body: {
      Name: 's',
      SecretString: '{"ü":1}',
      SecretBinary: 'AAEC',
      VersionId: 'v',
      VersionStages: ['AWSCURRENT'],
    },
  }
  const read = (protocol = {}) => {
    const client = new SecretsManagerClient({ ...config, ...protocol })
    return outcome(client.send(new GetSecretValueCommand({ SecretId: 's' })))
  }
  const made = await read({ protocol: awsJson('secretsmanager') })
  expect(made).toEqual(await read())
  expect(made.sent).toEqual([{ target: 'secretsmanager.GetSecretValue', input: { SecretId: 's' } }])
})

test('an answer that brings metadata of its own keeps ours', async () => {
  const client = new KMSClient({ ...config, protocol: awsJson('TrentService'), maxAttempts: 1 })
  answer = { status: 200, body: { Signature: 'c2ln', $metadata: { requestId: ['evil'] } } }
  expect((await client.send(new SignCommand(SIGN))).$metadata).toMatchObject({
    httpStatusCode: 200,
    requestId: aws.requestId,
  })
})

describe('the size of an answer', () => {
  const client = (endpoint: string) =>
    new KMSClient({ ...config, endpoint, protocol: awsJson('TrentService'), maxAttempts: 1 })

  test('is 512 KiB at most', async () => {
    const body = '{"KeyId":"k"}'.padEnd(512 * 1024)
    answer = { status: 200, body }
    expect(await client(aws.endpoint).send(new SignCommand(SIGN))).toMatchObject({ KeyId: 'k' })
    answer = { status: 200, body: `${body} ` }
    await expect(client(aws.endpoint).send(new SignCommand(SIGN))).rejects.toMatchObject({
      code: 'ANSWER_TOO_LARGE',
    })
  })

  test('has an end: one that has none is broken off', async () => {
    const closed = Promise.withResolvers<void>()
    const provider = await startProvider(response => {
      const more = () => {
        while (response.write('x'.repeat(65_536)));
        response.once('drain', more)
      }
      response.on('close', closed.resolve)
      more()
    })
    await expect(client(provider.url).send(new SignCommand(SIGN))).rejects.toMatchObject({
      code: 'ANSWER_TOO_LARGE',
    })
    await closed.promise
    closeProviders()
  })
})
