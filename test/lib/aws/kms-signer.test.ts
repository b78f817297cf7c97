import { afterAll, describe, expect, test, vi } from 'vitest'
import { kmsClient } from '../../../lib/aws/clients.ts'
import { KMS_ALGORITHM, kmsSigner } from '../../../lib/aws/kms-signer.ts'
import { causeName, ProxyError } from '../../../lib/errors.ts'
import { guardedAgents } from '../../../lib/http/agents.ts'
import type { Alg } from '../../../lib/jose/algorithms.ts'
import type { Signer } from '../../../lib/jose/signer.ts'
import { KMS_REQUEST_MS } from '../../../lib/limits.ts'
import { toWire } from '../../../lib/wire.ts'
import { type AwsAnswer, awsError, type FakeAws, startFakeAws } from '../../support/fake-kms.ts'
import { rejection } from '../../support/fake-provider.ts'
import { testEachAlg, testKey } from '../../support/keys.ts'

const ACCOUNT = '111122223333'
const ARN = `arn:aws:kms:eu-central-1:${ACCOUNT}:key/00000000-0000-4000-8000-000000000001`
const input = Buffer.from('eyJhbGciOiJFUzI1NiJ9.e30')
const agents = guardedAgents()
const started: FakeAws[] = []

afterAll(() => {
  agents.http.destroy()
  for (const aws of started) aws.close()
})

/** A KMS that answers as told, and the signer that asks it. */
async function setup(
  answer: Parameters<typeof startFakeAws>[0],
  alg: Alg = 'ES256',
): Promise<{ aws: FakeAws; signer: Signer }> {
  const aws = await startFakeAws(answer)
  started.push(aws)
  const client = kmsClient({
    region: 'eu-central-1',
    endpoint: aws.endpoint,
    credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'secret' },
    agents,
  })
  return { aws, signer: kmsSigner(client, { kms_key_arn: ARN, alg, kid: 'kid-1' }) }
}

const signature = (bytes: Uint8Array): AwsAnswer => ({
  status: 200,
  body: { KeyId: ARN, Signature: Buffer.from(bytes).toString('base64') },
})

/** The error of a signature, and how often KMS was asked. */
async function failure(
  answer: AwsAnswer,
  alg?: Alg,
): Promise<{ error: ProxyError; calls: number; requestId: string }> {
  const { aws, signer } = await setup(() => answer, alg)
  const error = await rejection(signer.sign(input))
  expect(error).toBeInstanceOf(ProxyError)
  return { error: error as ProxyError, calls: aws.calls.length, requestId: aws.requestId }
}

describe('KMS-1, KMS-4: the table of algorithms', () => {
  test("names KMS's algorithm for each of ours, and none that hashes beforehand", () => {
    expect(KMS_ALGORITHM).toEqual({
      RS256: 'RSASSA_PKCS1_V1_5_SHA_256',
      RS384: 'RSASSA_PKCS1_V1_5_SHA_384',
      RS512: 'RSASSA_PKCS1_V1_5_SHA_512',
      PS256: 'RSASSA_PSS_SHA_256',
      PS384: 'RSASSA_PSS_SHA_384',
      PS512: 'RSASSA_PSS_SHA_512',
      ES256: 'ECDSA_SHA_256',
      ES384: 'ECDSA_SHA_384',
      ES512: 'ECDSA_SHA_512',
      EdDSA: 'ED25519_SHA_512',
      Ed25519: 'ED25519_SHA_512',
      'ML-DSA-44': 'ML_DSA_SHAKE_256',
      'ML-DSA-65': 'ML_DSA_SHAKE_256',
      'ML-DSA-87': 'ML_DSA_SHAKE_256',
    })
  })
})

