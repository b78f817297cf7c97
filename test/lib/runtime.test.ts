import { afterAll, describe, expect, test, vi } from 'vitest'
import type { Client, SigningKey } from '../../lib/config/client.ts'
import type { Environment } from '../../lib/config/environment.ts'
import { ProxyError } from '../../lib/errors.ts'
import { thumbprint } from '../../lib/jose/jwks.ts'
import type { LogRecord } from '../../lib/log.ts'
import { countsOf } from '../../lib/metrics.ts'
import { createRuntime, type Deps } from '../../lib/runtime.ts'
import type { Session } from '../../lib/session/session.ts'
import { client, ISSUER } from '../support/client.ts'
import { awsError, type FakeAws, startFakeAws } from '../support/fake-kms.ts'
import { closeProviders, json, rejection, startProvider } from '../support/fake-provider.ts'
import { registration } from '../support/function.ts'
import { type TestKey, testKey, testSigner } from '../support/keys.ts'

const started: FakeAws[] = []
afterAll(() => {
  closeProviders()
  for (const aws of started) aws.close()
})

const environment: Environment = {
  source: { inline: '{}' },
  onLambda: false,
  credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'secret' },
}
const input = Buffer.from(`${Buffer.from('{"alg":"ES256"}').toString('base64url')}.e30`)

function signingKey(key: TestKey, more: Partial<SigningKey> = {}): SigningKey {
  return {
    kms_key_arn: 'arn:aws:kms:eu-north-1:111122223333:key/1',
    alg: key.alg,
    public_jwk: key.public_jwk as SigningKey['public_jwk'],
    state: 'active',
    ...more,
  }
}

/** A runtime whose KMS signs with `keys`, one call after the other. */
async function withKms(...keys: TestKey[]): Promise<{ deps: Deps; aws: FakeAws }> {
  const aws = await startFakeAws((_, nth) => {
    const key = keys[Math.min(nth, keys.length) - 1]!
    return { status: 200, body: { Signature: key.sign(input, 'der').toString('base64') } }
  })
  started.push(aws)
  return { deps: createRuntime({}, { ...environment, kms_endpoint: aws.endpoint }), aws }
}

describe('the signer of a key', () => {
  const key = testKey('ES256')
  const foreign = testKey('ES256', 'another')

  test('ASRT-16: has the thumbprint for its kid, or the one that is configured', async () => {
    const { signerFor } = createRuntime({}, environment)
    expect((await signerFor(signingKey(key))).kid).toBe(await thumbprint(key.public_jwk))
    expect((await signerFor(signingKey(key, { kid: 'kid-1' }))).kid).toBe('kid-1')
  })

  test.each([
    ['eu-west-1', 'eu-west-1'],
    ['eu-central-1', 'eu-central-1'],
    ['us-east-1', 'eu-central-1'],
    [undefined, 'eu-central-1'],
  ])(
    'KMS-15: of a multi-Region key the one of its own Region signs: in %s that of %s',
    async (region, chosen) => {
      const arn = (where: string) => `arn:aws:kms:${where}:111122223333:key/mrk-1`
      const { aws } = await withKms(key)
      const own = { ...environment, kms_endpoint: aws.endpoint, ...(region !== undefined && { region }) }
      const { signerFor } = createRuntime({}, own)
      const signer = await signerFor(
        signingKey(key, { kms_key_arn: arn('eu-central-1'), replicas: [arn('eu-west-1')] }),
      )
      await signer.sign(input)
      expect(aws.calls.map(call => call.input.KeyId)).toEqual([arn(chosen)])
      // KMS answers only in the key's own Region.
      expect(aws.regions).toEqual([chosen])
    },
  )

  test('signs through KMS; its first signature is held against the public key', async () => {
    const { deps, aws } = await withKms(foreign, key)
    const signer = await deps.signerFor(signingKey(key))
    expect(await rejection(signer.sign(input))).toMatchObject({
      reason: 'signer_misconfigured',
      kmsRequestId: aws.requestId,
    })
    expect(key.verify(input, await signer.sign(input))).toBe(true)
    expect(aws.calls).toHaveLength(2)
  })

  test('is one for one key, so that verifying is once; the same key in a new document is a new one', async () => {
    const { deps } = await withKms(key, foreign)
    const configured = signingKey(key)
    const signer = await deps.signerFor(configured)
    expect(await deps.signerFor(configured)).toBe(signer)
    await signer.sign(input)
    const renewed = await deps.signerFor({ ...configured })
    expect(renewed).not.toBe(signer)
    expect(await rejection(renewed.sign(input))).toMatchObject({ reason: 'signer_misconfigured' })
  })
})

