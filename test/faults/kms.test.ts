import { describe, expect, test } from 'vitest'
import type { Fault } from '../../local/aws/control.ts'
import { until } from '../support/deployment.ts'
import { type Stage, setStage } from './stage.ts'
import { line, play, type Row, written } from './table.ts'

// KMS down, slow, throttled, wrong: over its own protocol. Nothing is sent that is not signed.

const sign =
  (fault: Fault, times?: number) =>
  ({ kms }: Stage) =>
    kms.fault('Sign', fault, times)

const LATER = { status: 503, error: 'temporarily_unavailable', sent: 0 }
const NEVER = { status: 500, error: 'server_error', sent: 0 }

const passing = (name: string): Row => ({
  fault: `KMS answers ${name}`,
  breaks: sign({ kind: 'error', name }),
  ...LATER,
  signed: 2,
  reason: `signer_unavailable: ${name}`,
})
const lasting = (name: string): Row => ({
  fault: `KMS answers ${name}`,
  breaks: sign({ kind: 'error', name }),
  ...NEVER,
  signed: 1,
  reason: `signer_misconfigured: ${name}`,
})

const rows: Row[] = [
  // KMS-11: it may work later.
  ...[
    'ThrottlingException',
    'LimitExceededException',
    'KMSInternalException',
    'DependencyTimeoutException',
    'KeyUnavailableException',
  ].map(passing),
  {
    fault: 'KMS does not answer',
    breaks: sign({ kind: 'hang' }),
    ...LATER,
    signed: 2,
    reason: 'signer_unavailable: TimeoutError',
  },
  {
    fault: 'KMS answers after 4 s',
    breaks: sign({ kind: 'delay', ms: 4_000 }),
    ...LATER,
    signed: 2,
    reason: 'signer_unavailable: TimeoutError',
  },
  {
    fault: 'KMS answers after 1 s',
    breaks: sign({ kind: 'delay', ms: 1_000 }),
    status: 200,
    signed: 1,
    sent: 1,
    reason: 'tokens',
  },
  {
    fault: 'KMS resets every connection',
    breaks: sign({ kind: 'reset' }),
    ...LATER,
    signed: 2,
    reason: 'signer_unavailable: ECONNRESET',
  },
  {
    fault: 'KMS cannot be reached',
    cold: true,
    setting: { env: { AWS_ENDPOINT_URL_KMS: 'http://127.0.0.1:9' } },
    mends: false,
    ...LATER,
    signed: 0,
    reason: 'signer_unavailable: ECONNREFUSED',
  },
  {
    fault: 'KMS answers what is not JSON',
    breaks: sign({ kind: 'garbage' }),
    ...LATER,
    signed: 1,
    reason: 'signer_unavailable: SyntaxError',
  },
  {
    fault: 'KMS answers without a signature',
    breaks: sign({ kind: 'garbage', body: '{}' }),
    ...LATER,
    signed: 1,
    reason: 'signer_unavailable: NO_SIGNATURE',
  },
  {
    fault: 'KMS fails once',
    breaks: sign({ kind: 'error', name: 'KMSInternalException' }, 1),
    status: 200,
    signed: 2,
    sent: 1,
    reason: 'tokens',
  },
  // KMS-11: it will not work until somebody acts. Signed once, and never with another key.
  ...[
    'NotFoundException',
    'DisabledException',
    'KMSInvalidStateException',
    'InvalidKeyUsageException',
    'AccessDeniedException',
    'UnrecognizedClientException',
    'ExpiredTokenException',
  ].map(lasting),
  {
    fault: "KMS signs with another key than the published one (a container's first signature)",
    cold: true,
    breaks: sign({ kind: 'wrong-signature' }),
    ...NEVER,
    signed: 1,
    reason: 'signer_misconfigured: ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
  },
]

describe.concurrent('KMS', () => {
  test.for(rows)('$fault', row => play(row))
})

test('docs/faults.md has these rows and no others', () => {
  expect(written('KMS')).toEqual(rows.map(line))
})

test('ASRT-19: a signature of another key than the one that is published is never sent', async () => {
  const stage = await setStage()
  await stage.start()
  await stage.kms.fault('Sign', { kind: 'wrong-signature' })
  expect((await stage.exchange()).statusCode).toBe(500)
  expect(stage.tokenRequests()).toEqual([])
  // Through the minified bundle: the words that tell an operator what is wrong.
  await until(() => stage.requests().length > 0)
  expect(stage.requests()[0]).toMatchObject({
    outcome: 'signer_misconfigured',
    error_name: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
    kid: expect.any(String),
  })
  await stage.close()
})

test('KMS-11, LOG-2, KMS-18: the app is told when to come again, the log the request id of KMS', async () => {
  const stage = await setStage()
  await stage.start()
  await stage.kms.fault('Sign', { kind: 'error', name: 'ThrottlingException' })
  expect((await stage.exchange()).headers?.['retry-after']).toBe('2')
  await stage.kms.fault('Sign', { kind: 'error', name: 'DisabledException' })
  expect((await stage.exchange()).headers).not.toHaveProperty('retry-after')
  await until(() => stage.requests().length > 1)
  const [request] = (await stage.kms.requests()).slice(-1)
  expect(stage.requests().at(-1)).toMatchObject({ kms_request_id: request!.request_id, level: 'error' })
  await stage.close()
})

test("KMS-3, KMS-6, KMS-8: RAW, by key ARN, with the one algorithm, as the function's own role", async () => {
  const stage = await setStage()
  await stage.start()
  await stage.exchange()
  const [request] = (await stage.kms.requests()).filter(({ operation }) => operation === 'Sign')
  expect(request).toMatchObject({
    access_key_id: 'AKIALOCALOAUTH',
    parameters: {
      KeyId: expect.stringMatching(/^arn:aws:kms:[\w-]+:\d{12}:key\//),
      MessageType: 'RAW',
      SigningAlgorithm: 'ECDSA_SHA_256',
    },
  })
  await stage.close()
})
