import { writeFile } from 'node:fs/promises'
import { kidOf } from '../../lib/jose/jwks.ts'
import type { Context } from '../context.ts'
import { Failure } from '../failure.ts'
import type { KmsKey } from '../kms/keys.ts'
import { quoted } from '../quoted.ts'
import { CERTIFICATE, certificateOf, daysOf } from './certificate.ts'
import { type Changed, changeClient } from './change.ts'
import { add } from './lifecycle.ts'

// How a key that KMS has gets into the document.

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

/** Options for a provider that knows keys by their certificates. */
export const WITH_CERTIFICATE = {
  certificate: {
    type: 'string',
    value: 'FILE',
    help: 'make a self-signed certificate of the key, write it there, and put its x5t#S256 into the configuration',
  },
  ...CERTIFICATE,
} as const

type CertificateWanted = Naming & { [Name in 'certificate' | 'days']: string | undefined } & {
  'open-policy': boolean | undefined
}

/** Makes the certificate where one is wanted. It has to be there before the key is in the document, which names it. */
export async function certified(
  context: Context,
  client_id: string,
  key: KmsKey,
  { certificate: file, days, 'open-policy': openPolicy = false, ...naming }: CertificateWanted,
): Promise<Naming> {
  if (file === undefined) return naming
  try {
    const { pem, x5t } = await certificateOf(context, key, {
      name: client_id,
      days: daysOf(days),
      openPolicy,
    })
    await writeFile(file, pem)
    return { ...naming, x5t }
  } catch (error) {
    throw keyIsThere(error, client_id, key, ` --certificate ${quoted(file)}`)
  }
}

/** The same failure, which says as well that the key was made and how to go on with it. */
function keyIsThere(error: unknown, client_id: string, { alg, kms_key_arn }: KmsKey, more = ''): Failure {
  const failure =
    error instanceof Failure ? error : new Failure((error as Error).name, (error as Error).message)
  const fix = failure.fix === undefined ? 'Put that right.' : failure.fix
  return new Failure(failure.code, `${failure.message}\nThe key itself is there: ${kms_key_arn}`, {
    fix: `${fix} Then: countersign keys import --client ${quoted(client_id)} --alg ${alg} --kms-key-arn ${quoted(kms_key_arn)}${more}`,
    exit: failure.exit,
  })
}

export type Naming = { [Name in keyof typeof NAMED]: string | undefined }

/** Puts a key into the document as `next`. Where that fails the key is there all the same, and the Failure says how to go on. */
export async function putIn(
  context: Context,
  client_id: string,
  key: KmsKey,
  { 'own-kid': kid, x5t }: Naming,
): Promise<Changed> {
  // Its own kid goes before the one in the JWK, which would contradict it.
  const public_jwk = kid === undefined ? key.public_jwk : { ...key.public_jwk, kid }
  const entry = { ...key, public_jwk, ...(x5t !== undefined && { 'x5t#S256': x5t }) }
  try {
    return await changeClient(context, client_id, client => add(client, entry, context.now()))
  } catch (error) {
    throw keyIsThere(error, client_id, key)
  }
}

export async function addedResult({ client, version_id, changed }: Changed, key: KmsKey) {
  const entry = client.signing_keys.find(({ kms_key_arn }) => kms_key_arn === key.kms_key_arn)!
  const kid = await kidOf(entry)
  return {
    json: {
      ok: true,
      client_id: client.client_id,
      kid,
      alg: key.alg,
      state: entry.state,
      kms_key_arn: key.kms_key_arn,
      version_id,
    },
    lines: [
      `${changed ? 'added' : 'was there already'}: ${kid} (${key.alg}), ${entry.state}, of ${client.client_id}`,
      key.kms_key_arn,
      ...(entry.state === 'next'
        ? [`then: countersign keys publish --client ${quoted(client.client_id)}`]
        : []),
    ],
  }
}
