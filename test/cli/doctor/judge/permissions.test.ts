import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { permissions } from '../../../../cli/doctor/judge/permissions.ts'
import { type KeyPolicy, OPERATION, signingKeyPolicy } from '../../../../cli/kms/policy.ts'
import type { SigningKey } from '../../../../lib/config/client.ts'
import { ROOT as FOLDER } from '../../../support/deployment.ts'

const ARN = 'arn:aws:kms:eu-central-1:000000000000:key/1'
const ROOT = 'arn:aws:iam::000000000000:root'
const ROLE = 'arn:aws:iam::000000000000:role/signs'
const OTHER = 'arn:aws:iam::000000000000:role/other'
const FOREIGN = 'arn:aws:iam::999999999999:role/looks'
const FOREIGN_ROOT = 'arn:aws:iam::999999999999:root'
const GOOD = { account: '000000000000', partition: 'aws', signers: [ROLE], alg: 'RS256' } as const
const key = { kms_key_arn: ARN, alg: 'RS256', state: 'active' } as SigningKey
const good = signingKeyPolicy(GOOD)
const SIGN = good.Statement[1]!

/** The policy with another statement of signing, and what else is given. */
function policy(sign: object, ...more: object[]): { value: KeyPolicy } {
  return { value: { ...good, Statement: [good.Statement[0], { ...SIGN, ...sign }, ...more] } as KeyPolicy }
}

function allow(statement: object): object {
  return { Effect: 'Allow', Resource: '*', ...statement }
}

/** That of the key in infra/key.yml, with every condition of the template `taken` or not. */
function templatePolicy(taken: boolean): KeyPolicy {
  const arns: Record<string, string> = { 'SigningRole.Arn': ROLE, 'OperatorRole.Arn': OTHER }
  const customTags = [
    { tag: '!If', collection: 'seq', resolve: (seq: Sequence) => seq.items[taken ? 1 : 2] },
    { tag: '!FindInMap', collection: 'seq', resolve: () => 'RSASSA_PKCS1_V1_5_SHA_256' },
    { tag: '!GetAtt', resolve: (name: string) => arns[name] },
    { tag: '!Sub', resolve: () => ROOT },
    { tag: '!Ref', resolve: () => null },
  ]
  const text = readFileSync(join(FOLDER, 'infra/key.yml'), 'utf8')
  const { Resources } = parse(text, { customTags: customTags as never, merge: true })
  const { Statement, ...rest } = Resources.SigningKey.Properties.KeyPolicy as KeyPolicy
  return { ...rest, Statement: Statement.filter(statement => statement !== null) }
}

interface Sequence {
  items: unknown[]
}

