import type { KeySpec } from '@aws-sdk/client-kms'
import { KMS_ALGORITHM } from '../../lib/aws/kms-signer.ts'
import { ALGORITHMS, type Alg } from '../../lib/jose/algorithms.ts'

/** By curve, and where there is none by `alg`; what is left is RSA. */
const KEY_SPEC: Record<string, KeySpec> = {
  'P-256': 'ECC_NIST_P256',
  'P-384': 'ECC_NIST_P384',
  'P-521': 'ECC_NIST_P521',
  Ed25519: 'ECC_NIST_EDWARDS25519',
  'ML-DSA-44': 'ML_DSA_44',
  'ML-DSA-65': 'ML_DSA_65',
  'ML-DSA-87': 'ML_DSA_87',
}

export const ALGS = Object.keys(ALGORITHMS) as Alg[]

/** The kind of key that `alg` needs. RSA of 2048 bits, which every provider takes and which is the cheapest to sign with. */
export function keySpecOf(alg: Alg): KeySpec {
  const needs = ALGORITHMS[alg]
  return KEY_SPEC['crv' in needs ? needs.crv : alg] ?? 'RSA_2048'
}

/** Every `alg` that KMS can make by one of its signing algorithms; those of ML-DSA share one, the key says which. */
export function algsOf(signingAlgorithms: readonly string[], keySpec: string): Alg[] {
  return ALGS.filter(
    alg =>
      signingAlgorithms.includes(KMS_ALGORITHM[alg]) &&
      (keySpec.startsWith('RSA_') || keySpecOf(alg) === keySpec),
  )
}
