/**
 * The JOSE algorithms that Countersign signs with, and the key that each one needs. A closed table (RFC 8725
 * section 3.1): an `alg` that is not here is a configuration error. RS and PS: RFC 7518 sections 3.3 and 3.5;
 * ES: section 3.4; EdDSA: RFC 8037 section 3.1; Ed25519, its fully specified name: RFC 9864 section 2.2.
 *
 * `size` is the length in bytes of one ECDSA coordinate, which is also that of R and of S.
 */
export const ALGORITHMS = {
  RS256: { kty: 'RSA' },
  RS384: { kty: 'RSA' },
  RS512: { kty: 'RSA' },
  PS256: { kty: 'RSA' },
  PS384: { kty: 'RSA' },
  PS512: { kty: 'RSA' },
  ES256: { kty: 'EC', crv: 'P-256', size: 32 },
  ES384: { kty: 'EC', crv: 'P-384', size: 48 },
  ES512: { kty: 'EC', crv: 'P-521', size: 66 },
  EdDSA: { kty: 'OKP', crv: 'Ed25519' },
  Ed25519: { kty: 'OKP', crv: 'Ed25519' },
} as const

export type Alg = keyof typeof ALGORITHMS

/**
 * What ID tokens may be signed with, and the hash of each that `at_hash` and `c_hash` are made by (OpenID Connect Core
 * 3.1.3.6). Closed and asymmetric: without `none`, and without HS*, for which a public key would be a secret that
 * everybody has (RFC 8725 section 2.1). For Ed25519, which has its hash inside, Core names none; SHA-512 is that hash.
 */
export const ID_TOKEN_ALGORITHMS = {
  RS256: 'SHA-256',
  RS384: 'SHA-384',
  RS512: 'SHA-512',
  PS256: 'SHA-256',
  PS384: 'SHA-384',
  PS512: 'SHA-512',
  ES256: 'SHA-256',
  ES384: 'SHA-384',
  ES512: 'SHA-512',
  EdDSA: 'SHA-512',
  Ed25519: 'SHA-512',
} as const

export type IdTokenAlg = keyof typeof ID_TOKEN_ALGORITHMS
