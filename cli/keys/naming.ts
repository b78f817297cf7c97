import * as v from 'valibot'
import type { SigningKey } from '../../lib/config/client.ts'
import { signingKey } from '../../lib/config/keys.ts'
import { kidOf } from '../../lib/jose/jwks.ts'
import type { RawClient } from '../document.ts'
import { EXIT, Failure, misuse } from '../failure.ts'
import type { KmsKey } from '../kms/keys.ts'
import { quoted } from '../quoted.ts'
import { daysOf } from './certificate.ts'

// What the provider knows a key by, beside what the key is.

/** Options for what a document can say of a key beside what the key is. */
export const NAMED = {
  'own-kid': {
    type: 'string',
    value: 'KID',
    help: 'a kid that the provider gave (default: the RFC 7638 thumbprint)',
  },
  x5t: {
    type: 'string',
    value: 'HASH',
    help: 'x5t#S256 of a certificate of the key, for providers that want one',
  },
} as const

export type Naming = { [Name in keyof typeof NAMED]: string | undefined }

/** As options again, for a command that is to be copied. */
export function namedBy({ 'own-kid': kid, x5t }: Naming): string {
  return [kid !== undefined && ` --own-kid ${quoted(kid)}`, x5t !== undefined && ` --x5t ${quoted(x5t)}`]
    .filter(Boolean)
    .join('')
}

/** Refuses what no key could have in the document, before one is made. Throws Failure. */
export function requireGood(
  { signing_keys }: RawClient,
  { 'own-kid': kid, x5t, days }: Naming & { days?: string | undefined },
): void {
  daysOf(days)
  // By a key that is good, with what was given in place of its own.
  const [{ kid: _, ...key }] = signing_keys as [SigningKey]
  const { issues = [] } = v.safeParse(signingKey, {
    ...key,
    public_jwk: { ...key.public_jwk, ...(kid !== undefined && { kid }) },
    ...(x5t !== undefined && { 'x5t#S256': x5t }),
  })
  if (issues.length === 0) return
  throw misuse(
    issues
      .map(({ path, message }) => `--${path?.at(-1)?.key === 'kid' ? 'own-kid' : 'x5t'} ${message}`)
      .join('\n'),
  )
}

/** Of a key that is in the document already: what is asked for must be what stands there. Throws Failure. */
export async function requireSame(
  { client_id, signing_keys }: RawClient,
  { kms_key_arn, alg }: KmsKey,
  { 'own-kid': kid, x5t, certificate }: Naming & { certificate: string | undefined },
): Promise<void> {
  const entry = signing_keys.find(one => one.kms_key_arn === kms_key_arn)
  if (entry === undefined) return
  const differs = [
    ...(alg === entry.alg ? [] : [`alg ${entry.alg}`]),
    ...(kid === undefined || kid === (await kidOf(entry)) ? [] : [`kid ${await kidOf(entry)}`]),
    ...(certificate === undefined && (x5t === undefined || x5t === entry['x5t#S256'])
      ? []
      : [`x5t#S256 ${entry['x5t#S256'] ?? 'absent'}`]),
  ]
  if (differs.length === 0) return
  throw new Failure(
    'other_entry',
    `Client ${client_id} has that key already, and otherwise: ${differs.join(', ')}. Nothing was changed.`,
    {
      exit: EXIT.refused,
      fix: 'A next or retired key is taken out first (countersign keys remove); what stands beside an active one is changed by countersign config put.',
    },
  )
}
