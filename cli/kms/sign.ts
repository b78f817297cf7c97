import { type KMSClient, PutKeyPolicyCommand, SignCommand } from '@aws-sdk/client-kms'
import { KMS_ALGORITHM } from '../../lib/aws/kms-signer.ts'
import type { Alg } from '../../lib/jose/algorithms.ts'
import type { Context } from '../context.ts'
import { timestamp } from '../duration.ts'
import { Failure } from '../failure.ts'
import { policyOf } from './keys.ts'
import { type Statement, signingStatement } from './policy.ts'

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
/** By then a statement that was left behind, by a process that was ended, says nothing any more. */
const OPEN_MS = 5 * 60_000
/** A changed policy is in force within seconds, not at once (KMS developer guide, "AWS KMS eventual consistency"). */
const OPEN_TRIES = 30
const OPEN_TRY_MS = 1_000

/**
 * Signs with a key that, rightly, lets nobody sign but the function: the account's administrators are let in for `work`,
 * by a statement that ends by itself, and the statement is taken out again, whatever becomes of it. Whoever may do this
 * may write the key's policy already; the alarm on policies and on foreign signatures will say so.
 */
export async function withOpenPolicy<T>(
  context: Context,
  { arn, alg }: { arn: string; alg: Alg },
  work: () => Promise<T>,
): Promise<T> {
  const kms = context.kms(arn)
  const [, partition, , , account] = arn.split(':')
  const { Condition, ...open } = signingStatement([`arn:${partition}:iam::${account}:root`], alg)
  const until = { 'aws:CurrentTime': timestamp(context.now() + OPEN_MS) }
  const statement = { ...open, Sid: OPEN_SID, Condition: { ...Condition, DateLessThan: until } }
  await change(kms, arn, others => [...others, statement])
  try {
    return await patiently(context, work)
  } finally {
    await closeAgain(kms, arn)
  }
}

/** Reads the policy anew: what somebody else has changed in it meanwhile stays changed. */
async function change(
  kms: KMSClient,
  arn: string,
  made: (others: Statement[]) => Statement[],
): Promise<void> {
  const policy = await policyOf(kms, arn)
  const others = [policy.Statement].flat().filter(({ Sid }) => Sid !== OPEN_SID)
  await kms.send(
    new PutKeyPolicyCommand({
      KeyId: arn,
      PolicyName: 'default',
      Policy: JSON.stringify({ ...policy, Statement: made(others) }),
    }),
  )
}

async function closeAgain(kms: KMSClient, arn: string): Promise<void> {
  try {
    await change(kms, arn, others => others)
  } catch (error) {
    throw new Failure(
      'policy_open',
      `The policy of ${arn} could not be put back: ${(error as Error).message}`,
      {
        fix: `Take the statement ${OPEN_SID} out of it now (aws kms get-key-policy, put-key-policy). It ends by itself after five minutes.`,
      },
    )
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
