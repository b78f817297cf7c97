import { ProxyError } from '../errors.ts'
import { PREFLIGHT_MAX_AGE_S } from '../limits.ts'

/** What the decision needs to know of the configuration. */
export interface OriginPolicy {
  /** Serialized origins, the union over all clients. */
  readonly allowed_origins: ReadonlySet<string>
  /** Those of them that may send cookies along. */
  readonly credentialed_origins: ReadonlySet<string>
  /** Some client is a native app, which sends no Origin. */
  readonly native: boolean
}

export type CorsDecision =
  | { kind: 'refused'; reason: 'origin_refused' | 'origin_missing' }
  | { kind: 'preflight'; headers: Record<string, string> }
  | { kind: 'passed'; headers: Record<string, string> }

/**
 * On every answer, whatever its Origin: a shared cache must not give one origin's answer to another (Fetch, "CORS
 * protocol and HTTP caches").
 */
export const VARY = { vary: 'Origin' }

/**
 * The first of two decisions, from method and `Origin` alone, before the body is read; the second is `requireOrigin`,
 * once the client is known. A form POST is CORS-safelisted: a browser sends it from any page without asking, so the
 * refusal has to be here, not only in absent headers (Fetch, "CORS-safelisted request"). Comparison is of exact
 * strings; `null` and lists match nothing.
 */
export function decideCors(method: string, origin: string | undefined, policy: OriginPolicy): CorsDecision {
  if (origin === undefined) {
    // Browsers put Origin on every POST (Fetch, "append a request Origin header"): without one it is no browser.
    return policy.native ? { kind: 'passed', headers: VARY } : { kind: 'refused', reason: 'origin_missing' }
  }
  if (!policy.allowed_origins.has(origin)) return { kind: 'refused', reason: 'origin_refused' }
  const credentialed = policy.credentialed_origins.has(origin)
  return method === 'OPTIONS'
    ? { kind: 'preflight', headers: preflightHeaders(origin, credentialed) }
    : { kind: 'passed', headers: answerHeaders(origin, credentialed) }
}

/** Only where a cookie is part of it, and never beside `*` (Fetch, "CORS protocol and credentials"). */
const CREDENTIALS = { 'access-control-allow-credentials': 'true' }

function preflightHeaders(origin: string, credentialed: boolean): Record<string, string> {
  return {
    'access-control-allow-origin': origin,
    ...(credentialed && CREDENTIALS),
    'access-control-allow-methods': 'POST',
    'access-control-allow-headers': credentialed ? 'content-type, dpop, x-csrf' : 'content-type, dpop',
    'access-control-max-age': String(PREFLIGHT_MAX_AGE_S),
    vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
  }
}

function answerHeaders(origin: string, credentialed: boolean): Record<string, string> {
  return {
    'access-control-allow-origin': origin,
    ...(credentialed && CREDENTIALS),
    'access-control-expose-headers': 'DPoP-Nonce, Retry-After, X-Request-Id',
    ...VARY,
  }
}

/** The origins that one client may be used from. */
export interface ClientOrigins {
  readonly application_type: 'web' | 'native'
  readonly allowed_origins: readonly string[]
}

/** Holds the request's `Origin` against the client that it names. Throws ProxyError `origin_missing` or `origin_refused`. */
export function requireOrigin(origin: string | undefined, client: ClientOrigins): void {
  if (origin === undefined) {
    if (client.application_type === 'web') throw new ProxyError('origin_missing')
  } else if (!client.allowed_origins.includes(origin)) {
    // A native app's list is empty: a browser that names its client is not that app.
    throw new ProxyError('origin_refused')
  }
}