describe('permissions', () => {
  test.each([
    ['alone', {}],
    ['for an operator', { operator: OTHER }],
    ['for an operator elsewhere', { operator: FOREIGN }],
    ['for several Regions', { operator: OTHER, multiRegion: true }],
  ])('the policy that keys create writes is as it should be: %s', (_, more) => {
    const value = signingKeyPolicy({ ...GOOD, ...more })
    expect(permissions(key, { value }, { signers: [ROLE], ...more }).status).toBe('ok')
  })

  test("so is the template's, with and without a second Region and endpoints", () => {
    const answers = [true, false].flatMap(taken => {
      const value = templatePolicy(taken)
      return [
        value.Statement.length,
        permissions(key, { value }, { signers: [ROLE], operator: OTHER }).status,
      ]
    })
    expect(answers).toEqual([4, 'ok', 3, 'ok'])
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
      'the policy',
      policy({}, allow({ Principal: { AWS: OTHER }, Action: 'kms:Put*' })),
      /other may kms:PutKeyPolicy$/,
    ],
    [
      'copies',
      policy({}, allow({ Principal: { AWS: OTHER }, Action: ['kms:DescribeKey', 'kms:ReplicateKey'] })),
      /other may kms:ReplicateKey$/,
    ],
    [
      'a grant by the account',
      policy({}, allow({ Principal: { AWS: ROOT }, Action: 'kms:Create*' })),
      /:root\) may kms:CreateGrant$/,
    ],
    [
      'the policy by another account',
      policy({}, allow({ Principal: { AWS: FOREIGN_ROOT }, Action: 'kms:PutKeyPolicy' })),
      /999999999999:root\) may kms:PutKeyPolicy$/,
    ],
    [
      'another account, of anything',
      policy({}, allow({ Principal: { AWS: FOREIGN }, Action: 'kms:DescribeKey' })),
      /999999999999:role\/looks, not of the key's account, may kms:DescribeKey$/,
    ],
    [
      'another account, by its number',
      policy({}, allow({ Principal: { AWS: '999999999999' }, NotAction: 'kms:*' })),
      /\(999999999999\), not of the key's account, may everything but kms:\*$/,
    ],
    [
      'everybody, of anything',
      policy({}, allow({ Principal: '*', Action: 'kms:GetPublicKey' })),
      /everybody \(\*\), not of the key's account, may kms:GetPublicKey$/,
    ],
    [
      'a deleted role',
      policy({ Principal: { AWS: [ROLE, 'AROAEXAMPLEEXAMPLE123'] } }),
      /a principal that is deleted/,
    ],
  ])('too much: %s', (_, given, says) => {
    expect(permissions(key, given, { signers: [ROLE] })).toMatchObject({
      status: 'fail',
      aside: true,
      detail: expect.stringMatching(says),
      fix: expect.stringContaining('"Action":"kms:Sign"'),
    })
  })

  test.each([
    [
      'somebody of the account looks',
      allow({ Principal: { AWS: OTHER }, Action: ['kms:Describe*', 'kms:List*'] }),
    ],
    ['the account changes the policy', allow({ Principal: { AWS: '000000000000' }, Action: 'kms:Put*' })],
    [
      'everybody of the account looks',
      allow({
        Principal: '*',
        Action: 'kms:DescribeKey',
        Condition: { StringEquals: { 'kms:CallerAccount': '000000000000' } },
      }),
    ],
    ['a denial', { Effect: 'Deny', Principal: { AWS: FOREIGN }, Action: 'kms:*', Resource: '*' }],
  ])('no fault: %s', (_, statement) => {
    expect(permissions(key, policy({}, statement), { signers: [ROLE] }).status).toBe('ok')
  })

  test('an operator of another account may do what an operator does, and no more', () => {
    const operating = (Action: string[]) =>
      permissions(key, policy({}, allow({ Principal: { AWS: FOREIGN }, Action })), {
        signers: [ROLE],
        operator: FOREIGN,
      })
    expect(operating(OPERATION).status).toBe('ok')
    expect(operating([...OPERATION, 'kms:ListGrants'])).toMatchObject({
      status: 'fail',
      detail: expect.stringContaining('role/looks, not of the key'),
    })
    expect(operating([...OPERATION, 'kms:PutKeyPolicy'])).toMatchObject({
      status: 'fail',
      detail: expect.stringMatching(/looks may kms:PutKeyPolicy$/),
    })
  })

  test('an operator who signs, too, may do both', () => {
    const operating = allow({ Principal: { AWS: ROLE }, Action: OPERATION })
    expect(permissions(key, policy({}, operating), { signers: [ROLE], operator: ROLE }).status).toBe('ok')
    expect(permissions(key, policy({}, operating), { signers: [ROLE], operator: OTHER }).status).toBe('fail')
  })

  test('a retired key: nobody has to sign with it, and nobody else may', () => {
    const retired = { ...key, state: 'retired' } as SigningKey
    const nobody = { value: { ...good, Statement: [good.Statement[0]!] } }
    expect(permissions(retired, nobody, { signers: [ROLE] }).status).toBe('ok')
    expect(permissions(retired, policy({ Principal: { AWS: OTHER } }), { signers: [ROLE] })).toMatchObject({
      status: 'fail',
      detail: expect.stringContaining(`${OTHER} may kms:Sign`),
    })
  })

  test.each([
    ['nobody is named', { value: { ...good, Statement: [good.Statement[0]!] } }],
    ['another is named', policy({ Principal: { AWS: OTHER } })],
    ['another resource is named', policy({ Resource: 'arn:aws:kms:eu-central-1:000000000000:key/2' })],
    ['it is denied', policy({}, { Effect: 'Deny', Principal: '*', Action: 'kms:*', Resource: '*' })],
  ])('too little: %s', (_, given) => {
    const finding = permissions(key, given, { signers: [ROLE] })
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
    expect(permissions(key, narrowed, { signers: [ROLE] }).status).toBe('ok')
  })

  test('what is not known is said, and how to tell it', () => {
    expect(permissions(key, { value: good }, { signers: [] })).toMatchObject({
      status: 'skip',
      fix: expect.stringContaining('--signer'),
    })
    const denied = { error: { name: 'AccessDeniedException', message: '' } }
    expect(permissions(key, denied, { signers: [ROLE] })).toMatchObject({
      status: 'skip',
      fix: expect.stringContaining('kms:GetKeyPolicy'),
    })
  })
})
