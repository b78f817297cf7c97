import { generateKeyPair, type KeyObject } from 'node:crypto'

export type Hash = 'sha256' | 'sha384' | 'sha512'

/** How each of KMS's signing algorithms is made. KMS API reference, Sign; the table of requirement KMS-1. */
export const SIGNING_ALGORITHMS = {
  RSASSA_PKCS1_V1_5_SHA_256: { scheme: 'pkcs1', hash: 'sha256' },
  RSASSA_PKCS1_V1_5_SHA_384: { scheme: 'pkcs1', hash: 'sha384' },
  RSASSA_PKCS1_V1_5_SHA_512: { scheme: 'pkcs1', hash: 'sha512' },
  RSASSA_PSS_SHA_256: { scheme: 'pss', hash: 'sha256' },
  RSASSA_PSS_SHA_384: { scheme: 'pss', hash: 'sha384' },
  RSASSA_PSS_SHA_512: { scheme: 'pss', hash: 'sha512' },
  ECDSA_SHA_256: { scheme: 'ecdsa', hash: 'sha256' },
  ECDSA_SHA_384: { scheme: 'ecdsa', hash: 'sha384' },
  ECDSA_SHA_512: { scheme: 'ecdsa', hash: 'sha512' },
  ED25519_SHA_512: { scheme: 'ed25519', hash: 'sha512' },
  // Ed25519ph has no JOSE name and node:crypto cannot make it: listed as the real service lists it, and refused.
  ED25519_PH_SHA_512: { scheme: 'ed25519ph', hash: 'sha512' },
  ML_DSA_SHAKE_256: { scheme: 'ml-dsa', hash: 'sha512' },
} as const satisfies Record<string, { scheme: string; hash: Hash }>

export type SigningAlgorithm = keyof typeof SIGNING_ALGORITHMS
export const SIGNING_ALGORITHM_NAMES = Object.keys(SIGNING_ALGORITHMS) as SigningAlgorithm[]

const RSA = SIGNING_ALGORITHM_NAMES.filter(name => name.startsWith('RSASSA'))
const RSA_ENCRYPTION = ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256']

type Generate = () => Promise<KeyObject>

/** The asynchronous form works on the thread pool, so that a search for RSA primes blocks nobody's request. */
function rsa(modulusLength: number): Generate {
  return () =>
    new Promise((resolve, reject) => {
      generateKeyPair('rsa', { modulusLength }, (error, _, key) => (error ? reject(error) : resolve(key)))
    })
}

/** NIST's curves by OpenSSL's names. */
function ec(namedCurve: string): Generate {
  return () =>
    new Promise((resolve, reject) => {
      generateKeyPair('ec', { namedCurve }, (error, _, key) => (error ? reject(error) : resolve(key)))
    })
}

function ed25519(): Promise<KeyObject> {
  return new Promise((resolve, reject) => {
    generateKeyPair('ed25519', {}, (error, _, key) => (error ? reject(error) : resolve(key)))
  })
}

/** Needs a Node whose OpenSSL knows ML-DSA (24.6 and OpenSSL 3.5); an older one fails at CreateKey. */
function mlDsa(type: 'ml-dsa-44' | 'ml-dsa-65' | 'ml-dsa-87'): Generate {
  return () =>
    new Promise((resolve, reject) => {
      generateKeyPair(type, {}, (error, _, key) => (error ? reject(error) : resolve(key)))
    })
}

interface KeySpecEntry {
  generate: Generate
  signing: readonly SigningAlgorithm[]
  /** Only RSA keys can also be made for ENCRYPT_DECRYPT; they refuse to sign, which is what they are here for. */
  encryption: readonly string[]
}

/** The key specs that can sign (KMS API reference, CreateKey), secp256k1 and SM2 left out. */
export const KEY_SPECS = {
  RSA_2048: { generate: rsa(2048), signing: RSA, encryption: RSA_ENCRYPTION },
  RSA_3072: { generate: rsa(3072), signing: RSA, encryption: RSA_ENCRYPTION },
  RSA_4096: { generate: rsa(4096), signing: RSA, encryption: RSA_ENCRYPTION },
  ECC_NIST_P256: { generate: ec('prime256v1'), signing: ['ECDSA_SHA_256'], encryption: [] },
  ECC_NIST_P384: { generate: ec('secp384r1'), signing: ['ECDSA_SHA_384'], encryption: [] },
  ECC_NIST_P521: { generate: ec('secp521r1'), signing: ['ECDSA_SHA_512'], encryption: [] },
  ECC_NIST_EDWARDS25519: {
    generate: ed25519,
    signing: ['ED25519_SHA_512', 'ED25519_PH_SHA_512'],
    encryption: [],
  },
  ML_DSA_44: { generate: mlDsa('ml-dsa-44'), signing: ['ML_DSA_SHAKE_256'], encryption: [] },
  ML_DSA_65: { generate: mlDsa('ml-dsa-65'), signing: ['ML_DSA_SHAKE_256'], encryption: [] },
  ML_DSA_87: { generate: mlDsa('ml-dsa-87'), signing: ['ML_DSA_SHAKE_256'], encryption: [] },
} as const satisfies Record<string, KeySpecEntry>

export type KeySpec = keyof typeof KEY_SPECS
export const KEY_SPEC_NAMES = Object.keys(KEY_SPECS) as KeySpec[]

/** The spec's algorithms as a plain list (the table's own type is narrower than a caller can use). */
export function signingAlgorithms(spec: KeySpec): readonly SigningAlgorithm[] {
  return KEY_SPECS[spec].signing
}