describe('a signature', () => {
  testEachAlg('KMS-3, KMS-6: %s: asked RAW, by ARN, once; given in JOSE form', async alg => {
    const key = testKey(alg)
    const { aws, signer } = await setup(
      ({ input: { Message = '' } }) => signature(key.sign(Buffer.from(Message, 'base64'), 'der')),
      alg,
    )
    const made = await signer.sign(input)
    expect(key.verify(input, made)).toBe(true)
    expect(made.requestId).toBe(aws.requestId)
    expect([signer.alg, signer.kid]).toEqual([alg, 'kid-1'])
    expect(aws.calls).toEqual([
      {
        target: 'TrentService.Sign',
        input: {
          KeyId: ARN,
          Message: input.toString('base64'),
          MessageType: 'RAW',
          SigningAlgorithm: KMS_ALGORITHM[alg],
        },
      },
    ])
  })

  test('is waited for by nothing once it is there, or has failed', async () => {
    const key = testKey('ES256')
    const { signer } = await setup((_, nth) =>
      nth === 1 ? signature(key.sign(input, 'der')) : awsError(400, 'DisabledException', 'x'),
    )
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      await signer.sign(input)
      expect(vi.getTimerCount()).toBe(0)
      await rejection(signer.sign(input))
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  })

  test('KMS-10: an internal error of KMS is tried once more', async () => {
    const key = testKey('ES256')
    const { aws, signer } = await setup((_, nth) =>
      nth === 1 ? awsError(500, 'KMSInternalException', 'x') : signature(key.sign(input, 'der')),
    )
    expect(key.verify(input, await signer.sign(input))).toBe(true)
    expect(aws.calls).toHaveLength(2)
  })

  test('KMS-10: so is a connection that is reset', async () => {
    const key = testKey('ES256')
    const { aws, signer } = await setup((_, nth) => (nth === 1 ? 'reset' : signature(key.sign(input, 'der'))))
    expect(key.verify(input, await signer.sign(input))).toBe(true)
    expect(aws.calls).toHaveLength(2)
  })
})

describe('KMS-11: what may pass by itself is 503, with at most two attempts', () => {
  test.each([
    ['ThrottlingException', 400],
    ['RequestLimitExceeded', 400],
    ['LimitExceededException', 400],
    ['KMSInternalException', 500],
    ['DependencyTimeoutException', 503],
    ['KeyUnavailableException', 500],
    ['ServiceUnavailable', 503],
    ['NobodyKnowsThisException', 500],
    ['TooManyRequestsException', 429],
  ])('%s (%d)', async (name, status) => {
    const { error, calls, requestId } = await failure(awsError(status, name, `Rate exceeded for ${ARN}`))
    expect(error.reason).toBe('signer_unavailable')
    expect(error.kmsRequestId).toBe(requestId)
    expect(toWire(error)).toMatchObject({ status: 503, headers: { 'retry-after': '2' } })
    expect(calls).toBeLessThanOrEqual(2)
  })

  test.each<[string, AwsAnswer]>([
    ['a reset', 'reset'],
    ['a 502 of HTML', { status: 502, body: '<html>Bad Gateway</html>' }],
    ['an empty 200', { status: 200, body: '' }],
    ['a 200 of HTML', { status: 200, body: '<html>' }],
    ['half of the JSON', { status: 200, body: '{"Signature":"AAAA' }],
    ['a list', { status: 200, body: [] }],
    ['null', { status: 200, body: 'null' }],
    ['no signature', { status: 200, body: { KeyId: ARN } }],
    ['an empty signature', signature(Buffer.alloc(0))],
    ['a signature that is no DER', signature(Buffer.alloc(64, 1))],
    ['a signature in JOSE form', signature(testKey('ES256').sign(input))],
    ['a signature of zeros', signature(Buffer.from('3006020100020100', 'hex'))],
  ])('%s', async (_, answer) => {
    const { error, calls } = await failure(answer)
    expect(error.reason).toBe('signer_unavailable')
    expect(calls).toBeLessThanOrEqual(2)
  })

  test.each<[Alg, number]>([
    ['RS256', 0],
    ['RS256', 255],
    ['PS512', 255],
    ['EdDSA', 63],
    ['Ed25519', 65],
    ['ML-DSA-44', 2419],
    ['ML-DSA-44', 3309],
    ['ML-DSA-65', 3308],
    ['ML-DSA-65', 3310],
    ['ML-DSA-87', 4626],
    ['ML-DSA-87', 64],
  ])('what is no signature of %s: %d bytes', async (alg, bytes) => {
    const { error } = await failure(signature(Buffer.alloc(bytes, 1)), alg)
    expect(error.reason).toBe('signer_unavailable')
    expect(causeName(error.cause)).toBe('NO_SIGNATURE')
  })

  test.each<Alg>(['ES256', 'RS256', 'EdDSA'])('an answer without a signature of %s', async alg => {
    const { error } = await failure({ status: 200, body: { KeyId: ARN } }, alg)
    expect(error.reason).toBe('signer_unavailable')
    expect(causeName(error.cause)).toBe('NO_SIGNATURE')
  })

  test('nobody listens', async () => {
    const { aws, signer } = await setup(() => 'reset')
    aws.close()
    expect(await rejection(signer.sign(input))).toMatchObject({ reason: 'signer_unavailable' })
  })
})

