import type { Client } from '../../lib/config/client.ts'
import { originProblem, publicUrlProblem } from '../../lib/config/urls.ts'
import { Failure } from '../failure.ts'
import type { Pinned } from './endpoints.ts'
import type { Flags } from './options.ts'

// What the app gets, and what the deliveries that set a cookie need beside the rest (docs/configuration.md, Deliveries).

export type Delivery = Client['delivery']

export interface DeliveryAnswers {
  delivery: Delivery
  /** Undefined with `tokens`. */
  public_url: string | undefined
  /** With `session`. */
  api_routes: string[]
}

const DELIVERIES: readonly string[] = ['tokens', 'mediated', 'session'] satisfies Delivery[]

function isDelivery(text: string): text is Delivery {
  return DELIVERIES.includes(text)
}

export function hasCookie(flags: Flags): boolean {
  return flags.delivery === 'mediated' || flags.delivery === 'session'
}

/** `GET /orders, * /me`: one flag may name several. */
export function routesIn(texts: readonly string[] = []): string[] {
  return texts.flatMap(text => text.split(/\s*,\s+/)).filter(Boolean)
}

export function deliveryAnswers(flags: Flags): DeliveryAnswers {
  const { delivery = 'tokens' } = flags
  return {
    delivery: delivery as Delivery,
    public_url: flags['public-url'],
    api_routes: routesIn(flags['api-routes']),
  }
}

export function deliveryMissing(flags: Flags): string[] {
  if (!hasCookie(flags)) return []
  const web = flags['application-type'] !== 'native'
  return [
    ...(flags['public-url'] === undefined ? ['--public-url'] : []),
    ...(flags.delivery === 'session' && flags['api-routes'] === undefined ? ['--api-routes'] : []),
    ...(web && flags.origin === undefined && flags['redirect-uri'] === undefined ? ['--origin'] : []),
  ]
}

/** Each with its flag; undefined where it is right. */
export function deliveryWrong(flags: Flags): [string, string | undefined][] {
  const { delivery } = flags
  const url = flags['public-url']
  return [
    ['--delivery', delivery === undefined ? undefined : deliveryProblem(delivery)],
    ['--public-url', url === undefined ? undefined : publicUrlProblem(url, false)],
    ['--public-url', url === undefined || hasCookie(flags) ? undefined : COOKIES_ONLY],
    ['--api-routes', flags['api-routes'] === undefined || delivery === 'session' ? undefined : SESSION_ONLY],
  ]
}

const COOKIES_ONLY = 'is for --delivery mediated or session'
const SESSION_ONLY = 'is for --delivery session'

export function deliveryProblem(text: string): string | undefined {
  return isDelivery(text) ? undefined : `must be one of ${DELIVERIES.join(', ')}`
}

export const publicProblem = (text: string) => publicUrlProblem(text, false)
export const pageOriginProblem = (text: string) => originProblem(text, false)

/** The sign-in begins at the deployment and its ID token is checked there. Throws Failure where the provider lacks what that needs. */
export function requireSignIn({ delivery }: DeliveryAnswers, endpoints: Pinned): void {
  if (delivery === 'tokens') return
  const lacking = (['authorization_endpoint', 'jwks_uri'] as const).filter(
    name => endpoints[name] === undefined,
  )
  if (lacking.length === 0) return
  throw new Failure(
    'endpoint_missing',
    `The delivery ${delivery} needs ${lacking.join(' and ')}, which neither discovery nor the preset has.`,
    { fix: `Give it by ${lacking.map(name => `--${name.replace('_', '-')}`).join(' and ')}.` },
  )
}

/** As the document has them. */
export function deliveryMembers({ delivery, public_url, api_routes }: DeliveryAnswers): object {
  if (delivery === 'tokens') return {}
  return { delivery, public_url, ...(delivery === 'session' && { api_routes }) }
}

/** What is left to do for a sign-in that begins at the deployment. */
export function deliverySteps(
  { delivery, public_url }: DeliveryAnswers,
  { client_id, native, scope }: { client_id: string; native: boolean; scope: string | undefined },
): string[] {
  if (delivery === 'tokens') return []
  const query = new URLSearchParams({ client_id })
  return [
    `At the provider, register ${public_url}/callback as the redirect URI`,
    ...(scope === undefined
      ? [
          'Without --scope /login asks for openid alone: for a refresh token most providers want offline_access, too',
        ]
      : []),
    'Give the functions a secret to seal sessions with, where they have none (docs/deploy.md, CookieDeliveries)',
    native
      ? 'docs/mobile.md has what the app does; countersign doctor begins a sign-in as it does'
      : `Open ${public_url}/login?${query} in a browser to sign in; docs/browser.md has what the app does`,
  ]
}
