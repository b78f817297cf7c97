import type { StackClientPlan } from './clients.ts'
import type { CreatedKey } from './keys.ts'
import { siblingOf } from './site.ts'

// A client of the local stack as the two that have to know it are told.

/**
 * How the provider knows a client. Without an `alg`: the key that its assertion names says which, and so keys can be rotated.
 * Where the sign-in is ours, so is the redirect URI, whatever the app is.
 */
export function providerClient(
  {
    client_id,
    application_type,
    redirect_uri,
    grant_types,
    require_dpop_nonce = false,
    origin,
    delivery,
  }: StackClientPlan,
  gateway: string,
) {
  return {
    client_id,
    application_type,
    ...(delivery === undefined
      ? { redirect_uris: [redirect_uri] }
      : {
          redirect_uris: [`${publicUrl(origin, gateway)}/callback`],
          post_logout_redirect_uris: [redirect_uri],
        }),
    require_dpop_nonce,
    // The demo shows that a refresh token which the provider gives stays behind.
    grant_types: [...new Set([...grant_types, 'refresh_token'])],
    jwks_uri: `${gateway}/.well-known/jwks.json`,
  }
}

/** A page takes its cookies to a sibling alone; a native app, which is Node here, may not know that name. */
function publicUrl(origin: string | undefined, gateway: string): string {
  return origin === undefined ? gateway : siblingOf(gateway, 'api')
}

/** And how the functions know it. */
export function registration(
  {
    client_id,
    application_type,
    redirect_uri,
    origin,
    grant_types,
    refresh,
    delivery,
    api_routes,
  }: StackClientPlan,
  { issuer, gateway, key }: { issuer: string; gateway: string; key: CreatedKey },
) {
  return {
    client_id,
    provider: 'pingone',
    issuer,
    signing_keys: [{ ...key, state: 'active' }],
    application_type,
    ...(origin !== undefined && { allowed_origins: [origin] }),
    redirect_uris: [redirect_uri],
    grant_types,
    refresh,
    ...(delivery !== undefined && {
      delivery,
      public_url: publicUrl(origin, gateway),
      post_logout_redirect_uris: [redirect_uri],
      scope: 'openid offline_access profile',
    }),
    ...(api_routes !== undefined && { api_routes }),
  }
}
