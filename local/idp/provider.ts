import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { isIPv6 } from 'node:net'
import { Provider } from 'oidc-provider'
import { epochMs, type Span } from '../clock.ts'
import { listenAt } from '../listen.ts'
import { type IdpClient, providerConfiguration, ROUTES } from './configuration.ts'
import { forwardEvents, type IdpEvent } from './events.ts'
import { CONTENT_SECURITY_POLICY } from './pages.ts'
import { type Middleware, SIGN_ON, signOn } from './sign-on.ts'

export type { IdpClient, IdpEvent }

export interface IdentityProviderOptions {
  /** Address to listen on. Default 127.0.0.1. */
  host?: string
  /** 0 takes a free one. */
  port: number
  /** The first part of every path. Default: a random UUID, as PingOne's environment ids are. */
  environment_id?: string
  clients: IdpClient[]
  /** PEM. With it the provider is https only. */
  tls?: { key: string; cert: string }
  /** The host in the issuer and in every endpoint. Default: `host`. */
  public_host?: string
  /**
   * A refresh token that is presented again within so many seconds of its first use gives tokens once more, for a client
   * that lost the first answer or asked twice at once. Later, and by default at once, that ends the whole family.
   */
  refresh_grace_s?: number
  /** Told of every outcome, with the reason that the caller is not told. Must not throw. */
  onEvent?(event: IdpEvent): void
  /**
   * Told of every token request that brought an assertion, after its answer, and of the names of the answer's members.
   * Must not throw, and must not keep the assertion.
   */
  onAssertion?(client_assertion: string, span: Span, answered: string[]): void
  /** Told of every token that is issued: for a test that looks for them where they must not be. Must not throw. */
  onIssued?(token: string): void
}

/** One request as it came in. The query is left out: it may hold a code. */
export interface IdpRequest {
  method: string
  path: string
}

export interface IdentityProvider {
  /** `http://127.0.0.1:<port>/<environment id>/as` */
  issuer: string
  /** Every request since the start, the oldest first; of very many, the last 10,000. */
  requests: readonly IdpRequest[]
  /** What `onEvent` was told, bounded in the same way. */
  events: readonly IdpEvent[]
  /** Ends all connections, also those kept alive, and frees the port. May be called twice. */
  close(): Promise<void>
}

const RECORDS_MAX = 10_000
const ENVIRONMENT_ID = /^[\w-]+$/

const DISCOVERY = '/.well-known/openid-configuration'

/** Where the browser comes through: the sign-in page, the way back from it, and the end of a logout. */
const STEPS = [
  `${SIGN_ON}/[\\w-]+`,
  `${ROUTES.authorization}/[\\w-]+`,
  `${ROUTES.code_verification}/[\\w-]+`,
  `${ROUTES.end_session}/confirm`,
  `${ROUTES.end_session}/success`,
]

/** PingOne's layout and nothing else: oidc-provider by itself is lenient about case and a trailing slash. */
const PATH = new RegExp(
  `^(?:${[DISCOVERY.replaceAll('.', '\\.'), ...Object.values(ROUTES), ...STEPS].join('|')})$`,
)

/** What a page of any origin may read. All else, above all the token endpoint, is closed to browsers. */
const OPEN = new Set([DISCOVERY, ROUTES.jwks, ROUTES.userinfo])

const headers: Middleware = async (ctx, next) => {
  ctx.set('content-security-policy', CONTENT_SECURITY_POLICY)
  ctx.set('x-content-type-options', 'nosniff')
  ctx.set('referrer-policy', 'no-referrer')
  const open = OPEN.has(ctx.path)
  // An unanswered preflight: the browser gives up.
  if (ctx.method === 'OPTIONS' && !open) return
  await next()
  if (open) return
  // oidc-provider allows every origin before it knows the client, and takes it back only once it does.
  for (const name of Object.keys(ctx.response.headers)) {
    if (name.startsWith('access-control-')) ctx.remove(name)
  }
}

/** OIDC Core section 11 lets a server have other conditions for offline_access than prompt=consent: here, none. */
const offlineAccess: Middleware = async (ctx, next) => {
  const { scope, prompt } = ctx.query
  if (ctx.path === ROUTES.authorization && prompt === undefined && typeof scope === 'string') {
    if (scope.split(' ').includes('offline_access')) ctx.query = { ...ctx.query, prompt: 'consent' }
  }
  return next()
}

