import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, type JWK, jwtVerify } from 'jose'
import { coded } from '../errors.ts'
import { ID_TOKEN_ALGORITHMS, type IdTokenAlg } from './algorithms.ts'

/** A server's public keys (RFC 7517 section 5), each made ready when it is first used. */
export type KeySet = ReturnType<typeof createLocalJWKSet>

/** Throws where the object is no JWK Set. Keys of a kind that is not known here are passed over, as section 5 says. */
export function readKeySet(document: object): KeySet {
  const { keys } = document as Partial<JSONWebKeySet>
  // The one of jose's key sets that fetches nothing: its other one loads all of undici.
  return createLocalJWKSet({
    ...document,
    keys: (Array.isArray(keys) ? keys.filter(key => !signsForEverybody(key)) : keys) as JWK[],
  })
}

/** With an exponent of 1 a signature is what is signed (RFC 8017 section 3.1: from 3). */
function signsForEverybody(key: JWK | null): boolean {
  return typeof key?.e === 'string' && /^(00)*01$/.test(Buffer.from(key.e, 'base64url').toString('hex'))
}

export interface JwtRules {
  /** The algorithms that are allowed; else those of ID_TOKEN_ALGORITHMS. */
  algs?: readonly IdTokenAlg[] | undefined
  issuer: string
  audience: string
  subject?: string | undefined
  /** Milliseconds since the epoch. */
  now: number
  /** Seconds. */
  tolerance: number
}

export interface VerifiedJwt {
  alg: IdTokenAlg
  claims: Readonly<Record<string, unknown>>
}

const REQUIRED = ['iss', 'sub', 'aud', 'exp', 'iat'] as const
const CLAIMS: ReadonlySet<unknown> = new Set([...REQUIRED, 'nbf'])

/**
 * Verifies a signed JWT (RFC 7519 section 7.2): its signature first, then `iss`, `sub`, `aud`, `exp` and `nbf`. All but
 * `nbf` must be there, and so must `iat`. Rejects with a `coded` error that names the check: FORM, UNSUPPORTED, ALG, KEY
 * (none of the set fits), SIGNATURE, or the claim in capitals.
 */
export async function verifyJwt(
  jwt: string,
  keys: KeySet,
  { algs, issuer, audience, subject, now, tolerance }: JwtRules,
): Promise<VerifiedJwt> {
  try {
    const { protectedHeader, payload } = await jwtVerify(jwt, keys, {
      algorithms: [...(algs ?? Object.keys(ID_TOKEN_ALGORITHMS))],
      requiredClaims: [...REQUIRED],
      issuer,
      audience,
      ...(subject !== undefined && { subject }),
      currentDate: new Date(now),
      clockTolerance: tolerance,
    })
    return { alg: protectedHeader.alg as IdTokenAlg, claims: payload }
  } catch (error) {
    throw coded(checkOf(error, jwt))
  }
}

/** The `kid` of a JWT, unverified. */
export function kidOf(jwt: string): string | undefined {
  try {
    return decodeProtectedHeader(jwt).kid
  } catch {
    return undefined
  }
}

/** jose's errors by their stable codes: their messages and payloads stay here. */
function checkOf(error: unknown, jwt: string): string {
  const { code, claim } = error as { code?: unknown; claim?: unknown }
  switch (code) {
    case 'ERR_JWT_CLAIM_VALIDATION_FAILED':
    case 'ERR_JWT_EXPIRED':
      return CLAIMS.has(claim) ? String(claim).toUpperCase() : 'FORM'
    case 'ERR_JWS_INVALID':
    case 'ERR_JWT_INVALID':
      return 'FORM'
    case 'ERR_JOSE_NOT_SUPPORTED':
      return 'UNSUPPORTED'
    case 'ERR_JOSE_ALG_NOT_ALLOWED':
      return 'ALG'
    case 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED':
      // Without a kid nothing says that it was meant to be this key: after a rotation it is another one.
      return kidOf(jwt) === undefined ? 'KEY' : 'SIGNATURE'
    // ERR_JWKS_NO_MATCHING_KEY; ERR_JWKS_MULTIPLE_MATCHING_KEYS, where a kid would have been required (OpenID Connect
    // Core 10.1); a key that cannot be used, such as an RSA key of 1024 bits.
    default:
      return 'KEY'
  }
}
