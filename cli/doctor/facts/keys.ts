import type { KeyMetadata, KMSClient } from '@aws-sdk/client-kms'
import type { JWK } from 'jose'
import { kmsSigner } from '../../../lib/aws/kms-signer.ts'
import type { SigningKey } from '../../../lib/config/client.ts'
import { kidOf, thumbprint } from '../../../lib/jose/jwks.ts'
import { signJws } from '../../../lib/jose/jws.ts'
import { type Signer, verifyingFirst } from '../../../lib/jose/signer.ts'
import { metadataOf, policyOf, publicJwkOf } from '../../kms/keys.ts'
import type { KeyPolicy } from '../../kms/policy.ts'
import { attempt, type Outcome, remembered } from './attempt.ts'

export interface PublicHalf {
  jwk: JWK
  thumbprint: string
}

async function publicHalfOf(kms: KMSClient, arn: string): Promise<PublicHalf> {
  const jwk = await publicJwkOf(kms, arn)
  return { jwk, thumbprint: await thumbprint(jwk) }
}

/** What KMS says of the keys. Every key is asked for once, whoever shares it. */
export interface KeyFacts {
  metadata(arn: string): Promise<Outcome<KeyMetadata>>
  policy(arn: string): Promise<Outcome<KeyPolicy>>
  /** The public half that KMS has, and its RFC 7638 thumbprint. */
  publicHalf(arn: string): Promise<Outcome<PublicHalf>>
  /** Whether KMS signs for us, and the signature verifies with the `public_jwk` of the configuration. Signs: see Scene.signs. */
  canary(key: SigningKey): Promise<Outcome<'verified' | 'unverifiable'>>
  signer(key: SigningKey): Promise<Signer>
}

export function keyFacts(kms: (arn: string) => KMSClient): KeyFacts {
  const signer = async (key: SigningKey) => {
    const { kms_key_arn, alg } = key
    return kmsSigner(kms(kms_key_arn), { kms_key_arn, alg, kid: await kidOf(key) })
  }
  return {
    metadata: remembered(arn => attempt(metadataOf(kms(arn), arn))),
    policy: remembered(arn => attempt(policyOf(kms(arn), arn))),
    publicHalf: remembered(arn => attempt(publicHalfOf(kms(arn), arn))),
    canary: remembered(
      async (key: SigningKey) => attemptSigning(signCanary(await signer(key), key)),
      ({ kms_key_arn, alg, public_jwk }) => JSON.stringify([kms_key_arn, alg, public_jwk]),
    ),
    signer,
  }
}

/** A JWS without issuer, audience or expiry: an assertion that nobody takes. */
async function signCanary(signer: Signer, { public_jwk }: SigningKey): Promise<'verified' | 'unverifiable'> {
  let verifiable = true
  const verifying = verifyingFirst(signer, public_jwk, () => {
    verifiable = false
  })
  await signJws('countersign-canary', { purpose: 'countersign doctor' }, verifying)
  return verifiable ? 'verified' : 'unverifiable'
}

/** What lies behind the function's own error is AWS's. */
async function attemptSigning<T>(signing: Promise<T>): Promise<Outcome<T>> {
  return attempt(signing.catch(error => Promise.reject((error as Error).cause ?? error)))
}
