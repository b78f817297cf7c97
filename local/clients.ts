import { canBeSameSite } from '../lib/config/urls.ts'
import type { Alg } from '../lib/jose/algorithms.ts'
import { DEVICE_CODE } from '../lib/oauth/grants.ts'
import type { StackClient } from './description.ts'
import { siblingOf } from './site.ts'

/** A client of the local stack, before it has a key. */
export type StackClientPlan = Omit<StackClient, 'alg' | 'origin'> & {
  alg: Alg
  origin?: string
  /** The provider wants a nonce in its DPoP proofs. */
  require_dpop_nonce?: boolean
  /** Of the delivery `session`. */
  api_routes?: string[]
}

const CODE = 'authorization_code'
const REFRESH = 'refresh_token'

/** Every client of the local stack. The first two are the demo's: the two ends of what providers take. */
export function stackClients(app: string): StackClientPlan[] {
  const web = { application_type: 'web', redirect_uri: `${app}/callback`, origin: app } as const
  const site = siblingOf(app, 'app')
  const page = (delivery: string) => ({
    application_type: 'web' as const,
    redirect_uri: `${site}/deliveries?delivery=${delivery}`,
    origin: site,
  })
  return [
    // RS256, which everyone takes; and ES256, whose signature KMS gives in another form.
    {
      client_id: 'demo-rs256',
      alg: 'RS256',
      ...web,
      grant_types: [CODE],
      refresh: 'none',
      shows: 'the defaults',
    },
    {
      client_id: 'demo-es256',
      alg: 'ES256',
      ...web,
      grant_types: [CODE],
      refresh: 'none',
      shows: 'another algorithm',
    },
    {
      client_id: 'refreshing',
      alg: 'PS256',
      ...web,
      grant_types: [CODE, REFRESH, DEVICE_CODE],
      refresh: 'rotating',
      shows: 'rotating refresh tokens, and the device flow',
    },
    {
      client_id: 'bound',
      alg: 'ES384',
      ...web,
      grant_types: [CODE, REFRESH],
      refresh: 'dpop',
      require_dpop_nonce: true,
      shows: 'DPoP, with a provider that demands nonces',
    },
    {
      client_id: 'native',
      alg: 'EdDSA',
      application_type: 'native',
      redirect_uri: 'com.example.app:/callback',
      grant_types: [CODE, REFRESH],
      refresh: 'rotating',
      shows: 'a native app: no Origin, a private-use scheme',
    },
    {
      client_id: 'terminal',
      alg: 'RS256',
      application_type: 'native',
      // Without a port: the command listens at one that is free (RFC 8252 section 7.3).
      redirect_uri: 'http://127.0.0.1/callback',
      grant_types: [CODE],
      refresh: 'none',
      shows: '`countersign try`: a loopback redirect',
    },
    {
      client_id: 'mobile-mediated',
      alg: 'RS256',
      application_type: 'native',
      redirect_uri: 'com.example.mobile:/signed-in',
      grant_types: [CODE],
      refresh: 'none',
      delivery: 'mediated',
      shows: 'a native app that gets access tokens alone',
    },
    {
      client_id: 'mobile-session',
      alg: 'ES256',
      application_type: 'native',
      redirect_uri: 'https://app.example.com/signed-in',
      grant_types: [CODE],
      refresh: 'none',
      delivery: 'session',
      api_routes: ['GET /me', '* /orders'],
      shows: 'a native app that gets no token: a claimed https link',
    },
    // Of one page, which comes back to itself.
    {
      client_id: 'tokens',
      alg: 'ES256',
      ...page('tokens'),
      grant_types: [CODE, REFRESH],
      refresh: 'rotating',
      shows: 'all tokens in the page',
    },
    {
      client_id: 'mediated',
      alg: 'ES256',
      ...page('mediated'),
      grant_types: [CODE],
      refresh: 'none',
      delivery: 'mediated',
      shows: 'the access token in the page, the refresh token in a cookie',
    },
    {
      client_id: 'session',
      alg: 'ES256',
      ...page('session'),
      grant_types: [CODE],
      refresh: 'none',
      delivery: 'session',
      api_routes: ['GET /me', '* /orders'],
      shows: 'no token in the page, both in a cookie',
    },
  ]
}

/** How many of them the demo app signs in by. */
export const DEMO_CLIENTS = 2

/**
 * For a page that the stack does not serve: a client of each delivery. Without those that set a cookie where `origin` is no
 * sibling of the gateway, for it would never come back.
 */
export function ownClients(origin: string): StackClientPlan[] {
  const own: Pick<StackClientPlan, 'alg' | 'application_type' | 'origin' | 'grant_types' | 'refresh'> = {
    alg: 'ES256',
    application_type: 'web',
    origin,
    grant_types: [CODE],
    refresh: 'none',
  }
  const plans: StackClientPlan[] = [
    { client_id: 'own-tokens', ...own, redirect_uri: `${origin}/callback`, shows: 'your page: all tokens' },
    {
      client_id: 'own-mediated',
      ...own,
      redirect_uri: `${origin}/`,
      delivery: 'mediated',
      shows: 'your page: the access token',
    },
    {
      client_id: 'own-session',
      ...own,
      redirect_uri: `${origin}/`,
      delivery: 'session',
      api_routes: ['GET /me', '* /orders'],
      shows: 'your page: no token',
    },
  ]
  const cookies = canBeSameSite(siblingOf('http://127.0.0.1', 'api'), origin)
  return plans.filter(({ delivery }) => cookies || delivery === undefined)
}
