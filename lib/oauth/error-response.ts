import { ProxyError } from '../errors.ts'
import type { Answer } from '../http/post.ts'
import { RETRY_AFTER_MAX_S } from '../limits.ts'
import { nonceOf } from './dpop.ts'

/** The errors that mean something to an app (RFC 6749 4.1.2.1 and 5.2, RFC 7009 2.2.1, RFC 8628 3.5, RFC 8707 2, RFC 9449 5 and 8, OpenID Connect Core 3.1.2.6). */
const FOR_THE_APP: ReadonlySet<string> = new Set([
  'invalid_request',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'unsupported_response_type',
  'unsupported_token_type',
  'invalid_scope',
  'invalid_target',
  'authorization_pending',
  'slow_down',
  'access_denied',
  'expired_token',
  'use_dpop_nonce',
  'invalid_dpop_proof',
  'interaction_required',
  'login_required',
  'consent_required',
])

/** What a code may look like to be written into a log: a provider that echoes input does not get it in there. */
const LOGGABLE = /^[a-z_]{1,40}$/

/** The top-level object of a JSON answer, or undefined where it is none (requirement REQ-9). */
export function readJsonObject({ headers, body }: Answer): Record<string, unknown> | undefined {
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  if (type !== 'application/json' && !/^application\/[^/]+\+json$/.test(type)) return undefined
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

/** The `error` of an answer (RFC 6749 section 5.2), as far as it may be logged. */
export function errorCodeOf(answer: Answer): string | undefined {
  const code = readJsonObject(answer)?.error
  if (typeof code !== 'string' || code === '') return undefined
  return LOGGABLE.test(code) ? code : 'unlisted'
}

/** Makes of an answer that is no success the error that the caller and the log are told. */
export function readErrorResponse(answer: Answer): ProxyError {
  const { status } = answer
  const code = errorCodeOf(answer)
  const upstream = { status, ...(code !== undefined && { error: code }) }
  if (status === 429) return new ProxyError('upstream_rate_limited', { upstream, ...retryAfter(answer) })
  if (status === 503) return new ProxyError('upstream_unavailable', { upstream, ...retryAfter(answer) })
  if (status < 400 || status >= 500 || code === undefined)
    return new ProxyError('upstream_malformed', { upstream })
  // The app did not authenticate, we did: it can do nothing about this, and we must (requirement ERR-4).
  if (code === 'invalid_client') return new ProxyError('upstream_invalid_client', { upstream })
  if (!FOR_THE_APP.has(code)) return new ProxyError('upstream_refused_otherwise', { upstream })
  return new ProxyError('upstream_refused', { upstream, dpopNonce: nonceOf(answer) })
}

// RFC 9110 section 10.2.3: seconds, or a date, which is read against the answer's own Date: no clock of ours, and
// right also where the two differ.
function retryAfter({ headers }: Answer): { retryAfter?: number } {
  const value = headers['retry-after']?.trim() ?? ''
  const seconds = /^\d+$/.test(value)
    ? Number(value)
    : Math.ceil((httpDate(value) - httpDate(headers.date)) / 1000)
  return Number.isNaN(seconds) ? {} : { retryAfter: Math.min(Math.max(seconds, 0), RETRY_AFTER_MAX_S) }
}

// RFC 9110 section 5.6.7, the one form that may be sent. Date.parse alone takes "-5" and "soon 7" for dates, too.
function httpDate(text = ''): number {
  return /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/.test(text)
    ? Date.parse(text)
    : Number.NaN
}
