import type { SigningKey } from '../../lib/config/client.ts'
import type { Context } from '../context.ts'
import { attempt } from '../doctor/facts/attempt.ts'
import { keyAlg } from '../doctor/judge/keys.ts'
import { permissions } from '../doctor/judge/permissions.ts'
import type { Deployment } from '../document.ts'
import { EXIT, Failure } from '../failure.ts'
import { metadataOf, policyOf } from '../kms/keys.ts'

/**
 * Refuses a key that could not sign: from its activation on every exchange would fail. What KMS does not let the operator
 * see is left to the doctor. Throws Failure.
 */
export async function requireUsable(
  context: Context,
  { kms_key_arn: arn, alg }: Pick<SigningKey, 'kms_key_arn' | 'alg'>,
  { signers }: Pick<Deployment, 'signers'>,
): Promise<void> {
  const kms = context.kms(arn)
  const [metadata, policy] = await Promise.all([attempt(metadataOf(kms, arn)), attempt(policyOf(kms, arn))])
  const state = metadata.error ? undefined : metadata.value.KeyState
  if (metadata.error?.name === 'NotFoundException' || (state !== undefined && state !== 'Enabled')) {
    throw unusable(`Its state in KMS is ${state ?? 'unknown: there is no such key'}.`)
  }
  const key = { kms_key_arn: arn, alg }
  const judged = [
    permissions(key, policy, { signers }),
    ...(metadata.error ? [] : [keyAlg(key, metadata.value, policy, signers)]),
  ]
  for (const finding of judged) {
    // What is permitted beyond that keeps nobody from signing.
    if (finding.status === 'fail' && finding.aside !== true) throw unusable(finding.detail)
  }
}

function unusable(why: string): Failure {
  return new Failure('not_usable', `The key cannot sign, and every exchange would fail. ${why}`, {
    fix: 'countersign doctor says what is wrong with it; --force activates it all the same.',
    exit: EXIT.refused,
  })
}
