import { KMSClient } from '@aws-sdk/client-kms'
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { type LocalAws, type LocalAwsOptions, startLocalAws } from '../../../local/aws/server.ts'

export const REGION = 'eu-central-1'
export const ACCOUNT = '111122223333'
export const ROOT = `arn:aws:iam::${ACCOUNT}:root`
export const SIGNER = `arn:aws:iam::${ACCOUNT}:role/signer`
export const OPERATOR = `arn:aws:iam::${ACCOUNT}:user/operator`
const SECRET_PATTERN = `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:app/config-??????`

/** Access key id → who: each test file's cast. */
export const PRINCIPALS: LocalAwsOptions['principals'] = {
  AKIAOPERATOR: { arn: OPERATOR, allow: [{ actions: ['*'], resources: ['*'] }] },
  // What it may sign with is the key policies' to say.
  AKIASIGNER: {
    arn: SIGNER,
    allow: [{ actions: ['secretsmanager:GetSecretValue'], resources: [SECRET_PATTERN] }],
  },
  // A session of the same role, as a function on Lambda has it.
  AKIASESSION: { arn: `arn:aws:sts::${ACCOUNT}:assumed-role/signer/instance-1`, allow: [] },
  AKIAOTHER: { arn: `arn:aws:iam::${ACCOUNT}:role/other`, allow: [] },
  // Its own policy allows it to sign with everything: worth something only where the key's policy says so too.
  AKIAGREEDY: {
    arn: `arn:aws:iam::${ACCOUNT}:role/greedy`,
    allow: [{ actions: ['kms:Sign'], resources: ['*'] }],
  },
  AKIAFOREIGN: {
    arn: 'arn:aws:iam::444455556666:role/foreign',
    allow: [{ actions: ['kms:Verify'], resources: ['*'] }],
  },
}

export const OPTIONS: LocalAwsOptions = {
  kmsPort: 0,
  secretsManagerPort: 0,
  region: REGION,
  account: ACCOUNT,
  principals: PRINCIPALS,
}

export function start(): Promise<LocalAws> {
  return startLocalAws(OPTIONS)
}

/** A client as an application would build it; one attempt, so that a refusal is seen as it was sent. */
export function kmsClient(aws: LocalAws, accessKeyId = 'AKIAOPERATOR', maxAttempts = 1): KMSClient {
  return new KMSClient({
    endpoint: aws.kms,
    region: REGION,
    maxAttempts,
    credentials: { accessKeyId, secretAccessKey: 'x' },
  })
}

export function secretsClient(aws: LocalAws, accessKeyId = 'AKIAOPERATOR'): SecretsManagerClient {
  return new SecretsManagerClient({
    endpoint: aws.secrets_manager,
    region: REGION,
    maxAttempts: 1,
    credentials: { accessKeyId, secretAccessKey: 'x' },
  })
}

/** The error of a promise that must reject, with what the SDK knows of it. */
export async function refusal(
  promise: Promise<unknown>,
): Promise<{ name: string; message: string; status: number | undefined }> {
  const error = await promise.then(
    () => {
      throw new Error('expected a refusal, but the request succeeded')
    },
    (reason: Error & { $metadata?: { httpStatusCode?: number } }) => reason,
  )
  return { name: error.name, message: error.message, status: error.$metadata?.httpStatusCode }
}