test('KMS-19: a signature that this runtime cannot verify is used, and the log says so once', async () => {
  const aws = await startFakeAws(() => ({
    status: 200,
    body: { Signature: Buffer.alloc(2_420, 1).toString('base64') },
  }))
  started.push(aws)
  const unknown = new DOMException('Unrecognized algorithm name', 'NotSupportedError')
  const importKey = vi.spyOn(crypto.subtle, 'importKey').mockRejectedValue(unknown)
  try {
    const log: LogRecord[] = []
    const deps = createRuntime(
      { log: record => log.push(record) },
      { ...environment, kms_endpoint: aws.endpoint },
    )
    const signer = await deps.signerFor({
      kms_key_arn: 'arn:aws:kms:eu-north-1:111122223333:key/1',
      alg: 'ML-DSA-44',
      experimental: true,
      public_jwk: { kty: 'AKP', alg: 'ML-DSA-44', pub: Buffer.alloc(1_312, 1).toString('base64url') },
      kid: 'kid-1',
      state: 'active',
    })
    const bytes = Buffer.from(`${Buffer.from('{"alg":"ML-DSA-44"}').toString('base64url')}.e30`)
    expect(await signer.sign(bytes)).toHaveLength(2_420)
    await signer.sign(bytes)
    expect(log).toEqual([
      { level: 'warn', event: 'configuration', outcome: 'signature_not_verified', kid: 'kid-1' },
    ])
  } finally {
    importKey.mockRestore()
  }
})

describe('the assertions of a client', () => {
  const key = testKey('ES256')
  const aud = ISSUER

  const counted = (overrides: Partial<Client> = {}) => {
    const signer = testSigner(key)
    const clock = { now: 1_790_000_000_000 }
    const deps = createRuntime({ signerFor: async () => signer, now: () => clock.now }, environment)
    return { signer, clock, deps, configured: client(overrides) }
  }

  test('ASRT-11: one signed ahead is kept for the client as it is configured; a new document drops it', async () => {
    const { signer, deps, configured } = counted()
    const assertions = await deps.assertionsFor(configured)
    await assertions.prepare()
    expect(await deps.assertionsFor(configured)).toBe(assertions)
    // The same client in a new version of the document, nothing else changed.
    const renewed = await deps.assertionsFor({ ...configured })
    expect(await renewed.take(aud)).toMatchObject({ ahead: false })
    expect(signer.calls).toBe(2)
    expect(await assertions.take(aud)).toMatchObject({ ahead: true })
  })

  test('are those for the token endpoint: for another audience one is signed', async () => {
    const token_endpoint = `${ISSUER}/token`
    const { signer, deps, configured } = counted({
      assertion: { ...client().assertion, aud: 'request_endpoint' },
      as: { issuer: ISSUER, token_endpoint },
    })
    const assertions = await deps.assertionsFor(configured)
    await assertions.prepare()
    expect(await assertions.take(`${ISSUER}/par`)).toMatchObject({ ahead: false })
    expect(await assertions.take(token_endpoint)).toMatchObject({ ahead: true })
    expect(signer.calls).toBe(2)
  })

  test.each([
    ['ahead: false', { ahead: false }],
    ['a lifetime no longer than the margin', { lifetime: 31 }],
  ])('%s: nothing is signed ahead', async (_, rule) => {
    const { signer, deps, configured } = counted({ assertion: { ...client().assertion, ...rule } })
    const assertions = await deps.assertionsFor(configured)
    await assertions.prepare()
    for (let n = 0; n < 3; n++) {
      expect(await assertions.take(aud)).toMatchObject({ ahead: false })
      assertions.signNext()
    }
    expect(signer.calls).toBe(3)
  })
})

describe('KMS-11: a signature ahead that fails is in the log, for no request would tell', () => {
  test.each<[string, Error, object, string[]]>([
    [
      'by a KMS that is away',
      new ProxyError('signer_unavailable', {
        cause: Object.assign(new Error('sentinel'), { name: 'ThrottlingException' }),
        kmsRequestId: 'kms-1',
      }),
      {
        outcome: 'sign_ahead_failed: signer_unavailable',
        error_name: 'ThrottlingException',
        kms_request_id: 'kms-1',
      },
      ['signer_unavailable'],
    ],
    [
      'by a key that may not be used',
      new ProxyError('signer_misconfigured'),
      { outcome: 'sign_ahead_failed: signer_misconfigured', error_name: 'ProxyError' },
      ['signer_error'],
    ],
    [
      'by a mistake of our own',
      new TypeError('sentinel'),
      { outcome: 'sign_ahead_failed: internal', error_name: 'TypeError' },
      ['signer_error'],
    ],
  ])('%s', async (_, error, told, counts) => {
    const log: LogRecord[] = []
    const signer = { alg: 'ES256' as const, kid: 'kid-1', sign: () => Promise.reject(error) }
    const deps = createRuntime(
      { signerFor: async () => signer, log: record => log.push(record) },
      environment,
    )
    const assertions = await deps.assertionsFor(client())
    await assertions.prepare()
    const { client_id } = client()
    expect(log).toStrictEqual([{ level: 'warn', event: 'assertion', client_id, kid: 'kid-1', ...told }])
    expect(countsOf(log[0]!)).toEqual(counts)
  })
})

