import { type KMSClient, SignCommand, type SigningAlgorithmSpec } from '@aws-sdk/client-kms'
import { coded, ProxyError } from '../errors.ts'
import { ALGORITHMS, type Alg } from '../jose/algorithms.ts'
import { derToJose } from '../jose/ecdsa.ts'
import type { Signer } from '../jose/signer.ts'
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
  // The size is the key's: one name for all three (KMS API reference, Sign).
  'ML-DSA-44': 'ML_DSA_SHAKE_256',
  'ML-DSA-65': 'ML_DSA_SHAKE_256',
  'ML-DSA-87': 'ML_DSA_SHAKE_256',
}

/** A 4xx answer that may pass by itself; every other one needs somebody to act. */
const TRANSIENT: ReadonlySet<string> = new Set([
  'ThrottlingException',
  'RequestLimitExceeded',
  'LimitExceededException',
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
      let requestId: string | undefined
      // As AbortSignal.timeout, whose timer would live on after the call, one for each signature of the last seconds.
      const deadline = new AbortController()
      const timeUp = () => deadline.abort(new DOMException('KMS took too long', 'TimeoutError'))
      const timer = setTimeout(timeUp, KMS_TOTAL_MS)
      try {
        const output = await client.send(command, { abortSignal: deadline.signal })
        requestId = idOf(output.$metadata.requestId)
        const signature = toJose(output.Signature, alg)
        return requestId === undefined ? signature : Object.assign(signature, { requestId })
      } catch (error) {
        // The SDK's own word for it, AbortError, does not say who ended the call.
        const { aborted, reason } = deadline.signal
        throw toProxyError(aborted ? reason : error, requestId)
      } finally {
        clearTimeout(timer)
      }
    },
  }
}

/** The smallest RSA key that KMS has signs 2048 bits; what is shorter is no signature. */
const RSA_SIGNATURE_MIN_B = 256
const ED25519_SIGNATURE_B = 64

function toJose(signature: Uint8Array | undefined, alg: Alg): Uint8Array {
  if (!(signature instanceof Uint8Array)) throw coded('NO_SIGNATURE')
  if (alg === 'ES256' || alg === 'ES384' || alg === 'ES512') return derToJose(signature, alg)
  if (!fits(signature.length, alg)) throw coded('NO_SIGNATURE')
  return signature
}

function fits(length: number, alg: Alg): boolean {
  const made = ALGORITHMS[alg]
  switch (made.kty) {
    case 'RSA':
      return length >= RSA_SIGNATURE_MIN_B
    case 'AKP':
      return length === made.signature
    default:
      return length === ED25519_SIGNATURE_B
  }
}

/** A request id as AWS makes them: what else stands in its place is not for the log. */
function idOf(requestId: string | undefined): string | undefined {
  return requestId !== undefined && /^[\w-]{1,64}$/.test(requestId) ? requestId : undefined
}

/** The shape of an SDK service exception, as far as it is looked at. */
interface ServiceError {
  name?: string
  $metadata?: { httpStatusCode?: number; requestId?: string }
}

function toProxyError(error: unknown, answered: string | undefined): ProxyError {
  const { name = '', $metadata: { httpStatusCode: status = 0, requestId } = {} } = error as ServiceError
  const refused = status >= 400 && status < 500 && status !== 429 && !TRANSIENT.has(name)
  return new ProxyError(refused ? 'signer_misconfigured' : 'signer_unavailable', {
    cause: error,
    kmsRequestId: idOf(requestId) ?? answered,
  })
}
