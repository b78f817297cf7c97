import type { KeyMetadata } from '@aws-sdk/client-kms'
import { KMS_ALGORITHM } from '../../../lib/aws/kms-signer.ts'
import type { SigningKey } from '../../../lib/config/client.ts'
import type { KeyPolicy } from '../../kms/policy.ts'
import { keySpecOf } from '../../kms/spec.ts'
import { isClockSkew, isDenied, type Outcome } from '../facts/attempt.ts'
import { type Finding, fail, failAside, ok, restsOn, skip } from '../finding.ts'
import { type AnyStatement, conditionOf, signingGrants } from './policy.ts'

/** KMS knows the key. */
export function keyExists({ kms_key_arn }: SigningKey, { value, error }: Outcome<KeyMetadata>): Finding {
  if (error === undefined) return ok(`${value.KeySpec}`)
  if (isClockSkew(error)) return restsOn('clock')
  if (isDenied(error)) {
    return skip(
      `${kms_key_arn}: KMS does not say (${error.name})`,
      'Allow kms:DescribeKey on the key to whoever runs this.',
    )
  }
  const missing = error.name === 'NotFoundException'
  return fail(
    `${kms_key_arn}: ${missing ? 'there is no such key' : `${error.name}: ${error.message}`}`,
    missing
      ? 'Correct kms_key_arn (account, Region, id); a key that has been deleted does not come back: make another one.'
      : 'KMS has to answer in the Region of the key: check the network and the credentials.',
  )
}

/** It may be used now. */
export function keyEnabled({ kms_key_arn }: SigningKey, { KeyState, DeletionDate }: KeyMetadata): Finding {
  if (KeyState === 'Enabled') return ok('enabled')
  if (KeyState === 'PendingDeletion') {
    const when =
      DeletionDate === undefined ? '' : `, and gone for ever on ${DeletionDate.toISOString().slice(0, 10)}`
    return fail(
      `${kms_key_arn} is about to be deleted${when}`,
      `aws kms cancel-key-deletion --key-id ${kms_key_arn} && aws kms enable-key --key-id ${kms_key_arn}`,
    )
  }
  return fail(`${kms_key_arn}: its state is ${KeyState}`, `aws kms enable-key --key-id ${kms_key_arn}`)
}

/** It is there to sign. */
export function keyUsage({ kms_key_arn, alg }: SigningKey, { KeyUsage }: KeyMetadata): Finding {
  return KeyUsage === 'SIGN_VERIFY'
    ? ok('SIGN_VERIFY')
    : fail(
        `${kms_key_arn}: its usage is ${KeyUsage}, and it can never sign`,
        `The usage of a key cannot be changed: make one of KeyUsage SIGN_VERIFY and KeySpec ${keySpecOf(alg)}, and name it in signing_keys.`,
      )
}

/** It can make signatures of `alg`, and its policy permits that algorithm and no other. */
export function keyAlg(
  { kms_key_arn, alg }: Pick<SigningKey, 'kms_key_arn' | 'alg'>,
  { SigningAlgorithms = [], KeySpec }: KeyMetadata,
  policy: Outcome<KeyPolicy>,
  signers: readonly string[],
): Finding {
  const wanted = KMS_ALGORITHM[alg]
  if (!SigningAlgorithms.includes(wanted)) {
    return fail(
      `${kms_key_arn} is of spec ${KeySpec} and cannot sign by ${alg}`,
      `Set the alg of the key to one that it has (${SigningAlgorithms.join(', ')}), or make a key of spec ${keySpecOf(alg)}.`,
    )
  }
  if (policy.error) return ok(`${wanted}; its policy was not to be read (${policy.error.name})`)
  const grants = signingGrants(policy.value, signers).map(grant => conditionOf(grant, 'kms:SigningAlgorithm'))
  const others = grants.flatMap(permitted =>
    permitted?.length === 1 && permitted[0] === wanted ? [] : [permitted?.join(', ') ?? 'every algorithm'],
  )
  if (others.length === 0) return ok(`${wanted} and no other`)
  // What is too much keeps nothing from working.
  const permits = (grant: AnyStatement) =>
    conditionOf(grant, 'kms:SigningAlgorithm')?.includes(wanted) ?? true
  const works = signers.every(signer => signingGrants(policy.value, [signer]).some(permits))
  return (works ? failAside : fail)(
    `${kms_key_arn}: the configuration says ${alg}, and its policy permits ${others.join(', ')}`,
    `Set alg to what the policy permits, or have the condition kms:SigningAlgorithm of the policy be ${wanted}.`,
  )
}
