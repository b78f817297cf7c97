import { kidOf } from '../../lib/jose/jwks.ts'
import type { RawClient } from '../document.ts'
import { EXIT, Failure } from '../failure.ts'
import type { KmsKey } from '../kms/keys.ts'
import { quoted } from '../quoted.ts'

// What the provider knows a key by, beside what the key is.

export const OWN_KID = {
  'own-kid': {
    type: 'string',
    value: 'KID',
    help: 'a kid that the provider gave (default: the RFC 7638 thumbprint)',
  },
} as const

/** Of a key that exists: a new one has no certificate yet. */
export const X5T = {
  x5t: {
    type: 'string',
    value: 'HASH',
    help: 'x5t#S256 of a certificate of the key, for providers that want one',
  },
} as const

export interface Naming {
  'own-kid'?: string | undefined
  x5t?: string | undefined
}

/** With a certificate that is still to be made. */
export interface NamingWanted extends Naming {
  certificate?: string | undefined
  days?: string | undefined
}

/** As options again, for a command that is to be copied. */
function asOptions({ 'own-kid': kid, x5t, certificate, days }: NamingWanted): string {
  return Object.entries({ 'own-kid': kid, x5t, certificate, days })
    .flatMap(([name, value]) => (value === undefined ? [] : [` --${name} ${quoted(value)}`]))
    .join('')
}

/** Of a key that is made and not in the document yet: the command that puts it there. */
export function importLine(
  client_id: string,
  { kms_key_arn, alg }: Pick<KmsKey, 'kms_key_arn' | 'alg'>,
  wanted: NamingWanted,
): string {
  return `countersign keys import --client ${quoted(client_id)} --alg ${alg} --kms-key-arn ${quoted(kms_key_arn)}${asOptions(wanted)}`
}

/** The key as it will stand in the document. */
export function named<Key extends KmsKey>(key: Key, { 'own-kid': kid, x5t }: Naming) {
  // Its own kid goes before the one in the JWK, which would contradict it.
  const public_jwk = kid === undefined ? key.public_jwk : { ...key.public_jwk, kid }
  return { ...key, public_jwk, ...(x5t !== undefined && { 'x5t#S256': x5t }) }
}

/** Of a key that is in the document already: what is asked for must be what stands there. Throws Failure. */
export async function requireSame(
  { client_id, signing_keys }: RawClient,
  { kms_key_arn, alg }: KmsKey,
  { 'own-kid': kid, x5t, certificate }: NamingWanted,
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
