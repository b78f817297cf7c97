import { ASSERTION_LIFETIME_S } from '../limits.ts'
import type { AssertionRules, AuthorizationServer } from './client.ts'
import type { Endpoints, Preset } from './presets.ts'

// What a preset and a registration make together. A registration overrides any of it; nothing else in Countersign
// knows a provider.

/** All that a registration can pin. */
export const ENDPOINTS = [
  'authorization_endpoint',
  'token_endpoint',
  'revocation_endpoint',
  'pushed_authorization_request_endpoint',
  'device_authorization_endpoint',
  'end_session_endpoint',
  'jwks_uri',
] as const satisfies (keyof Endpoints)[]

/**
 * The server's metadata: what the registration gives, else what the preset derives from the issuer. No discovery:
 * endpoints are pinned (RFC 10070 section 1). Every string is taken as it stands; only in a derived endpoint is the
 * issuer's trailing slash, where it has one, not doubled.
 */
export function authorizationServer(
  { base, paths }: Preset,
  registration: Endpoints & { issuer: string },
): AuthorizationServer {
  const issuer = registration.issuer.replace(/\/$/, '')
  const prefix = base?.(issuer) ?? issuer
  const endpoints: Endpoints = {}
  for (const name of ENDPOINTS) {
    const path = paths[name]
    const url = registration[name] ?? (path === undefined ? undefined : prefix + path)
    if (url !== undefined) endpoints[name] = url
  }
  // The schema requires the token endpoint where the preset has no path for it.
  return { issuer: registration.issuer, ...endpoints, token_endpoint: endpoints.token_endpoint as string }
}

/** The usual rules, then the preset's, then the registration's own. */
export function assertionRules({ assertion }: Preset, own: Partial<AssertionRules>): AssertionRules {
  return { lifetime: ASSERTION_LIFETIME_S, ahead: true, ...assertion, ...own }
}