describe('the other parts', () => {
  test('DEV-1: each device has an interval of its own', () => {
    const { polls } = createRuntime({}, environment)
    expect(['one', 'one', 'two', 'two'].map(polls.isTime)).toEqual([true, false, true, false])
  })

  test('REQ-2: the provider is told who asks, and nothing of a caller', async () => {
    const provider = await startProvider(response => json(response, 200, {}))
    await createRuntime({}, environment).post(provider.url, new URLSearchParams())
    expect(provider.requests[0]!.headers).toContainEqual(['user-agent', 'countersign/dev'])
  })

  test('overrides replace what they name', () => {
    const now = () => 1
    const deps = createRuntime({ now }, environment)
    expect(deps.now).toBe(now)
    expect(createRuntime({}, environment).now).toBe(Date.now)
  })

  test('ASRT-10: ids are 128 bits, base64url', () => {
    const { randomId } = createRuntime({}, environment)
    expect(Buffer.from(randomId(), 'base64url')).toHaveLength(16)
    expect(randomId()).not.toBe(randomId())
  })

  test('LOG-5: a configuration that comes into force is in the log, once, with the kids that sign from then on', async () => {
    const log: LogRecord[] = []
    const keys = [registration(), registration({ client_id: 'app-2' })]
    const inline = JSON.stringify({ version: 1, clients: keys })
    const deps = createRuntime({ log: record => log.push(record) }, { ...environment, source: { inline } })
    const { registrations } = await deps.configuration()
    await deps.configuration()
    const kid = await thumbprint(registrations.clients[0]!.signing_key.public_jwk)
    expect(log).toEqual([
      expect.objectContaining({
        event: 'configuration',
        outcome: 'in_force',
        revision: registrations.revision,
        kids: [kid, kid],
      }),
    ])
  })

  test("a configuration that cannot be read is the first request's to report, not the start's", async () => {
    const { configuration } = createRuntime({}, environment)
    expect(await rejection(configuration())).toMatchObject({ name: 'ConfigurationError' })
  })
})

test('RACE-1: containers agree on a refresh where a table is named, and ask nobody otherwise', async () => {
  const aws = await startFakeAws(() => ({ status: 200, body: {} }))
  started.push(aws)
  const own = { ...environment, region: 'eu-west-1', dynamodb_endpoint: aws.endpoint }
  const session = { access_token: 'a' } as unknown as Session
  const across = {
    keyOf: () => 'next',
    discard: async () => {},
    seal: async () => 'sealed',
    open: async () => undefined,
  }
  const refreshed = (more: object) =>
    createRuntime({}, { ...own, ...more }).refreshes.once('key', async () => session, across)
  expect(await refreshed({})).toBe(session)
  expect(aws.calls).toEqual([])
  expect(await refreshed({ lease_table: 'leases' })).toBe(session)
  expect(aws.calls.map(({ target, input }) => [target, input.TableName])).toEqual([
    ['DynamoDB_20120810.PutItem', 'leases'],
    ['DynamoDB_20120810.PutItem', 'leases'],
  ])
  expect(aws.calls[1]!.input.Item).toMatchObject({ id: { S: 'key' }, sealed: { S: 'sealed' } })
})

test('RACE-1: a table that cannot be reached holds up no refresh, and is in the log', async () => {
  const aws = await startFakeAws(() => awsError(400, 'AccessDeniedException', 'sentinel'))
  started.push(aws)
  const log: LogRecord[] = []
  const { refreshes } = createRuntime(
    { log: record => log.push(record) },
    { ...environment, region: 'eu-west-1', lease_table: 'leases', dynamodb_endpoint: aws.endpoint },
  )
  const session = { access_token: 'a' } as unknown as Session
  const across = {
    keyOf: () => 'next',
    discard: async () => {},
    seal: async () => 'sealed',
    open: async () => undefined,
  }
  expect(await refreshes.once('key', async () => session, across)).toBe(session)
  expect(aws.regions).toContain('eu-west-1')
  expect(log[0]).toEqual({
    level: 'error',
    event: 'lease',
    outcome: 'lease_failed',
    error_name: 'AccessDeniedException',
  })
  expect(countsOf(log[0]!)).toEqual(['lease_failed'])
})
