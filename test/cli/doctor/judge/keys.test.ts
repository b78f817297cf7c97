import type { KeyMetadata } from '@aws-sdk/client-kms'
import { describe, expect, test } from 'vitest'
import { keyAlg, keyEnabled, keyExists } from '../../../../cli/doctor/judge/keys.ts'
import { permissions } from '../../../../cli/doctor/judge/permissions.ts'
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

describe('permissions', () => {
  test('the policy that this project writes is as it should be', () => {
    expect(permissions(key, { value: good }, [ROLE]).status).toBe('ok')
  })

  test.each([
    ['everybody', policy({}, allow({ Principal: '*', Action: 'kms:Sign' })), /everybody \(\*\) may kms:Sign/],
    ['everybody, the long way', policy({}, allow({ Principal: { AWS: '*' }, Action: 'kms:*' })), /everybody/],
    [
      'the account, by its number',
      policy({}, allow({ Principal: { AWS: '000000000000' }, Action: 'kms:s*' })),
      /whomever IAM allows it/,
    ],
    ['a grant', policy({}, allow({ Principal: { AWS: OTHER }, Action: ['kms:CreateGrant'] })), /CreateGrant/],
    [
      'all but one action',
      policy({}, allow({ Principal: { AWS: OTHER }, NotAction: 'kms:Decrypt' })),
      /role\/other may kms:Sign.*CreateGrant/,
    ],
    [
      'all but one principal',
      policy({}, allow({ NotPrincipal: { AWS: OTHER }, Action: 'kms:Sign' })),
      /NotPrincipal\) may kms:Sign/,
    ],
    [
      'a service',
      policy({}, allow({ Principal: { Service: 's.example.com' }, Action: '*' })),
      /s\.example\.com may kms:Sign/,
    ],
    ['more for the signer', policy({ Action: ['kms:Sign', 'kms:Verify'] }), /may do more than kms:Sign/],
    [
      'digests',
      policy({ Condition: { StringEquals: { 'kms:SigningAlgorithm': 'RSASSA_PKCS1_V1_5_SHA_256' } } }),
      /may sign digests/,
    ],
    [
      'a deleted role',
      policy({ Principal: { AWS: [ROLE, 'AROAEXAMPLEEXAMPLE123'] } }),
      /a principal that is deleted/,
    ],
  ])('too much: %s', (_, given, says) => {
    expect(permissions(key, given, [ROLE])).toMatchObject({
      status: 'fail',
      aside: true,
      detail: expect.stringMatching(says),
      fix: expect.stringContaining('"Action":"kms:Sign"'),
    })
  })

  test.each([
    ['nobody is named', { value: { ...good, Statement: [good.Statement[0]!] } }],
    ['another is named', policy({ Principal: { AWS: OTHER } })],
    ['another resource is named', policy({ Resource: 'arn:aws:kms:eu-central-1:000000000000:key/2' })],
    ['it is denied', policy({}, { Effect: 'Deny', Principal: '*', Action: 'kms:*', Resource: '*' })],
  ])('too little: %s', (_, given) => {
    const finding = permissions(key, given, [ROLE])
    expect(finding).toMatchObject({
      status: 'fail',
      detail: expect.stringContaining(`${ROLE} may not kms:Sign`),
    })
    expect(finding).not.toHaveProperty('aside')
  })

  test('a denial under a condition is a narrowing, and no fault', () => {
    const narrowed = policy(
      {},
      {
        Effect: 'Deny',
        Principal: '*',
        Action: 'kms:Sign',
        Resource: '*',
        Condition: { StringNotEquals: { 'kms:MessageType': 'RAW' } },
      },
    )
    expect(permissions(key, narrowed, [ROLE]).status).toBe('ok')
  })

  test('what is not known is said, and how to tell it', () => {
    expect(permissions(key, { value: good }, [])).toMatchObject({
      status: 'skip',
      fix: expect.stringContaining('--signer'),
    })
    const denied = { error: { name: 'AccessDeniedException', message: '' } }
    expect(permissions(key, denied, [ROLE])).toMatchObject({
      status: 'skip',
      fix: expect.stringContaining('kms:GetKeyPolicy'),
    })
  })
})

describe('KMS-7: key-alg', () => {
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
