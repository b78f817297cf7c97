import type { KMSClient } from '@aws-sdk/client-kms'
import { createSigningKey as create, type KmsKey } from '../cli/kms/keys.ts'
import type { Alg } from '../lib/jose/algorithms.ts'
import { OPERATOR, SIGNING_ROLE } from './roles.ts'

export type { KmsKey as CreatedKey } from '../cli/kms/keys.ts'

/**
 * Who may sign here: the function's role, as on AWS, and whoever sits at this machine, so that `npm run serve` and the AWS
 * command line work against the local stack.
 */
export const SIGNERS = [SIGNING_ROLE, OPERATOR]

/** Has the local KMS make a key for `alg` as the operator's command makes one. */
export function createSigningKey(kms: KMSClient, alg: Alg): Promise<KmsKey> {
  return create(kms, { alg, signers: SIGNERS })
}
