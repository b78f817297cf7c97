/** Why a request ended without tokens. The log says the reason; the caller sees what `toWire` makes of it. */
export type Reason =
  // the request, refused before anything was spent
  | 'route_unknown'
  | 'method_not_allowed'
  | 'origin_refused'
  | 'origin_missing'
  | 'body_too_large'
  | 'content_type_unsupported'
  | 'body_malformed'
  | 'parameter_missing'
  | 'parameter_repeated'
  | 'parameter_malformed'
  | 'parameter_refused'
  | 'parameter_unsupported'
  | 'dpop_malformed'
  | 'dpop_target_wrong'
  | 'dpop_missing'
  | 'client_unknown'
  | 'client_disabled'
  | 'grant_refused'
  | 'response_type_refused'
  | 'endpoint_missing'
  | 'poll_too_fast'
  | 'redirect_uri_refused'
  | 'scope_refused'
  | 'resource_refused'
  | 'delivery_refused'
  // sessions and the sign-in that begins one
  | 'csrf_header_missing'
  | 'fetch_site_refused'
  | 'cookie_repeated'
  | 'return_to_refused'
  | 'login_unknown'
  | 'issuer_mismatch'
  | 'authorization_refused'
  | 'ticket_refused'
  | 'session_missing'
  | 'session_unreadable'
  | 'session_ended'
  | 'session_too_large'
  | 'session_key_unknown'
  | 'refresh_under_way'
  | 'api_route_refused'
  // our own side
  | 'configuration_unavailable'
  | 'configuration_expired'
  | 'sessions_unavailable'
  | 'signer_unavailable'
  | 'signer_misconfigured'
  | 'internal'
  // the provider
  | 'upstream_refused'
  | 'upstream_refused_otherwise'
  | 'upstream_invalid_client'
  | 'upstream_rate_limited'
  | 'upstream_unavailable'
  | 'upstream_unreachable'
  | 'upstream_timeout'
  | 'upstream_lost'
  | 'upstream_unanswered'
  | 'upstream_malformed'
  | 'dpop_downgraded'
  | 'id_token_invalid'
  | 'id_token_unverifiable'

export interface ProxyErrorDetails {
  /** The parameter or header at fault: one of our own names, never text of the caller's. */
  parameter?: string | undefined
  /** What the provider answered, as far as it may be known: its status and its `error` code. */
  upstream?: { status: number; error?: string }
  /** Seconds, already bounded. */
  retryAfter?: number | undefined
  /** The methods that the route takes, as the Allow header names them. */
  allow?: string | undefined
  /** The nonce that the provider wants in the next DPoP proof, beside its refusal. */
  dpopNonce?: string | undefined
  /** KMS's id of the request that failed, to join with CloudTrail. */
  kmsRequestId?: string | undefined
  cause?: unknown
}

/** A request that ended without tokens, and why. Its message holds the reason alone, so printing it gives nothing away. */
export class ProxyError extends Error {
  override readonly name = 'ProxyError'
  readonly reason: Reason
  readonly parameter: string | undefined
  readonly upstream: { status: number; error?: string } | undefined
  readonly retryAfter: number | undefined
  readonly allow: string | undefined
  readonly dpopNonce: string | undefined
  readonly kmsRequestId: string | undefined

  constructor(reason: Reason, details: ProxyErrorDetails = {}) {
    super(reason)
    this.reason = reason
    this.parameter = details.parameter
    this.upstream = details.upstream
    this.retryAfter = details.retryAfter
    this.allow = details.allow
    this.dpopNonce = details.dpopNonce
    this.kmsRequestId = details.kmsRequestId
    // A cause can hold anything (an SDK error names the key's ARN): not enumerable, so no serialiser walks into it, and
    // left out where Node prints the error, which shows a cause even so.
    if (details.cause !== undefined) {
      Object.defineProperty(this, 'cause', { value: details.cause, enumerable: false })
    }
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string | undefined {
    return this.stack
  }
}

/**
 * What an error may be called in a log: its code (`ECONNREFUSED`, jose's `ERR_JWS_…`), which minifying leaves alone,
 * or its name (an AWS error's own). Never its message, which can quote what must not be logged.
 */
export function causeName(cause: unknown): string | undefined {
  const { code, name } = (cause ?? {}) as { code?: unknown; name?: unknown }
  return [code, name].find(
    (text): text is string => typeof text === 'string' && /^[A-Za-z]\w{0,79}$/.test(text),
  )
}

/** A cause that has no error of its own: `code` says in the log what was wrong, in fixed words. */
export function coded(code: string): Error {
  return Object.assign(new Error(code), { code })
}
