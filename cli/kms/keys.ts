import { createPublicKey } from 'node:crypto'
import {
  CreateKeyCommand,
  DescribeKeyCommand,
  GetKeyPolicyCommand,
  GetPublicKeyCommand,
  type KeyMetadata,
  type KMSClient,
} from '@aws-sdk/client-kms'
import type { JWK } from 'jose'
import type { PublicJwk } from '../../lib/config/client.ts'
import { type Alg, isExperimental } from '../../lib/jose/algorithms.ts'
import { thumbprint } from '../../lib/jose/jwks.ts'
import { Failure } from '../failure.ts'
import { type KeyPolicy, signingKeyPolicy } from './policy.ts'
import { keySpecOf } from './spec.ts'

/** A key as the configuration names it. */
export interface KmsKey {
  kms_key_arn: string
  alg: Alg
  experimental?: true
  public_jwk: PublicJwk & JWK
}

export interface NewKey {
  alg: Alg
  /** ARNs of who may sign. */
  signers: readonly string[]
  /** ARN of the role that operates the deployment's keys. */
  operator?: string | undefined
  multiRegion?: boolean
  /** What to do with a key that is made, where the rest fails: by its ARN. */
  goOn?: (arn: string) => string
}

/**
 * Has KMS make a signing key for `alg`, under the policy of requirement KMS-8. Rejects with the SDK's error; where only
 * the reading of the public half failed, with Failure `key_created`, which names the key.
 */
export async function createSigningKey(
  kms: KMSClient,
  { alg, signers, operator, multiRegion = false, goOn }: NewKey,
): Promise<KmsKey> {
  // The signers' own account is the key's: another account's key is imported, not made.
  const [, partition = 'aws', , , account = ''] = (signers[0] ?? '').split(':')
  const created = await kms.send(
    new CreateKeyCommand({
      KeySpec: keySpecOf(alg),
      KeyUsage: 'SIGN_VERIFY',
      Description: `Signs the client assertions of Countersign (${alg})`,
      Policy: JSON.stringify(signingKeyPolicy({ account, partition, signers, operator, multiRegion, alg })),
      ...(multiRegion && { MultiRegion: true }),
      // KMS would ask whether whoever makes the key may change its policy later. The account's administrators always may.
      BypassPolicyLockoutSafetyCheck: true,
    }),
  )
  const arn = created.KeyMetadata!.Arn!
  try {
    return await describeForDocument(kms, arn, alg)
  } catch (error) {
    throw new Failure('key_created', `The key ${arn} was created, and then: ${(error as Error).message}`, {
      ...(goOn && { fix: goOn(arn) }),
    })
  }
}

/** A key that exists, as the configuration names it. */
export async function describeForDocument(kms: KMSClient, kms_key_arn: string, alg: Alg): Promise<KmsKey> {
  return asKmsKey(kms_key_arn, alg, await publicJwkOf(kms, kms_key_arn))
}

/** The same of a public half that is at hand: its members by kty alone. */
export async function asKmsKey(kms_key_arn: string, alg: Alg, jwk: PublicJwk & JWK): Promise<KmsKey> {
  const public_jwk = { ...jwk, kid: await thumbprint(jwk), use: 'sig' as const, alg }
  return { kms_key_arn, alg, ...(isExperimental(alg) && { experimental: true as const }), public_jwk }
}

/** The public half of a key, its members by kty alone. */
export async function publicJwkOf(kms: KMSClient, arn: string): Promise<PublicJwk & JWK> {
  const { PublicKey } = await kms.send(new GetPublicKeyCommand({ KeyId: arn }))
  const key = createPublicKey({ key: Buffer.from(PublicKey!), format: 'der', type: 'spki' })
  return key.export({ format: 'jwk' }) as PublicJwk & JWK
}

/** The SubjectPublicKeyInfo of a key (RFC 5280 section 4.1), in DER. */
export async function publicKeyDer(kms: KMSClient, arn: string): Promise<Buffer> {
  const { PublicKey } = await kms.send(new GetPublicKeyCommand({ KeyId: arn }))
  return Buffer.from(PublicKey!)
}

export async function metadataOf(kms: KMSClient, arn: string): Promise<KeyMetadata> {
  const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: arn }))
  return KeyMetadata!
}

export async function policyOf(kms: KMSClient, arn: string): Promise<KeyPolicy> {
  const { Policy } = await kms.send(new GetKeyPolicyCommand({ KeyId: arn, PolicyName: 'default' }))
  return JSON.parse(Policy!) as KeyPolicy
}
