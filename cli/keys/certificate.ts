import { randomBytes } from 'node:crypto'
import type { Alg } from '../../lib/jose/algorithms.ts'
import type { Context } from '../context.ts'
import { Failure, misuse } from '../failure.ts'
import { certificate, toBeSigned, x5tS256 } from '../kms/certificate.ts'
import { pem } from '../kms/der.ts'
import { publicKeyDer } from '../kms/keys.ts'
import { signByKms, withOpenPolicy } from '../kms/sign.ts'

export const CERTIFICATE = {
  days: { type: 'string', value: 'DAYS', help: 'of a certificate: how long it is valid (default 365)' },
  'open-policy': {
    type: 'boolean',
    help: 'of a certificate: where you may not sign, let the account sign for this moment, and put the policy back',
  },
} as const

const DAY_MS = 24 * 3_600_000
/** Whose clock is behind must take it as well. */
const EARLY_MS = 5 * 60_000

export interface Certificate {
  pem: string
  /** RFC 7517 section 4.9. */
  x5t: string
}

/** A self-signed certificate of a key, made by the key itself: for providers that know keys by certificate alone. */
export async function certificateOf(
  context: Context,
  key: { kms_key_arn: string; alg: Alg },
  { name, days, openPolicy }: { name: string; days: number; openPolicy: boolean },
): Promise<Certificate> {
  const { kms_key_arn: arn, alg } = key
  const kms = context.kms(arn)
  const publicKey = await publicKeyDer(kms, arn)
  const now = context.now()
  const make = async () => {
    const tbsCertificate = toBeSigned({
      alg,
      publicKey,
      name,
      notBefore: now - EARLY_MS,
      notAfter: now + days * DAY_MS,
      serial: randomBytes(16),
    })
    return certificate(tbsCertificate, alg, await signByKms(kms, arn, alg, tbsCertificate))
  }
  try {
    return described(await make())
  } catch (error) {
    if ((error as Error).name !== 'AccessDeniedException') throw error
    if (openPolicy) return described(await withOpenPolicy(context, { arn, alg }, make))
    throw new Failure(
      'may_not_sign',
      "The key's policy lets the deployment sign and not you, as it should.",
      {
        fix: '--open-policy lets the account sign for this moment and puts the policy back. The alarms on the key will say so.',
      },
    )
  }
}

function described(bytes: Buffer): Certificate {
  return { pem: pem('CERTIFICATE', bytes), x5t: x5tS256(bytes) }
}

/** A certificate that outlives its key is of no use, and some providers take none of more than a few years. */
const DAYS_MAX = 3_650

export function daysOf(text = '365'): number {
  const days = Number(text)
  if (Number.isInteger(days) && days > 0 && days <= DAYS_MAX) return days
  throw misuse(`--days takes a whole number from 1 to ${DAYS_MAX}.`)
}
