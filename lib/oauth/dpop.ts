import { ProxyError } from '../errors.ts'
import type { Answer } from '../http/post.ts'
import { DPOP_NONCE_MAX, DPOP_PROOF_MAX_B } from '../limits.ts'

/** RFC 9449 section 4.1: one compact JWS. Two headers arrive joined by a comma, which is none of its characters. */
const PROOF = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/
/** RFC 3986, of http and https, without user information. */
const PLAIN_URL = /^https?:\/\/[A-Za-z0-9.:[\]_-]+(?:[/?#][A-Za-z0-9._~:/?#[\]@!$&'()*+,;=%-]*)?$/i
/** RFC 9449 section 8.1: NQCHAR. */
const NONCE = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/**
 * The DPoP proof of a request (RFC 9449), to be passed on unchanged, or undefined where there is none. It is decoded
 * and not verified, which is the provider's to do: what is looked at is whether it can be for the provider at all, since
 * one that names another URL would cost a signature and be refused (section 4.3, checks 8 and 9).
 * Throws ProxyError `dpop_malformed` or `dpop_target_wrong`.
 */
export function readProof(dpop: string | undefined, endpoint: string): string | undefined {
  if (dpop === undefined) return undefined
  if (dpop.length > DPOP_PROOF_MAX_B || !PROOF.test(dpop)) throw new ProxyError('dpop_malformed')
  const { htm, htu } = claimsOf(dpop)
  if (htm !== 'POST' || typeof htu !== 'string' || target(htu) !== target(endpoint)) {
    throw new ProxyError('dpop_target_wrong')
  }
  return dpop
}

function claimsOf(proof: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(proof.split('.')[1] ?? '', 'base64url').toString('utf8'))
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {}
  throw new ProxyError('dpop_malformed')
}

/** Section 4.3, check 9: without query and fragment, after normalisation (RFC 3986 sections 6.2.2 and 6.2.3). */
function target(url: string): string | undefined {
  // A URL parser forgives user information, backslashes, spaces and tabs: a provider may not.
  if (!PLAIN_URL.test(url) || !URL.canParse(url)) return undefined
  const { origin, pathname } = new URL(url)
  return origin + pathname
}

/** The nonce that the provider wants in the next proof (section 8), if it looks like one. */
export function nonceOf({ headers }: Answer): string | undefined {
  const nonce = headers['dpop-nonce']
  return nonce !== undefined && nonce.length <= DPOP_NONCE_MAX && NONCE.test(nonce) ? nonce : undefined
}

/** The header that hands it on. */
export function nonceHeader(nonce: string | undefined): Record<string, string> {
  return nonce === undefined ? {} : { 'dpop-nonce': nonce }
}

export function isDpop(token_type: string): boolean {
  // RFC 6749 section 5.1: the value is case-insensitive.
  return token_type.toLowerCase() === 'dpop'
}
