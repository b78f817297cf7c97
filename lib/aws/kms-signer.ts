import { type KMSClient, SignCommand, type SigningAlgorithmSpec } from '@aws-sdk/client-kms'
import { ProxyError } from '../errors.ts'
import type { Alg } from '../jose/algorithms.ts'
import { derToJose } from '../jose/ecdsa.ts'
import type { Signature, Signer } from '../jose/signer.ts'
import { KMS_TOTAL_MS } from '../limits.ts'

/** JOSE's name to KMS's. ED25519_PH_SHA_512, the pre-hash variant, has no JOSE name and is not here. */
export const KMS_ALGORITHM: Record<Alg, SigningAlgorithmSpec> = {
  RS256: 'RSASSA_PKCS1_V1_5_SHA_256',
  RS384: 'RSASSA_PKCS1_V1_5_SHA_384',
  RS512: 'RSASSA_PKCS1_V1_5_SHA_512',
  PS256: 'RSASSA_PSS_SHA_256',
  PS384: 'RSASSA_PSS_SHA_384',
  PS512: 'RSASSA_PSS_SHA_512',
  ES256: 'ECDSA_SHA_256',
  ES384: 'ECDSA_SHA_384',
  ES512: 'ECDSA_SHA_512',
  EdDSA: 'ED25519_SHA_512',
  Ed25519: 'ED25519_SHA_512',
}

/** A 4xx answer that may pass by itself; every other one needs somebody to act. */
const TRANSIENT: ReadonlySet<string> = new Set([
  'ThrottlingException',
  'LimitExceededException',
  'KMSInternalException',
])

/**
 * A Signer over KMS `Sign`. The key is named by its ARN, never by an alias, so that key and `kid` cannot part.
 * One call takes at most `KMS_TOTAL_MS`, its one repetition included: signing spends nothing and may be repeated.
 */
export function kmsSigner(client: KMSClient, key: { kms_key_arn: string; alg: Alg; kid: string }): Signer {
  const { alg, kid } = key
  return {
    alg,
    kid,
    async sign(input) {
      const command = new SignCommand({
        KeyId: key.kms_key_arn,
        Message: input,
        MessageType: 'RAW',
        SigningAlgorithm: KMS_ALGORITHM[alg],
      })
      try {
        const output = await client.send(command, { abortSignal: AbortSignal.timeout(KMS_TOTAL_MS) })
        if (!output.Signature) throw new TypeError('KMS answered without a signature')
        return withRequestId(toJose(output.Signature, alg), output.$metadata.requestId)
      } catch (error) {
        throw toProxyError(error)
      }
    },
  }
}

function toJose(signature: Uint8Array, alg: Alg): Uint8Array {
  return alg === 'ES256' || alg === 'ES384' || alg === 'ES512' ? derToJose(signature, alg) : signature
}

function withRequestId(signature: Uint8Array, requestId: string | undefined): Signature {
  return requestId === undefined ? signature : Object.assign(signature, { requestId })
}

/** The shape of an SDK service exception, as far as it is looked at. */
interface ServiceError {
  name?: string
  $metadata?: { httpStatusCode?: number; requestId?: string }
}

function toProxyError(cause: unknown): ProxyError {
  const { name = '', $metadata: { httpStatusCode: status = 0, requestId } = {} } = cause as ServiceError
  const refused = status >= 400 && status < 500 && status !== 429 && !TRANSIENT.has(name)
  return new ProxyError(refused ? 'signer_misconfigured' : 'signer_unavailable', {
    cause,
    kmsRequestId: requestId,
  })
}
