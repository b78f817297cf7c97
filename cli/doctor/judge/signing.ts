import type { SigningKey } from '../../../lib/config/client.ts'
import { isDenied, type Outcome } from '../facts/attempt.ts'
import type { Heard } from '../facts/http.ts'
import type { PublicHalf } from '../facts/keys.ts'
import { type Finding, fail, ok, skip } from '../finding.ts'
import { meaningOf } from './function-answer.ts'

const ANOTHER_KEY =
  'Replace public_jwk by the public half of this key, or kms_key_arn by the key that public_jwk belongs to; register the same half with the provider.'

/** `public_jwk` is the public half of the KMS key. Undefined: it is, or KMS does not say. `own` is its thumbprint. */
export function publicHalf(
  { kms_key_arn }: SigningKey,
  own: string,
  { value }: Outcome<PublicHalf>,
): Finding | undefined {
  if (value === undefined || value.thumbprint === own) return undefined
  return fail(
    `public_jwk is not the public half of ${kms_key_arn}`,
    `${ANOTHER_KEY} The public half of this key is ${JSON.stringify(value.jwk)}`,
  )
}

/** Whether we may sign, and what came of it. Undefined: we may not. */
export function canarySigned(
  { kms_key_arn, alg }: SigningKey,
  { value, error }: Outcome<'verified' | 'unverifiable'>,
): Finding | undefined {
  if (error === undefined) {
    return value === 'verified'
      ? ok(`a canary signed by KMS (${alg}) verifies with public_jwk`)
      : ok(`KMS signs; this Node does not know ${alg} and could not verify it`)
  }
  if (isDenied(error)) return undefined
  if (error.name.startsWith('JW') || error.message.includes('verification')) {
    return fail(`what ${kms_key_arn} signs does not verify with public_jwk`, ANOTHER_KEY)
  }
  return fail(
    `KMS does not sign with ${kms_key_arn}: ${error.name}: ${error.message}`,
    'Put right what KMS says, and run this again.',
  )
}

/** The same where it is left to the deployed function: whatever the provider says to its request, it was signed. */
export function functionSigned(heard: Heard): Finding {
  const { kind, said } = meaningOf(heard)
  switch (kind) {
    case 'accepted':
    case 'refused':
    case 'not_the_client':
    case 'provider_failed':
      return ok('the function signs: the provider has answered its request')
    case 'unsigned':
      return fail(
        `the function cannot sign: ${said}`,
        "Its log says why (error_name): it has to run as the role that the key's policy names, and kms:Sign must be kept from it neither by a boundary nor by an endpoint's policy.",
      )
    default:
      return skip(`cannot be told: the function answers ${said}`, "Look at the function's log.")
  }
}
