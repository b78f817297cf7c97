import type { SigningKey } from '../../../lib/config/client.ts'
import { type KeyPolicy, signingStatement } from '../../kms/policy.ts'
import type { Outcome } from '../facts/attempt.ts'
import { type Finding, fail, failAside, ok, skip } from '../finding.ts'
import { type AnyStatement, covers, principalsOf, signingGrants, statementsOf, texts } from './policy.ts'
import { type Known, surplusOf } from './surplus.ts'

/** By the key's policy the signers may sign whole messages and do nothing else, and nobody else may sign or come to it. */
export function permissions(
  { kms_key_arn, alg, state }: Pick<SigningKey, 'kms_key_arn' | 'alg'> & Partial<Pick<SigningKey, 'state'>>,
  policy: Outcome<KeyPolicy>,
  known: Known,
): Finding {
  const { signers } = known
  if (signers.length === 0) {
    return skip(
      'who may sign is not known: the secret has no tag countersign:signers',
      "Name the function's role by --signer ARN (the stack's output SigningRoleArn).",
    )
  }
  if (policy.error) {
    return skip(
      `${kms_key_arn}: its policy cannot be read (${policy.error.name})`,
      'Allow kms:GetKeyPolicy on the key to whoever runs this.',
    )
  }
  const [, , , , account = ''] = kms_key_arn.split(':')
  // Nothing is signed by a retired key any more: whether somebody still could is what matters.
  const needed = state === 'retired' ? [] : signers
  const missing = needed.filter(signer => !maySign(policy.value, signer, kms_key_arn))
  const faults = [
    ...missing.map(signer => `${signer} may not kms:Sign`),
    ...surplusOf(policy.value, account, known),
  ]
  if (faults.length === 0) {
    return ok(`${signers.join(', ')} may kms:Sign and nothing else; nobody else may, or could let others`)
  }
  const detail = `${kms_key_arn}: ${faults.join('; ')}`
  const fix = `In the key's policy (aws kms get-key-policy, put-key-policy), have this statement and no other that reaches kms:Sign or kms:CreateGrant, and leave kms:PutKeyPolicy and kms:ReplicateKey to the account's root: ${JSON.stringify(signingStatement(signers, alg))}`
  // What is too much keeps nothing from working.
  return missing.length > 0 ? fail(detail, fix) : failAside(detail, fix)
}

function maySign(policy: KeyPolicy, signer: string, arn: string): boolean {
  const here = ({ Resource }: AnyStatement) => texts(Resource).some(name => name === '*' || name === arn)
  const granted = signingGrants(policy, [signer]).some(here)
  // One with a condition is somebody's own narrowing: whether it lets the function through, signing itself shows.
  const denied = statementsOf(policy).some(
    statement =>
      statement.Effect === 'Deny' &&
      statement.Condition === undefined &&
      covers(statement, 'kms:Sign') &&
      principalsOf(statement).some(name => name === '*' || name === signer),
  )
  return granted && !denied
}
