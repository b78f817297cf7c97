import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager'

/** Reads the current version of a secret: its text, and its version id as the revision. Rejects with the SDK's error. */
export async function readSecret(
  client: SecretsManagerClient,
  secretId: string,
  signal: AbortSignal,
): Promise<{ text: string; revision: string }> {
  const output = await client.send(new GetSecretValueCommand({ SecretId: secretId }), { abortSignal: signal })
  if (output.SecretString === undefined || output.VersionId === undefined) {
    throw new TypeError('the secret has no text')
  }
  return { text: output.SecretString, revision: output.VersionId }
}
