import type { EventEmitter } from 'node:events'
import type { errors, KoaContextWithOIDC, Provider } from 'oidc-provider'

/** What happened at the provider: names and reasons, never a code, a token, a verifier or an assertion. */
export interface IdpEvent {
  /** Milliseconds since the epoch. */
  at: number
  /** oidc-provider's name of it, such as `grant.success` or `grant.error`. */
  type: string
  client_id?: string
  grant_type?: string
  /** What the caller was told … */
  error?: string
  error_description?: string
  /** … and the reason, which the caller is not told: client authentication always fails with the same words. */
  detail?: string
}

const SUCCESSES = [
  'authorization.success',
  'grant.success',
  'end_session.success',
  'pushed_authorization_request.success',
  'device_authorization.success',
] as const

const FAILURES = [
  'authorization.error',
  'grant.error',
  'end_session.error',
  'pushed_authorization_request.error',
  'device_authorization.error',
  'code_verification.error',
  'introspection.error',
  'revocation.error',
  'userinfo.error',
  'server_error',
] as const

/** Known values only: on a failed request this parameter is whatever the caller wrote. */
const GRANT_TYPES = [
  'authorization_code',
  'refresh_token',
  'client_credentials',
  'urn:ietf:params:oauth:grant-type:device_code',
]

function eventOf(type: string, ctx: KoaContextWithOIDC, error?: Error): IdpEvent {
  const client_id = ctx.oidc?.client?.clientId
  const grant_type = GRANT_TYPES.find(known => known === ctx.oidc?.params?.grant_type)
  return {
    at: Date.now(),
    type,
    ...(client_id === undefined ? {} : { client_id }),
    ...(grant_type === undefined ? {} : { grant_type }),
    ...(error === undefined ? {} : reasonsOf(error)),
  }
}

function reasonsOf(thrown: Error): Pick<IdpEvent, 'error' | 'error_description' | 'detail'> {
  const { error, error_description, error_detail } = thrown as Partial<errors.OIDCProviderError>
  // Not one of the provider's own errors: something broke here, and its message is what helps.
  if (error === undefined) return { error: 'server_error', detail: thrown.message }
  return {
    error,
    ...(error_description === undefined ? {} : { error_description }),
    ...(error_detail === undefined ? {} : { detail: error_detail }),
  }
}

/** Hands every outcome to `listener`, which must not throw. */
export function forwardEvents(provider: Provider, listener: (event: IdpEvent) => void): void {
  // The typings have one overload per name, so a name out of a list fits none of them.
  const emitter: EventEmitter = provider
  for (const type of SUCCESSES) {
    emitter.on(type, (ctx: KoaContextWithOIDC) => listener(eventOf(type, ctx)))
  }
  for (const type of FAILURES) {
    emitter.on(type, (ctx: KoaContextWithOIDC, error: Error) => listener(eventOf(type, ctx, error)))
  }
  // Koa's own, for what no handler caught. It prints only where nobody listens.
  emitter.on('error', (error: Error) => listener({ at: Date.now(), type: 'error', ...reasonsOf(error) }))
}
