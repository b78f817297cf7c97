import type { SigningKey } from '../../../lib/config/client.ts'
import { type KeyPolicy, signingStatement } from '../../kms/policy.ts'
import type { Outcome } from '../facts/attempt.ts'
import { type Finding, fail, failAside, ok, skip } from '../finding.ts'
import {
  type AnyStatement,
  allows,
  conditionOf,
  covers,
  principalsOf,
  signingGrants,
  statementsOf,
  texts,
} from './policy.ts'

/** By the key's policy the signers may sign whole messages and do nothing else, and nobody else may sign. */
export function permissions(
  { kms_key_arn, alg }: Pick<SigningKey, 'kms_key_arn' | 'alg'>,
  policy: Outcome<KeyPolicy>,
  signers: readonly string[],
): Finding {
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
  const missing = signers.filter(signer => !maySign(policy.value, signer, kms_key_arn))
  const surplus = surplusOf(policy.value, signers)
  const faults = [...missing.map(signer => `${signer} may not kms:Sign`), ...surplus]
  if (faults.length === 0) return ok(`${signers.join(', ')} may kms:Sign and nothing else; nobody else may`)
  const detail = `${kms_key_arn}: ${faults.join('; ')}`
  const fix = `In the key's policy (aws kms get-key-policy, put-key-policy), have this statement and no other that reaches kms:Sign or kms:CreateGrant: ${JSON.stringify(signingStatement(signers, alg))}`
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

function surplusOf(policy: KeyPolicy, signers: readonly string[]): string[] {
  return statementsOf(policy)
    .filter(allows)
    .flatMap(statement => {
      const principals = principalsOf(statement)
      const strangers = principals.filter(name => !signers.includes(name)).map(named)
      const signersHere = principals.filter(name => signers.includes(name))
      const signs = covers(statement, 'kms:Sign')
      return [
        ...strangers.flatMap(name => [
          ...(signs ? [`${name} may kms:Sign`] : []),
          ...(covers(statement, 'kms:CreateGrant')
            ? [`${name} may kms:CreateGrant, and so let others sign`]
            : []),
        ]),
        ...signersHere.flatMap(name => [
          ...(onlySign(statement) ? [] : [`${name} may do more than kms:Sign`]),
          ...(signs && !wholeMessages(statement)
            ? [`${name} may sign digests, too (no condition kms:MessageType RAW)`]
            : []),
        ]),
      ]
    })
}

function onlySign({ Action }: AnyStatement): boolean {
  const actions = texts(Action)
  return actions.length > 0 && actions.every(action => action.toLowerCase() === 'kms:sign')
}

function wholeMessages(statement: AnyStatement): boolean {
  const types = conditionOf(statement, 'kms:MessageType')
  return types?.length === 1 && types[0] === 'RAW'
}

/** Who is meant by the short forms. */
function named(principal: string): string {
  if (principal === '*') return 'everybody (*)'
  if (/^\d{12}$|:root$/.test(principal)) return `whomever IAM allows it in the account (${principal})`
  // What becomes of a role's ARN in a policy once the role is deleted; one made anew under the same name has another.
  return /^A[A-Z0-9]{15,}$/.test(principal) ? `a principal that is deleted (${principal})` : principal
}
