import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { ALGORITHMS, type Alg } from '../../lib/jose/algorithms.ts'
import { type RawClient, requireValid, type Stored } from '../document.ts'
import { Failure } from '../failure.ts'
import { x5tS256 } from '../kms/certificate.ts'
import { asKmsKey, type KmsKey } from '../kms/keys.ts'
import { daysOf } from './certificate.ts'
import { add } from './lifecycle.ts'
import { type NamingWanted, named } from './naming.ts'

// Whether the document could have a key, before anything is made for it: a key in KMS costs, and cannot be unmade at once.

type Place = Pick<Stored, 'document' | 'deployment'>

/** Throws Failure where the document would not be valid with `key`. */
export function requirePlace(
  { document, deployment }: Place,
  client: RawClient,
  key: KmsKey,
  wanted: NamingWanted,
): void {
  // Read once more where the certificate is made; by then there is a key.
  daysOf(wanted.days)
  // A certificate that is still to be made has some hash.
  const x5t = wanted.certificate === undefined ? wanted.x5t : x5tS256(Buffer.alloc(0))
  const changed = add(client, named(key, { ...wanted, x5t }), 0)
  const clients = document.clients.map(one => (one === client ? changed : one))
  try {
    requireValid(JSON.stringify({ ...document, clients }), deployment)
  } catch (error) {
    if (!(error instanceof Failure) || !/x5t#S256: is required/.test(error.message)) throw error
    throw new Failure(error.code, error.message, {
      fix: 'countersign keys create --certificate FILE makes a key with its certificate; keys rotate goes on with that key.',
    })
  }
}

/** The same of a key that is to be made: tried with one of its kind that is made here, and thrown away. */
export async function requirePlaceForNew(
  place: Place,
  client: RawClient,
  { alg, signers, ...wanted }: NamingWanted & { alg: Alg; signers: readonly string[] | undefined },
): Promise<void> {
  const jwk = publicKeyFor(alg).export({ format: 'jwk' }) as KmsKey['public_jwk']
  const [signer = ''] = signers ?? place.deployment.signers
  const account = signer.split(':')[4] || '000000000000'
  requirePlace(
    place,
    client,
    await asKmsKey(`arn:aws:kms:us-east-1:${account}:key/00000000-0000-4000-8000-000000000000`, alg, jwk),
    wanted,
  )
}

function publicKeyFor(alg: Alg): KeyObject {
  const needs = ALGORITHMS[alg]
  try {
    switch (needs.kty) {
      case 'RSA':
        return generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey
      case 'EC':
        return generateKeyPairSync('ec', { namedCurve: needs.crv }).publicKey
      case 'OKP':
        return generateKeyPairSync('ed25519').publicKey
      case 'AKP':
        return generateKeyPairSync(alg.toLowerCase() as 'ml-dsa-44').publicKey
    }
  } catch {
    // Nor could it read the public half of the one that KMS makes.
    throw new Failure('alg_unknown', `This Node (${process.version}) knows no key for ${alg}.`, {
      fix: 'Take a newer one: 24 knows ML-DSA.',
    })
  }
}
