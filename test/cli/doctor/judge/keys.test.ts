import type { KeyMetadata } from '@aws-sdk/client-kms'
import { describe, expect, test } from 'vitest'
import { keyAlg, keyEnabled, keyExists } from '../../../../cli/doctor/judge/keys.ts'
import { type KeyPolicy, signingKeyPolicy } from '../../../../cli/kms/policy.ts'
import type { SigningKey } from '../../../../lib/config/client.ts'

const ARN = 'arn:aws:kms:eu-central-1:000000000000:key/1'
const ROLE = 'arn:aws:iam::000000000000:role/signs'
const OTHER = 'arn:aws:iam::000000000000:role/other'
const key = { kms_key_arn: ARN, alg: 'RS256', state: 'active' } as SigningKey
const good = signingKeyPolicy({ account: '000000000000', partition: 'aws', signers: [ROLE], alg: 'RS256' })
const metadata = {
  KeySpec: 'RSA_2048',
  SigningAlgorithms: ['RSASSA_PKCS1_V1_5_SHA_256', 'RSASSA_PSS_SHA_256'],
} as KeyMetadata

const SIGN = good.Statement[1]!

/** The policy with another statement of signing, and what else is given. */
function policy(sign: object, ...more: object[]): { value: KeyPolicy } {
  return { value: { ...good, Statement: [good.Statement[0], { ...SIGN, ...sign }, ...more] } as KeyPolicy }
}

function allow(statement: object): object {
  return { Effect: 'Allow', Resource: '*', ...statement }
}

describe('KMS-7: key-alg', () => {
  test.each([
    [[ROLE], true],
    [[ROLE, OTHER], undefined],
  ])('what is too much stops nothing, unless somebody of %j is left without', (signers, aside) => {
    const only = (alg: string) => ({ StringEquals: { 'kms:SigningAlgorithm': alg } })
    const both = { Condition: { StringEquals: { 'kms:MessageType': 'RAW' } } }
    const other = allow({
      Principal: { AWS: OTHER },
      Action: 'kms:Sign',
      Condition: only('RSASSA_PSS_SHA_256'),
    })
    const finding = keyAlg(key, metadata, policy(both, other), signers)
    expect([finding.status, 'aside' in finding ? finding.aside : undefined]).toEqual(['fail', aside])
  })

  const condition = (value: unknown) =>
    policy({ Condition: { StringEquals: { 'kms:signingalgorithm': value, 'kms:MessageType': 'RAW' } } })

  test.each([
    ['exactly this', condition(['RSASSA_PKCS1_V1_5_SHA_256']), 'ok'],
    ['another', condition('RSASSA_PSS_SHA_256'), 'fail'],
    ['one too many', condition(['RSASSA_PKCS1_V1_5_SHA_256', 'RSASSA_PSS_SHA_256']), 'fail'],
    ['all', policy({ Condition: { StringEquals: { 'kms:MessageType': 'RAW' } } }), 'fail'],
    ['another for somebody else', policy({}, allow({ Principal: { AWS: OTHER }, Action: 'kms:Sign' })), 'ok'],
    ['not to be read', { error: { name: 'AccessDeniedException', message: '' } }, 'ok'],
  ])('the policy permits: %s', (_, given, status) => {
    expect(keyAlg(key, metadata, given, [ROLE]).status).toBe(status)
  })

  test('a key of another kind', () => {
    expect(
      keyAlg(key, { ...metadata, SigningAlgorithms: ['ECDSA_SHA_256'] }, { value: good }, [ROLE]),
    ).toMatchObject({ status: 'fail', fix: expect.stringContaining('RSA_2048') })
  })
})

test('KMS that does not say is another thing than a key that is not there', () => {
  const error = (name: string, message = '') => keyExists(key, { error: { name, message } })
  expect(error('NotFoundException').status).toBe('fail')
  expect(error('AccessDeniedException').status).toBe('skip')
  expect(error('ECONNREFUSED')).toMatchObject({ status: 'fail', fix: expect.stringContaining('Region') })
  expect(error('InvalidSignatureException', 'Signature expired: …')).toMatchObject({ rests_on: 'clock' })
})

test('a key that is going says when', () => {
  const going = { KeyState: 'PendingDeletion', DeletionDate: new Date('2026-11-24T12:00:00Z') } as KeyMetadata
  expect(keyEnabled(key, going).detail).toContain('2026-11-24')
})