/** Hands on what the client authenticated with: for a demonstration, which shows what was made for it. */
function assertions(tell: NonNullable<IdentityProviderOptions['onAssertion']>): Middleware {
  return async (ctx, next) => {
    const start = epochMs()
    await next()
    const client_assertion = ctx.path === ROUTES.token ? ctx.oidc?.body?.client_assertion : undefined
    if (typeof client_assertion !== 'string') return
    tell(client_assertion, { start, end: epochMs() }, Object.keys((ctx.body ?? {}) as object))
  }
}

const ISSUED = ['access_token', 'refresh_token', 'id_token'] as const

function issued(tell: NonNullable<IdentityProviderOptions['onIssued']>): Middleware {
  return async (ctx, next) => {
    await next()
    const body = ctx.path === ROUTES.token ? (ctx.body as Record<string, unknown> | undefined) : undefined
    for (const name of ISSUED) {
      const token = body?.[name]
      if (typeof token === 'string') tell(token)
    }
  }
}

function bounded<T>(records: T[], record: T): void {
  records.push(record)
  if (records.length > RECORDS_MAX) records.shift()
}

/** Answers below `prefix`, with the issuer's own host whatever the Host header says, so that all URLs are the issuer's. */
function under(prefix: string, host: string, handle: RequestListener): RequestListener {
  return (req: IncomingMessage & { baseUrl?: string }, res) => {
    const [path = '', ...query] = (req.url ?? '').split('?')
    if (!path.startsWith(`${prefix}/`) || !PATH.test(path.slice(prefix.length))) {
      res.writeHead(404, { 'content-type': 'text/plain' }).end('Not Found')
      return
    }
    req.headers.host = host
    // oidc-provider puts this in front of the paths of its URLs.
    req.baseUrl = prefix
    req.url = [path.slice(prefix.length), ...query].join('?')
    handle(req, res)
  }
}

/** All clients are read once, so that a wrong one ends the start and not the first sign-in. */
async function checkClients(provider: Provider, clients: IdpClient[]): Promise<void> {
  for (const { client_id } of clients) await provider.Client.find(client_id)
}

/**
 * Starts an OpenID provider laid out as PingOne lays its own out: an issuer `…/<environment id>/as` with its
 * endpoints below it. Strict: clients authenticate by private_key_jwt only (see assertion-policy.ts), PKCE is
 * required with S256, the only response type is `code`. Everything lives in memory and in this instance alone,
 * with fresh keys; nothing is fetched from anywhere.
 *
 * Rejects where it cannot listen, with Node's error and its code (EADDRINUSE), and where a client's registration
 * is wrong.
 */
export async function startIdentityProvider(options: IdentityProviderOptions): Promise<IdentityProvider> {
  const { host = '127.0.0.1', environment_id = randomUUID(), clients, tls } = options
  if (!ENVIRONMENT_ID.test(environment_id)) throw new TypeError('environment_id is one part of a path')
  const prefix = `/${environment_id}/as`
  const configuration = await providerConfiguration(clients, prefix, SIGN_ON, options.refresh_grace_s)

  const requests: IdpRequest[] = []
  const events: IdpEvent[] = []
  const server = tls === undefined ? createServer() : createTlsServer(tls)
  const port = await listenAt(server, options.port, host)

  function close(): Promise<void> {
    return new Promise(resolve => {
      // Called with an error where it was closed before, which is no matter.
      server.close(() => resolve())
      server.closeAllConnections()
    })
  }

  try {
    const name = options.public_host ?? host
    const authority = `${isIPv6(name) ? `[${name}]` : name}:${port}`
    const issuer = `${tls === undefined ? 'http' : 'https'}://${authority}${prefix}`
    const provider = new Provider(issuer, configuration)
    provider.use(headers)
    provider.use(offlineAccess)
    provider.use(signOn(provider))
    if (options.onAssertion) provider.use(assertions(options.onAssertion))
    if (options.onIssued) provider.use(issued(options.onIssued))
    forwardEvents(provider, event => {
      bounded(events, event)
      options.onEvent?.(event)
    })
    await checkClients(provider, clients)

    const handle = under(prefix, authority, provider.callback())
    server.on('request', (req, res) => {
      bounded(requests, { method: req.method ?? '', path: (req.url ?? '').split('?', 1)[0] ?? '' })
      handle(req, res)
    })
    return { issuer, requests, events, close }
  } catch (error) {
    await close()
    throw error
  }
}
