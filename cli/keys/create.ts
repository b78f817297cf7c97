import { kidOf } from '../../lib/jose/jwks.ts'
import { command } from '../command.ts'
import type { Context } from '../context.ts'
import { clientIn, readDocument } from '../document.ts'
import { Failure } from '../failure.ts'
import { createSigningKey, type KmsKey } from '../kms/keys.ts'
import { type Changed, changeClient } from './change.ts'
import { add } from './lifecycle.ts'
import { algOf, CLIENT, SIGNER, signersOf } from './options.ts'

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

export const keysCreate = command({
  name: 'keys create',
  summary: 'make a key in KMS and put it into the configuration as "next"',
  details: `The key's policy lets the deployment's signing role sign, with this algorithm and whole messages only, and nobody else.
From now on the key is published, and not used: next come keys publish and keys activate.`,
  options: {
    ...CLIENT,
    alg: { type: 'string', value: 'ALG', help: 'what it signs with: RS256, ES256, PS256, …' },
    'multi-region': { type: 'boolean', help: 'a key that can have replicas in other Regions' },
    ...SIGNER,
    ...NAMED,
  },
  async run(context, values) {
    const alg = algOf(values.alg)
    const { deployment, document } = await readDocument(context)
    const { client_id } = clientIn(document.clients, values.client)
    const signers = signersOf(deployment, values.signer)
    context.terminal.progress('KMS makes the key')
    const multiRegion = values['multi-region'] ?? false
    const key = await createSigningKey(context.kms(), { alg, signers, multiRegion })
    return addedResult(await putIn(context, client_id, key, values), key)
  },
})

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
    if (!(error instanceof Failure)) throw error
    throw new Failure(error.code, `${error.message}\nThe key itself is there: ${key.kms_key_arn}`, {
      fix: `Put the configuration right, then: countersign keys import --client ${client_id} --alg ${key.alg} --kms-key-arn ${key.kms_key_arn}`,
      exit: error.exit,
    })
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
      ...(entry.state === 'next' ? [`then: countersign keys publish --client ${client.client_id}`] : []),
    ],
  }
}
