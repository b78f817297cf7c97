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
}

const CODE = 'authorization_code'
const REFRESH = 'refresh_token'

/** Where the page that shows the three deliveries is: each sign-in comes back to it, and each sign-off. */
export function deliveriesPage(app: string, delivery: string): string {
  return `${siblingOf(app, 'app')}/deliveries?delivery=${delivery}`
}

/** Every client of the local stack. The first two are the demo's: the two ends of what providers take. */
export function stackClients(app: string, gateway: string): StackClientPlan[] {
  const web = { application_type: 'web', redirect_uri: `${app}/callback`, origin: app } as const
  const public_url = siblingOf(gateway, 'api')
  const cookies = {
    alg: 'ES256',
    application_type: 'web',
    origin: siblingOf(app, 'app'),
    redirect_uri: `${public_url}/callback`,
    public_url,
    grant_types: [CODE, REFRESH],
    refresh: 'none',
    scope: 'openid profile offline_access',
  } as const
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
      client_id: 'tokens',
      alg: 'ES256',
      application_type: 'web',
      origin: siblingOf(app, 'app'),
      redirect_uri: deliveriesPage(app, 'tokens'),
      grant_types: [CODE, REFRESH],
      refresh: 'rotating',
      shows: 'all tokens in the page',
    },
    {
      client_id: 'mediated',
      ...cookies,
      grant_types: [...cookies.grant_types],
      delivery: 'mediated',
      post_logout_redirect_uris: [deliveriesPage(app, 'mediated')],
      shows: 'the access token in the page, the refresh token in a cookie',
    },
    {
      client_id: 'session',
      ...cookies,
      grant_types: [...cookies.grant_types],
      delivery: 'session',
      post_logout_redirect_uris: [deliveriesPage(app, 'session')],
      api_routes: ['GET /me', '* /orders'],
      shows: 'no token in the page, both in a cookie',
    },
  ]
}

/** How many of them the demo app signs in by. */
export const DEMO_CLIENTS = 2
