import { type KMSClient, PutKeyPolicyCommand, SignCommand } from '@aws-sdk/client-kms'
import { KMS_ALGORITHM } from '../../lib/aws/kms-signer.ts'
import type { Alg } from '../../lib/jose/algorithms.ts'
import type { Context } from '../context.ts'
import { Failure } from '../failure.ts'
import { quoted } from '../quoted.ts'
import { policyOf } from './keys.ts'
import { type KeyPolicy, signingStatement } from './policy.ts'

/** Has KMS sign, in the form that X.509 has signatures in. Rejects with the SDK's error. */
export async function signByKms(kms: KMSClient, arn: string, alg: Alg, message: Buffer): Promise<Buffer> {
  const { Signature } = await kms.send(
    new SignCommand({
      KeyId: arn,
      Message: message,
      MessageType: 'RAW',
      SigningAlgorithm: KMS_ALGORITHM[alg],
    }),
  )
  return Buffer.from(Signature!)
}

const OPEN_SID = 'CountersignForOneCertificate'
/** A changed policy is in force within seconds, not at once (KMS developer guide, "AWS KMS eventual consistency"). */
const OPEN_TRIES = 30
const OPEN_TRY_MS = 1_000

/**
 * Signs with a key that, rightly, lets nobody sign but the function: the account's administrators are let in for the
 * moment of `work`, and the policy is put back as it was, whatever becomes of it. Whoever may do this may write the key's
 * policy already; the alarm on policies and on foreign signatures will say so.
 */
export async function withOpenPolicy<T>(
  context: Context,
  { arn, alg }: { arn: string; alg: Alg },
  work: () => Promise<T>,
): Promise<T> {
  const kms = context.kms(arn)
  const before = await policyOf(kms, arn)
  const [, partition, , , account] = arn.split(':')
  const open = { ...signingStatement([`arn:${partition}:iam::${account}:root`], alg), Sid: OPEN_SID }
  await put(kms, arn, { ...before, Statement: [...before.Statement, open] })
  try {
    return await patiently(context, work)
  } finally {
    await putBack(kms, arn, before)
  }
}

async function patiently<T>(context: Context, work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work()
    } catch (error) {
      if ((error as Error).name !== 'AccessDeniedException' || tries === OPEN_TRIES) throw error
      context.terminal.progress('waiting until KMS has taken up the policy')
      await context.wait(OPEN_TRY_MS)
    }
  }
}

async function putBack(kms: KMSClient, arn: string, before: KeyPolicy): Promise<void> {
  try {
    await put(kms, arn, before)
  } catch (error) {
    throw new Failure(
      'policy_open',
      `The policy of ${arn} could not be put back: ${(error as Error).message}`,
      {
        fix: `Take the statement ${OPEN_SID} out of it now: aws kms put-key-policy --key-id ${quoted(arn)} --policy ${quoted(JSON.stringify(before))}`,
      },
    )
  }
}

async function put(kms: KMSClient, arn: string, policy: KeyPolicy): Promise<void> {
  await kms.send(
    new PutKeyPolicyCommand({ KeyId: arn, PolicyName: 'default', Policy: JSON.stringify(policy) }),
  )
}