// Both wait for the real budget of 2.5 seconds, at once.
describe.concurrent('KMS-10: the budget', () => {
  test('a KMS that hangs is asked twice', async () => {
    const { error, calls } = await failure('hang')
    expect(error.reason).toBe('signer_unavailable')
    expect(calls).toBe(2)
  })

  test('one that falls silent in the middle of its answer is not waited for any longer', async () => {
    const half = { status: 200, body: '{"Signature":"AA', headers: { 'content-length': '400' } }
    const { error, calls } = await failure(half)
    expect(error.reason).toBe('signer_unavailable')
    // By this name in the log, whoever of the SDK's parts ended the call.
    expect(causeName(error.cause)).toBe('TimeoutError')
    expect(calls).toBe(1)
  })

  test('an answer that comes after the budget of both attempts is none', async () => {
    const late = signature(testKey('ES256').sign(input, 'der'))
    const { signer } = await setup(async (_, nth) => {
      if (nth === 1) return 'hang'
      // Within its own attempt, but together with the first one beyond 2.5 s.
      await new Promise(done => setTimeout(done, KMS_REQUEST_MS - 100))
      return late
    })
    expect(await rejection(signer.sign(input))).toMatchObject({ reason: 'signer_unavailable' })
  })
})

describe('KMS-11: what needs somebody to act is 500, and is not tried again', () => {
  test.each([
    ['NotFoundException', 400],
    ['DisabledException', 400],
    ['KMSInvalidStateException', 400],
    ['InvalidKeyUsageException', 400],
    ['InvalidGrantTokenException', 400],
    ['AccessDeniedException', 400],
    ['AccessDeniedException', 403],
    ['ValidationException', 400],
    ['UnrecognizedClientException', 403],
    ['InvalidSignatureException', 403],
    ['MissingAuthenticationTokenException', 403],
    ['NobodyKnowsThisException', 400],
    ['toString', 400],
  ])('%s (%d)', async (name, status) => {
    const { error, calls, requestId } = await failure(
      awsError(status, name, `User: arn:aws:sts::${ACCOUNT}:x may not on ${ARN}`),
    )
    expect(error.reason).toBe('signer_misconfigured')
    expect(error.kmsRequestId).toBe(requestId)
    expect([toWire(error).status, toWire(error).headers, calls]).toEqual([500, {}, 1])
  })
})

test('LOG-1: what stands in the place of a request id and is none is not kept', async () => {
  const headers = { 'x-amzn-requestid': `${ARN} and more` }
  const key = testKey('ES256')
  const { signer } = await setup((_, nth) =>
    nth === 1
      ? { status: 200, body: { Signature: key.sign(input, 'der').toString('base64') }, headers }
      : { status: 400, body: { __type: 'NotFoundException' }, headers },
  )
  expect((await signer.sign(input)).requestId).toBeUndefined()
  expect(await rejection(signer.sign(input))).toMatchObject({ kmsRequestId: undefined })
})

describe('ERR-9, LOG-1: the error of a signature', () => {
  test.each<[string, AwsAnswer]>([
    ['a refusal', awsError(400, 'AccessDeniedException', `User arn:aws:sts::${ACCOUNT}:x may not on ${ARN}`)],
    ['a throttle', awsError(400, 'ThrottlingException', `Rate exceeded for ${ARN}`)],
    ['garbage', { status: 200, body: `<p>${ARN}` }],
    ['a name that is an ARN', awsError(400, ARN, ARN)],
    ['a signature that is none', { status: 200, body: { KeyId: ARN, Signature: ARN } }],
  ])('%s: neither ARN nor account id, wherever it is written', async (_, answer) => {
    const { error } = await failure(answer)
    const texts = [
      String(error),
      error.message,
      error.stack,
      JSON.stringify(error),
      JSON.stringify({ ...error }),
      JSON.stringify(toWire(error)),
      ...Object.entries(error).flat().map(String),
    ]
    for (const text of texts) expect(text).not.toMatch(new RegExp(`${ACCOUNT}|arn:aws`))
  })
})
