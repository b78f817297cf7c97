import { KMS_ALGORITHM } from '../../lib/aws/kms-signer.ts'
import type { Alg } from '../../lib/jose/algorithms.ts'

/** One statement of a key policy, as KMS takes it. */
export interface Statement {
  Sid?: string
  Effect: string
  Principal: unknown
  Action: string | string[]
  Resource: string | string[]
  Condition?: Record<string, Record<string, string | string[]>>
}

export interface KeyPolicy {
  Version: string
  Statement: Statement[]
}

/**
 * What the account's administrators may do to a key, as far as their own IAM policies allow. A listed action can be
 * granted by IAM, an unlisted one cannot: no Sign, and nothing that could hand it on. (A grant outlives the policy that
 * permitted it: it can be seen, and taken back.) The same list as in infra/key.yml.
 */
export const ADMINISTRATION = [
  'kms:CancelKeyDeletion',
  'kms:DescribeKey',
  'kms:DisableKey',
  'kms:EnableKey',
  'kms:GetKeyPolicy',
  'kms:GetKeyRotationStatus',
  'kms:GetPublicKey',
  'kms:ListGrants',
  'kms:ListKeyPolicies',
  'kms:ListResourceTags',
  'kms:PutKeyPolicy',
  'kms:RevokeGrant',
  'kms:ScheduleKeyDeletion',
  'kms:TagResource',
  'kms:UntagResource',
  'kms:UpdateKeyDescription',
]

/** What the operator's role does with a key: looks, switches off and on, lets it run out. Not its policy. The same as in infra/key.yml. */
export const OPERATION = [
  'kms:CancelKeyDeletion',
  'kms:DescribeKey',
  'kms:DisableKey',
  'kms:EnableKey',
  'kms:GetKeyPolicy',
  'kms:GetPublicKey',
  'kms:ListResourceTags',
  'kms:ScheduleKeyDeletion',
]

/** Permission to sign, with one algorithm and whole messages only: with DIGEST a signature could be made of what nobody saw. */
export function signingStatement(signers: readonly string[], alg: Alg): Statement {
  return {
    Sid: 'SignAssertions',
    Effect: 'Allow',
    Principal: { AWS: signers.length === 1 ? signers[0] : [...signers] },
    Action: 'kms:Sign',
    Resource: '*',
    Condition: {
      StringEquals: { 'kms:SigningAlgorithm': KMS_ALGORITHM[alg], 'kms:MessageType': 'RAW' },
    },
  }
}

/**
 * The policy of a signing key (requirements KMS-8 and KMS-9): the account administers and does not use, the signers use.
 * It is the key's own, so that a key that is made later needs no new deployment.
 */
export function signingKeyPolicy({
  account,
  partition,
  signers,
  operator,
  multiRegion = false,
  alg,
}: PolicyFor): KeyPolicy {
  const root = { AWS: `arn:${partition}:iam::${account}:root` }
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'AdministerWithoutUse',
        Effect: 'Allow',
        Principal: root,
        Action: ADMINISTRATION,
        Resource: '*',
      },
      ...(operator === undefined
        ? []
        : [
            {
              Sid: 'Operate',
              Effect: 'Allow',
              Principal: { AWS: operator },
              Action: OPERATION,
              Resource: '*',
            },
          ]),
      signingStatement(signers, alg),
      ...(multiRegion
        ? [{ Sid: 'Replicate', Effect: 'Allow', Principal: root, Action: 'kms:ReplicateKey', Resource: '*' }]
        : []),
    ],
  }
}

interface PolicyFor {
  /** Twelve digits. */
  account: string
  /** `aws`, `aws-cn`, `aws-us-gov`. */
  partition: string
  /** ARNs. */
  signers: readonly string[]
  /** ARN of the role that operates the deployment's keys, where there is one. */
  operator?: string | undefined
  /** The account may make replicas of it in other Regions. */
  multiRegion?: boolean
  alg: Alg
}
