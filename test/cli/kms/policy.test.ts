import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ADMINISTRATION, OPERATION, signingKeyPolicy } from '../../../cli/kms/policy.ts'
import { ALGS, algsOf, keySpecOf } from '../../../cli/kms/spec.ts'
import { KMS_ALGORITHM } from '../../../lib/aws/kms-signer.ts'
import { type KEY_SPECS, signingAlgorithms } from '../../../local/aws/kms-specs.ts'
import { ROOT } from '../../support/deployment.ts'

const SIGNER = 'arn:aws:iam::111122223333:role/signer'
const policy = (alg: (typeof ALGS)[number], signers = [SIGNER]) =>
  signingKeyPolicy({ account: '111122223333', partition: 'aws', signers, alg })

describe('the policy of a key that the command makes', () => {
  test.each(ALGS)('KMS-8: %s: the signers sign, by one algorithm and whole messages', alg => {
    const signing = policy(alg).Statement.filter(({ Action }) => [Action].flat().includes('kms:Sign'))
    expect(signing).toEqual([
      {
        Sid: 'SignAssertions',
        Effect: 'Allow',
        Principal: { AWS: SIGNER },
        Action: 'kms:Sign',
        Resource: '*',
        Condition: {
          StringEquals: { 'kms:SigningAlgorithm': KMS_ALGORITHM[alg], 'kms:MessageType': 'RAW' },
        },
      },
    ])
  })

  test('KMS-9: the account administers, and cannot give itself a signature', () => {
    const [administration] = policy('RS256').Statement
    expect(administration).toMatchObject({ Principal: { AWS: 'arn:aws:iam::111122223333:root' } })
    expect(ADMINISTRATION).toContain('kms:PutKeyPolicy')
    expect(
      ADMINISTRATION.filter(action =>
        /\*|CreateGrant|Sign|Verify|crypt|Generate|Derive|Replicate/.test(action),
      ),
    ).toEqual([])
  })

  test('the operator looks, switches off and on, and cannot change the policy', () => {
    const role = 'arn:aws:iam::111122223333:role/operator'
    const { Statement } = signingKeyPolicy({
      account: '111122223333',
      partition: 'aws',
      signers: [SIGNER],
      operator: role,
      alg: 'RS256',
    })
    const operating = Statement.filter(({ Principal }) => JSON.stringify(Principal).includes(role))
    expect(operating.map(({ Action }) => Action)).toEqual([OPERATION])
    expect(OPERATION.filter(action => !ADMINISTRATION.includes(action))).toEqual([])
    expect(OPERATION).not.toContain('kms:PutKeyPolicy')
  })

  test('is that of the key in the template', () => {
    const template = readFileSync(join(ROOT, 'infra/key.yml'), 'utf8')
    const listOf = (sid: string) => {
      const statement = new RegExp(`- Sid: ${sid}\\n[\\s\\S]*?Resource:`).exec(template)?.[0] ?? ''
      return [...statement.matchAll(/^\s+- (kms:\w+)$/gm)].map(([, action]) => action)
    }
    expect(listOf('AdministerWithoutUse')).toEqual(ADMINISTRATION)
    expect(listOf('Operate')).toEqual(OPERATION)
  })
})

test.each(ALGS)('%s: its kind of key can sign by it, and says so', alg => {
  const spec = keySpecOf(alg) as keyof typeof KEY_SPECS
  expect(signingAlgorithms(spec)).toContain(KMS_ALGORITHM[alg])
  expect(algsOf(signingAlgorithms(spec), spec)).toContain(alg)
})

test('a key of ML-DSA is told by its size', () => {
  expect(algsOf(['ML_DSA_SHAKE_256'], 'ML_DSA_65')).toEqual(['ML-DSA-65'])
})
