import { writeFile } from 'node:fs/promises'
import { kidOf } from '../../lib/jose/jwks.ts'
import type { Context } from '../context.ts'
import type { RawClient } from '../document.ts'
import { Failure } from '../failure.ts'
import type { KmsKey } from '../kms/keys.ts'
import { quoted } from '../quoted.ts'
import { CERTIFICATE, certificateOf, daysOf } from './certificate.ts'
import { type Changed, changeClient } from './change.ts'
import { add } from './lifecycle.ts'
import { importLine, type Naming, type NamingWanted, named } from './naming.ts'

// How a key that KMS has gets into the document.

/** Options for a provider that knows keys by their certificates. */
export const WITH_CERTIFICATE = {
  certificate: {
    type: 'string',
    value: 'FILE',
    help: 'make a self-signed certificate of the key, write it there, and put its x5t#S256 into the configuration',
  },
  ...CERTIFICATE,
} as const

interface CertificateWanted extends NamingWanted {
  'open-policy'?: boolean | undefined
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
    throw keyIsThere(error, client_id, key, { ...naming, certificate: file, days })
  }
}

/** The same failure, which says as well that the key was made and how to go on with it. */
function keyIsThere(error: unknown, client_id: string, key: KmsKey, wanted: NamingWanted): Failure {
  const failure =
    error instanceof Failure ? error : new Failure((error as Error).name, (error as Error).message)
  const fix = failure.fix === undefined ? 'Put that right.' : failure.fix
  return new Failure(failure.code, `${failure.message}\nThe key itself is there: ${key.kms_key_arn}`, {
    fix: `${fix} Then: ${importLine(client_id, key, wanted)}`,
    exit: failure.exit,
  })
}

/** Puts a key into the document as `next`. Where that fails the key is there all the same, and the Failure says how to go on. */
export async function putIn(
  context: Context,
  client_id: string,
  key: KmsKey,
  naming: Naming,
  guard: (client: RawClient) => void = () => {},
): Promise<Changed> {
  const entry = named(key, naming)
  try {
    return await changeClient(context, client_id, client => {
      guard(client)
      return add(client, entry, context.now())
    })
  } catch (error) {
    throw keyIsThere(error, client_id, key, naming)
  }
}

export async function addedResult({ client, version_id, changed }: Changed, arn: string) {
  const entry = client.signing_keys.find(({ kms_key_arn }) => kms_key_arn === arn)!
  const { alg } = entry
  const kid = await kidOf(entry)
  return {
    json: {
      ok: true,
      client_id: client.client_id,
      kid,
      alg,
      state: entry.state,
      kms_key_arn: arn,
      version_id,
    },
    lines: [
      `${changed ? 'added' : 'was there already'}: ${kid} (${alg}), ${entry.state}, of ${client.client_id}`,
      arn,
      ...(entry.state === 'next'
        ? [`then: countersign keys publish --client ${quoted(client.client_id)}`]
        : []),
    ],
  }
}
