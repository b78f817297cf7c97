import type { Client } from '../config/client.ts'
import { coded, ProxyError } from '../errors.ts'
import type { IdTokenAlg } from '../jose/algorithms.ts'
import { halfHash } from '../jose/half-hash.ts'
import { type KeySet, kidOf, verifyJwt } from '../jose/verify.ts'
import { ID_TOKEN_TOLERANCE_S } from '../limits.ts'
import type { ProviderKeys } from './provider-keys.ts'
import type { TokenResponse } from './token.ts'

/** What an ID token is held against. */
export interface IdTokenRules {
  /** As configured, to the letter. */
  issuer: string
  client_id: string
  /** The one that came with it. */
  access_token: string
  /** The one that it was given for; none where tokens were refreshed. */
  code?: string | undefined
  /** That of an earlier ID token, which a refreshed one must keep (OpenID Connect Core 12.2). */
  sub?: string | undefined
  /** That of the authorization request, where it was made here: then the ID token must have it (section 3.1.3.7, item 11). */
  nonce?: string | undefined
  /** Seconds, where the request named it: how long ago the user may have signed in at the provider. */
  max_age?: number | undefined
  /** The algorithms that are allowed; else those of ID_TOKEN_ALGORITHMS. */
  algs?: readonly IdTokenAlg[] | undefined
  /** Milliseconds since the epoch. */
  now: number
}

export type Claims = Readonly<Record<string, unknown>>

/** `error_name` of the refusal for which other keys may help. */
const NO_KEY = 'ID_TOKEN_KEY'

const invalid = (check: string) => new ProxyError('id_token_invalid', { cause: coded(`ID_TOKEN_${check}`) })

/**
 * Validates an ID token (OpenID Connect Core 3.1.3.7) and gives its claims. `nonce` is left to the app where that has begun
 * the sign-in: nobody else knows it. Rejects with ProxyError `id_token_invalid`, whose cause says which check failed.
 */
export async function validateIdToken(
  id_token: string,
  { issuer, client_id, access_token, code, sub, nonce, max_age, algs, now }: IdTokenRules,
  keys: KeySet,
): Promise<Claims> {
  const verified = await verifyJwt(id_token, keys, {
    algs,
    issuer,
    audience: client_id,
    subject: sub,
    now,
    tolerance: ID_TOKEN_TOLERANCE_S,
  }).catch((error: { code: string }) => Promise.reject(invalid(error.code)))
  const { claims } = verified

  if (typeof claims.sub !== 'string' || claims.sub === '') throw invalid('SUB')
  // verifyJwt has seen to it that it is a number.
  if ((claims.iat as number) > now / 1000 + ID_TOKEN_TOLERANCE_S) throw invalid('IAT')
  // Items 4 and 5 of section 3.1.3.7: one of several audiences is the one that it was made for.
  const several = Array.isArray(claims.aud) && claims.aud.length > 1
  if (claims.azp === undefined ? several : claims.azp !== client_id) throw invalid('AZP')
  if (nonce !== undefined && claims.nonce !== nonce) throw invalid('NONCE')
  // Item 13, and section 3.1.2.1: auth_time is required where max_age was asked for.
  const { auth_time } = claims
  const since = typeof auth_time === 'number' ? now / 1000 - auth_time : Number.NaN
  if (max_age !== undefined && !(since <= max_age + ID_TOKEN_TOLERANCE_S)) throw invalid('AUTH_TIME')
  if (claims.at_hash !== undefined && claims.at_hash !== (await halfHash(verified.alg, access_token))) {
    throw invalid('AT_HASH')
  }
  if (code !== undefined && claims.c_hash !== undefined) {
    if (claims.c_hash !== (await halfHash(verified.alg, code))) throw invalid('C_HASH')
  }
  return claims
}

/**
 * Validates the ID token of a token response, where it has one, and gives its claims, with the keys that the provider has now: where none of
 * them fits, it may have new ones, and they are read again. Rejects as `validateIdToken` does, and with
 * `id_token_unverifiable` where the keys cannot be had.
 */
export async function checkIdToken(
  { id_token, access_token }: TokenResponse,
  { as: { issuer }, client_id, id_token_algs: algs }: Client,
  keys: ProviderKeys,
  {
    required = false,
    ...given
  }: Pick<IdTokenRules, 'code' | 'sub' | 'nonce' | 'max_age' | 'now'> & {
    required?: boolean
  },
): Promise<Claims | undefined> {
  // readTokenResponse has refused what is there and no string.
  if (typeof id_token !== 'string') {
    if (required) throw invalid('MISSING')
    return undefined
  }
  const rules = { issuer, client_id, algs, access_token, ...given }
  const known = await keys.current()
  try {
    return await validateIdToken(id_token, rules, known)
  } catch (error) {
    const unknownKey = ((error as ProxyError).cause as { code?: string } | undefined)?.code === NO_KEY
    const renewed = unknownKey ? await keys.renewedFor(kidOf(id_token), known) : undefined
    if (!renewed) throw error
    return await validateIdToken(id_token, rules, renewed)
  }
}
