import { ID_TOKEN_ALGORITHMS, type IdTokenAlg } from './algorithms.ts'

/**
 * What `at_hash` is of an access token and `c_hash` of a code (OpenID Connect Core 3.1.3.6, 3.3.2.11): the left half of
 * the hash of its ASCII bytes, base64url. The hash is that of the ID token's own algorithm.
 */
export async function halfHash(alg: IdTokenAlg, value: string): Promise<string> {
  const hash = Buffer.from(await crypto.subtle.digest(ID_TOKEN_ALGORITHMS[alg], Buffer.from(value)))
  return hash.subarray(0, hash.length / 2).toString('base64url')
}
