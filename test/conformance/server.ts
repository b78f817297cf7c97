import { randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { json, type Received, startProvider } from '../support/fake-provider.ts'
import { type IdTokenParts, idToken, published } from '../support/id-tokens.ts'
import { type TestKey, testKey } from '../support/keys.ts'
import {
  BROWSER_REQUEST,
  CLIENT_AUTHENTICATION,
  CLIENT_KEYS,
  CODE_EXCHANGE,
  type Condition,
  type Context,
  DPOP_PROOF,
  hasNonce,
  PUSHED_REQUEST,
  type Registered,
  verdicts,
} from './conditions.ts'

// The authorization server that the suite plays: over HTTP, on loopback, holding each request to its conditions, and doing
// wrong in the one point that a module is about.

/** What a condition came to at one request. */
export interface Verdict {
  /** The last of the request's path, or `authorize`. */
  at: string
  condition: string
  complaint: string | undefined
}

export interface AuthorizationResponse {
  code: string
  state: string | undefined
  iss: string
}

/** What a module has the server do otherwise; the members of an object that are undefined are left out of what is sent. */
export interface Behaviour {
  idToken?: IdTokenParts
  tokenResponse?: Record<string, unknown>
  authorizationResponse?: (good: AuthorizationResponse) => Record<string, string | undefined>
  /** Whether a proof must have a nonce of the server's. */
  dpopNonce?: boolean
  /** What is published, in place of the key that signs. */
  jwks?: Record<string, unknown>[]
  /** Signs ID tokens. */
  key?: TestKey
}

export interface Server {
  issuer: string
  metadata: Record<string, string>
  client: Registered
  verdicts: Verdict[]
  requests: Received[]
  /** The request at the authorization endpoint: the query that the browser is sent back with. */
  authorize(url: string): Promise<Record<string, string>>
  does: Behaviour
}

const present = <Value>(members: Record<string, Value | undefined>) =>
  Object.fromEntries(Object.entries(members).filter((one): one is [string, Value] => one[1] !== undefined))

interface Pushed {
  parameters: URLSearchParams
  code?: string
}

export async function startServer(does: Behaviour = {}, { par = true } = {}): Promise<Server> {
  const seen = new Set<string>()
  const pushed = new Map<string, Pushed>()
  let dpopNonce = randomUUID()
  let refresh_token: string | undefined
  let nonce: string | null | undefined
  const provider = await startProvider((response, received) => void answer(response, received))
  const issuer = provider.url
  const server: Server = {
    issuer,
    metadata: {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      ...(par && { pushed_authorization_request_endpoint: `${issuer}/par` }),
      revocation_endpoint: `${issuer}/revoke`,
      device_authorization_endpoint: `${issuer}/device`,
      end_session_endpoint: `${issuer}/logout`,
      jwks_uri: `${issuer}/jwks`,
    },
    client: { client_id: '', redirect_uri: '', token_endpoint_auth_signing_alg: '', jwks: { keys: [] } },
    verdicts: [],
    requests: provider.requests,
    authorize,
    does,
  }

  /** Goes on whatever comes of it, as the suite does, so that one fault is one complaint. */
  async function hold(at: string, conditions: Record<string, Condition>, context: Context): Promise<void> {
    const found = Object.entries(await verdicts(conditions, context))
    server.verdicts.push(...found.map(([condition, complaint]) => ({ at, condition, complaint })))
  }

  async function answer(response: ServerResponse, { method, path, headers, body }: Received): Promise<void> {
    const at = path.slice(1)
    if (method === 'GET' && at === 'jwks') return json(response, 200, { keys: keys() })
    if (method !== 'POST') return json(response, 404, {})
    const form = new URLSearchParams(body)
    const dpop = headers.find(([name]) => name.toLowerCase() === 'dpop')?.[1]
    const one = [...pushed.values()].find(({ code }) => code !== undefined && code === form.get('code'))
    const context: Context = {
      client: server.client,
      issuer,
      url: `${issuer}${path}`,
      form,
      dpop,
      dpopNonce: server.does.dpopNonce ? dpopNonce : undefined,
      pushed: one?.parameters,
      now: Date.now(),
      seen,
    }
    await hold(at, { ...CLIENT_KEYS, ...CLIENT_AUTHENTICATION }, context)
    if (dpop !== undefined) {
      await hold(at, DPOP_PROOF, context)
      if (!hasNonce(context))
        return json(response, 400, { error: 'use_dpop_nonce' }, { 'DPoP-Nonce': dpopNonce })
    }
    switch (at) {
      case 'par': {
        await hold(at, PUSHED_REQUEST, context)
        const request_uri = `urn:ietf:params:oauth:request_uri:${randomUUID()}`
        pushed.set(request_uri, { parameters: form })
        return json(response, 201, { request_uri, expires_in: 60 })
      }
      case 'token':
        return token(response, context, one)
      case 'revoke':
        response.writeHead(200).end()
        return
      case 'device':
        return json(response, 200, {
          device_code: randomUUID(),
          user_code: 'WDJB-MJHT',
          verification_uri: `${issuer}/device`,
          expires_in: 600,
        })
      default:
        return json(response, 404, {})
    }
  }

  async function token(response: ServerResponse, context: Context, one: Pushed | undefined): Promise<void> {
    const { form, dpop } = context
    if (form.get('grant_type') === 'authorization_code') {
      if (!one) return json(response, 400, { error: 'invalid_grant' })
      await hold('token', CODE_EXCHANGE, context)
      delete one.code
      nonce = one.parameters.get('nonce')
    } else if (form.get('refresh_token') !== refresh_token) {
      return json(response, 400, { error: 'invalid_grant' })
    }
    refresh_token = randomUUID()
    const { idToken: parts = {}, tokenResponse } = server.does
    const claims = { aud: server.client.client_id, nonce: nonce ?? undefined, ...parts.claims }
    const tokens = {
      access_token: randomUUID(),
      token_type: dpop === undefined ? 'Bearer' : 'DPoP',
      expires_in: 300,
      scope: 'openid',
      refresh_token,
      id_token: idToken(issuer, Date.now(), { ...parts, claims }, signingKey()),
      ...tokenResponse,
    }
    const headers = server.does.dpopNonce ? { 'DPoP-Nonce': dpopNonce } : {}
    json(response, 200, present(tokens), headers)
    // The next request has to come with another one.
    dpopNonce = randomUUID()
  }

  const signingKey = () => server.does.key ?? testKey('PS256', 'server')

  function keys(): Record<string, unknown>[] {
    if (server.does.jwks) return server.does.jwks
    // AugmentRealJwksWithDecoys: keys of the other algorithms that have the same kid.
    const decoys = (['PS256', 'ES256', 'EdDSA'] as const)
      .filter(alg => alg !== signingKey().alg)
      .map(alg => published(testKey(alg, 'decoy'), 'kid-p'))
    return [...decoys, published(signingKey(), 'kid-p')]
  }

  async function authorize(url: string): Promise<Record<string, string>> {
    const query = new URL(url).searchParams
    const request_uri = query.get('request_uri')
    const context: Context = {
      client: server.client,
      issuer,
      url,
      form: query,
      query,
      now: Date.now(),
      seen,
    }
    // A client without PAR says everything here.
    await hold('authorize', request_uri === null ? PUSHED_REQUEST : BROWSER_REQUEST, context)
    const one = pushed.get(request_uri ?? '') ?? { parameters: query }
    if (request_uri === null) pushed.set(randomUUID(), one)
    one.code = randomUUID()
    dpopNonce = randomUUID()
    const good = { code: one.code, state: one.parameters.get('state') ?? undefined, iss: issuer }
    return present<string>({ ...good, ...server.does.authorizationResponse?.(good) })
  }

  return server
}
