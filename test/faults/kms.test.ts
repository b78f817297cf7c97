import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Fault } from '../../local/aws/control.ts'
import { type Deployment, ORIGIN, startDeployment, until } from '../support/deployment.ts'
import { closeProviders, json, type Provider, startProvider } from '../support/fake-provider.ts'

// KMS down, slow, throttled, wrong: through the built bundle, over KMS's own protocol. Each assertion is signed in the
// request that needs it here; ahead.test.ts has the other way.

const client = { assertion: { ahead: false } }

let provider: Provider
let deployment: Deployment

beforeAll(async () => {
  provider = await startProvider(response =>
    json(response, 200, { access_token: 'at', token_type: 'Bearer' }),
  )
  deployment = await startDeployment(`${provider.url}/token`, { client })
})
afterAll(async () => {
  await deployment.close()
  closeProviders()
})
beforeEach(() => deployment.kms.reset())

/** The answer to an exchange while `fault` lasts, and that nothing reached the provider; then that the next one works. */
async function refusedBy(
  fault: Fault,
): Promise<{ status: number; error: string; retryAfter: string | null }> {
  const sent = provider.requests.length
  await deployment.kms.fault('Sign', fault)
  const response = await deployment.exchange()
  const text = await response.text()
  // ERR-8: readable by the app; ERR-9: and without a word of what KMS said.
  expect(response.headers.get('access-control-allow-origin')).toBe(ORIGIN)
  expect(text + deployment.logText()).not.toMatch(/arn:aws|000000000000|AKIA/)
  expect(provider.requests.length).toBe(sent)
  await deployment.kms.fault('Sign', null)
  const next = await deployment.exchange()
  expect(next.status).toBe(200)
  expect(provider.requests.length).toBe(sent + 1)
  return {
    status: response.status,
    error: JSON.parse(text).error,
    retryAfter: response.headers.get('retry-after'),
  }
}

const LATER = { status: 503, error: 'temporarily_unavailable', retryAfter: '2' }
const NEVER = { status: 500, error: 'server_error', retryAfter: null }

describe('KMS-11: it may work later', () => {
  test.each([
    'ThrottlingException',
    'KMSInternalException',
    'DependencyTimeoutException',
    'KeyUnavailableException',
  ])('%s, signed twice at most', async name => {
    const before = await deployment.kms.calls('Sign')
    expect(await refusedBy({ kind: 'error', name })).toEqual(LATER)
    // Two attempts and the next good one.
    expect((await deployment.kms.calls('Sign')) - before).toBe(3)
  })

  test.each<Fault>([{ kind: 'hang' }, { kind: 'delay', ms: 4_000 }, { kind: 'reset' }, { kind: 'garbage' }])(
    'KMS-10: $kind',
    async fault => {
      expect(await refusedBy(fault)).toEqual(LATER)
    },
  )

  test('one failure alone is not seen: signing may be repeated', async () => {
    await deployment.kms.fault('Sign', { kind: 'error', name: 'KMSInternalException' }, 1)
    expect((await deployment.exchange()).status).toBe(200)
    expect(await deployment.kms.calls('Sign')).toBe(2)
  })
})

describe('KMS-11: it will not work until somebody acts', () => {
  test.each([
    'NotFoundException',
    'DisabledException',
    'KMSInvalidStateException',
    'InvalidKeyUsageException',
    'AccessDeniedException',
    'UnrecognizedClientException',
  ])('%s, signed once and never with another key', async name => {
    const before = await deployment.kms.calls('Sign')
    expect(await refusedBy({ kind: 'error', name })).toEqual(NEVER)
    expect((await deployment.kms.calls('Sign')) - before).toBe(2)
  })

  test('LOG-2, KMS-18: the log names the reason and the request id of KMS', async () => {
    const lines = deployment.requests().length
    await deployment.kms.fault('Sign', { kind: 'error', name: 'DisabledException' }, 1)
    await deployment.exchange()
    await until(() => deployment.requests().length > lines)
    const record = deployment.requests().at(-1)
    const [request] = (await deployment.kms.requests()).slice(-1)
    expect(record).toMatchObject({
      outcome: 'signer_misconfigured',
      error_name: 'DisabledException',
      kms_request_id: request!.request_id,
      level: 'error',
    })
  })
})

test("KMS-3, KMS-6, KMS-8: RAW, by key ARN, with the one algorithm, as the function's own role", async () => {
  await deployment.exchange()
  const [request] = (await deployment.kms.requests()).filter(({ operation }) => operation === 'Sign')
  expect(request).toMatchObject({
    access_key_id: 'AKIALOCALOAUTH',
    parameters: {
      KeyId: deployment.key.kms_key_arn,
      MessageType: 'RAW',
      SigningAlgorithm: 'RSASSA_PKCS1_V1_5_SHA_256',
    },
  })
})

test('ASRT-19: a signature of another key than the one that is published is never sent', async () => {
  // In a deployment of its own: this container has verified its first signature already.
  const fresh = await startDeployment(`${provider.url}/token`, { client })
  const sent = provider.requests.length
  await fresh.kms.fault('Sign', { kind: 'wrong-signature' })
  const response = await fresh.exchange()
  expect([response.status, provider.requests.length]).toEqual([500, sent])
  // Through the minified bundle: the one word that tells an operator what is wrong.
  await until(() => fresh.requests().length > 0)
  expect(fresh.requests()[0]).toMatchObject({
    outcome: 'signer_misconfigured',
    error_name: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
    kid: expect.any(String),
  })
  await fresh.kms.fault('Sign', null)
  expect((await fresh.exchange()).status).toBe(200)
  await fresh.close()
})

test('KMS not there at all', async () => {
  const nowhere = await startDeployment(`${provider.url}/token`, {
    client,
    env: { AWS_ENDPOINT_URL_KMS: 'http://127.0.0.1:9' },
  })
  const sent = provider.requests.length
  const response = await nowhere.exchange()
  expect([response.status, ((await response.json()) as { error: string }).error]).toEqual([
    503,
    'temporarily_unavailable',
  ])
  expect(provider.requests.length).toBe(sent)
  await nowhere.close()
})
