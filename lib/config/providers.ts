import { ASSERTION_LIFETIME_S } from '../limits.ts'
import type { AssertionRules, AuthorizationServer } from './client.ts'

/** The endpoints that a registration may give or a preset may derive, by their RFC 8414 (or OpenID Connect) names. */
const ENDPOINTS = [
  'authorization_endpoint',
  'token_endpoint',
  'revocation_endpoint',
  'pushed_authorization_request_endpoint',
  'device_authorization_endpoint',
  'end_session_endpoint',
  'jwks_uri',
] as const

type Endpoints = { [name in (typeof ENDPOINTS)[number]]?: string }

interface Preset {
  /** What is appended to the issuer to make the endpoint. No discovery: endpoints are pinned (RFC 10070 section 1). */
  paths: Endpoints
  assertion: AssertionRules
}

/** What is known of each provider. A registration overrides any of it; nothing else in Countersign knows a provider. */
export const PROVIDERS = {
  // Issuer `https://auth.pingone.<region>/<environment>/as`, or the same under a custom domain: so no check of the host.
  pingone: {
    paths: {
      authorization_endpoint: '/authorize',
      token_endpoint: '/token',
      revocation_endpoint: '/revoke',
      pushed_authorization_request_endpoint: '/par',
      device_authorization_endpoint: '/device_authorization',
      end_session_endpoint: '/signoff',
      jwks_uri: '/jwks',
    },
    assertion: { aud: 'issuer', typ: 'JWT', lifetime: ASSERTION_LIFETIME_S, ahead: true },
  },
  // RFC 10070: the issuer as the only audience, and an explicit type.
  generic: {
    paths: {},
    assertion: {
      aud: 'issuer',
      typ: 'client-authentication+jwt',
      lifetime: ASSERTION_LIFETIME_S,
      ahead: true,
    },
  },
} as const satisfies Record<string, Preset>

export type Provider = keyof typeof PROVIDERS

/** The preset of a provider's name as it stands in a document, which may be anything. */
export function presetOf(name: unknown): Preset | undefined {
  return typeof name === 'string' && Object.hasOwn(PROVIDERS, name) ? PROVIDERS[name as Provider] : undefined
}

/**
 * The server's metadata: what the registration gives, else what the preset derives from the issuer. Every string is
 * taken as it stands; only in a derived endpoint is the issuer's trailing slash, where it has one, not doubled.
 */
export function authorizationServer(
  preset: Preset,
  registration: Endpoints & { issuer: string },
): AuthorizationServer {
  const base = registration.issuer.replace(/\/$/, '')
  const endpoints: Endpoints = {}
  for (const name of ENDPOINTS) {
    const path = preset.paths[name]
    const url = registration[name] ?? (path === undefined ? undefined : base + path)
    if (url !== undefined) endpoints[name] = url
  }
  // The schema requires the token endpoint where the preset has no path for it.
  return { issuer: registration.issuer, ...endpoints, token_endpoint: endpoints.token_endpoint as string }
}
