import { createPublicKey } from 'node:crypto'
import { CreateKeyCommand, GetPublicKeyCommand, type KeySpec, type KMSClient } from '@aws-sdk/client-kms'
import type { JWK } from 'jose'
import { KMS_ALGORITHM } from '../lib/aws/kms-signer.ts'
import { ALGORITHMS, type Alg, isExperimental } from '../lib/jose/algorithms.ts'
import { thumbprint } from '../lib/jose/jwks.ts'
import { ACCOUNT, OPERATOR, SIGNING_ROLE } from './roles.ts'

/** A key as the configuration names it. */
export interface CreatedKey {
  kms_key_arn: string
  alg: Alg
  experimental?: true
  public_jwk: JWK
}

/** By curve, and where there is none by `alg`; what is left is RSA. */
const KEY_SPEC: Record<string, KeySpec> = {
  'P-256': 'ECC_NIST_P256',
  'P-384': 'ECC_NIST_P384',
  'P-521': 'ECC_NIST_P521',
  Ed25519: 'ECC_NIST_EDWARDS25519',
  'ML-DSA-44': 'ML_DSA_44',
  'ML-DSA-65': 'ML_DSA_65',
  'ML-DSA-87': 'ML_DSA_87',
}

/** Has KMS make a key for `alg`, under the policy that a deployment gives it. */
export async function createSigningKey(kms: KMSClient, alg: Alg): Promise<CreatedKey> {
  const needs = ALGORITHMS[alg]
  const created = await kms.send(
    new CreateKeyCommand({
      KeySpec: KEY_SPEC['crv' in needs ? needs.crv : alg] ?? 'RSA_2048',
      KeyUsage: 'SIGN_VERIFY',
      Policy: JSON.stringify(keyPolicy(alg)),
    }),
  )
  const kms_key_arn = created.KeyMetadata!.Arn!
  const { PublicKey } = await kms.send(new GetPublicKeyCommand({ KeyId: kms_key_arn }))
  const jwk = createPublicKey({ key: Buffer.from(PublicKey!), format: 'der', type: 'spki' }).export({
    format: 'jwk',
  })
  // As it is published: providers look a key up by its kid.
  const public_jwk = { ...(jwk as JWK), kid: await thumbprint(jwk as JWK), use: 'sig', alg }
  return { kms_key_arn, alg, ...(isExperimental(alg) && { experimental: true }), public_jwk }
}

/**
 * The policy of infra/, with one principal more: whoever sits at this machine may sign too, so that `npm run serve`
 * and the AWS command line work against the local stack. On AWS the function's role alone may.
 */
function keyPolicy(alg: Alg) {
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'Administration',
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
        Action: [
          'kms:Describe*',
          'kms:Get*',
          'kms:List*',
          'kms:Put*',
          'kms:Enable*',
          'kms:Disable*',
          'kms:ScheduleKeyDeletion',
          'kms:CancelKeyDeletion',
        ],
        Resource: '*',
      },
      {
        Sid: 'Signing',
        Effect: 'Allow',
        Principal: { AWS: [SIGNING_ROLE, OPERATOR] },
        Action: 'kms:Sign',
        Resource: '*',
        Condition: { StringEquals: { 'kms:SigningAlgorithm': KMS_ALGORITHM[alg], 'kms:MessageType': 'RAW' } },
      },
    ],
  }
}
