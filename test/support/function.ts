import { createSign, generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import { pages, routes } from '../../functions/routes.ts'
import { type GatewayResult, shell } from '../../functions/shell.ts'
import { parseRegistrations } from '../../lib/config/registrations.ts'
import { ProxyError } from '../../lib/errors.ts'
import type { Answer, Post } from '../../lib/http/post.ts'
import type { LogRecord } from '../../lib/log.ts'
import { pollIntervals } from '../../lib/oauth/poll-intervals.ts'
import { createAssertionsFor, createKeysFor, type Deps } from '../../lib/runtime.ts'
import { type Masters, sealKeys } from '../../lib/session/keys.ts'
import type { LeaseStore } from '../../lib/session/leases.ts'
import { refreshes } from '../../lib/session/refreshes.ts'

// The function with literals around it: a key in memory, a provider that is a variable, a log that is an array.

export const ORIGIN = 'https://app.example.com'
export const REDIRECT_URI = 'https://app.example.com/callback'
export const VERIFIER = 'v'.repeat(43)
export const ARN = 'arn:aws:kms:eu-central-1:111122223333:key/00000000-0000-4000-8000-000000000001'

const keyPair = generateKeyPairSync('rsa', { modulusLength: 2048 })
export const publicKey: KeyObject = keyPair.publicKey

/** A client of the configuration document, with whatever a test changes. */
export function registration(overrides: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    client_id: 'app-1',
    provider: 'pingone',
    issuer: 'https://auth.pingone.eu/0000/as',
    signing_keys: [
      { kms_key_arn: ARN, alg: 'RS256', public_jwk: publicKey.export({ format: 'jwk' }), state: 'active' },
    ],
    allowed_origins: [ORIGIN],
    redirect_uris: [REDIRECT_URI],
    ...overrides,
  }
}

export interface TestFunction {
  handler(event: unknown): Promise<GatewayResult>
  /** How often the signer was asked. */
  signed: number
  /** What went to the provider. */
  sent: { url: string; form: URLSearchParams; dpop: string | undefined }[]
  log: LogRecord[]
  /** What the provider answers next, or the error that the connection to it ends in. */
  answer: Answer | ProxyError
  /** What is sent goes this way instead, where a test sets it. */
  post: Post | undefined
  /** What is at its `jwks_uri`, or the error that reading it ends in. */
  jwks: Answer | ProxyError
  /** The URLs that keys were read from. */
  read: string[]
  signerError: ProxyError | undefined
  expired: boolean
  /** The keys that sessions are sealed by. */
  ring: Masters
  /** Milliseconds that its clock is ahead. */
  ahead: number
  deps: Deps
}

export const RING: Masters = { write: 'k1', masters: new Map([['k1', 'first-master-'.repeat(4)]]) }

export const TOKENS: Answer = {
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({
    access_token: 'at-1',
    token_type: 'Bearer',
    expires_in: 3600,
    refresh_token: 'rt-1',
  }),
}

export function testFunction(...clients: Record<string, unknown>[]): TestFunction {
  return functionWith({}, ...clients)
}

/** The same with a store of leases, as another container has it, too. */
export function functionWith(
  { leases }: { leases?: LeaseStore },
  ...clients: Record<string, unknown>[]
): TestFunction {
  const text = JSON.stringify({ version: 1, clients: clients.length > 0 ? clients : [registration()] })
  const registrations = parseRegistrations(text, { revision: '1', onLambda: true })
  let ids = 0
  const signerFor: Deps['signerFor'] = async key => ({
    alg: key.alg,
    kid: key.kid ?? 'kid-1',
    async sign(input) {
      fn.signed++
      if (fn.signerError) throw fn.signerError
      return createSign('sha256').update(input).sign(keyPair.privateKey)
    },
  })
  const now = () => Date.now() + fn.ahead
  // Waits are real, and short: what is waited for has to come in the meantime.
  const wait = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms / 50))
  const log: Deps['log'] = record => fn.log.push(record)
  const randomId = () => `jti-${++ids}`
  const deps: Deps = {
    configuration: async () => ({ registrations, expired: fn.expired }),
    signerFor,
    assertionsFor: createAssertionsFor({ signerFor, now, randomId, log }),
    connect: async () => {},
    polls: pollIntervals(now, code => code),
    keysFor: createKeysFor({
      async get(url) {
        fn.read.push(url)
        if (fn.jwks instanceof ProxyError) throw fn.jwks
        return fn.jwks
      },
      now,
      log,
    }),
    async post(url, form, { dpop, onSent } = {}) {
      fn.sent.push({ url, form, dpop })
      onSent?.()
      if (fn.post) return fn.post(url, form, { dpop })
      if (fn.answer instanceof ProxyError) throw fn.answer
      return fn.answer
    },
    seals: sealKeys({
      ring: { get: async () => ({ value: fn.ring, expired: false }), renewed: async () => true },
      now,
    }),
    refreshes: refreshes({ leases, now, wait, randomId, report: () => {} }),
    now,
    randomId,
    log,
  }
  const fn: TestFunction = {
    deps,
    ring: RING,
    ahead: 0,
    handler: shell(routes, () => deps, undefined, pages).handler,
    signed: 0,
    sent: [],
    log: [],
    answer: TOKENS,
    post: undefined,
    jwks: { status: 200, headers: { 'content-type': 'application/json' }, body: '{"keys":[]}' },
    read: [],
    signerError: undefined,
    expired: false,
  }
  return fn
}

export const GOOD = {
  grant_type: 'authorization_code',
  client_id: 'app-1',
  code: 'code-1',
  redirect_uri: REDIRECT_URI,
  code_verifier: VERIFIER,
}

export interface EventOverrides {
  method?: string
  path?: string
  headers?: Record<string, string | undefined>
  body?: string
  base64?: boolean
}

/** A payload 2.0 event, form-encoded and in base64 as API Gateway hands a form over, from an allowed origin. */
export function event(
  parameters: Record<string, string> | [string, string][] | undefined = GOOD,
  { method = 'POST', path = '/token', headers = {}, body, base64 = true }: EventOverrides = {},
): Partial<APIGatewayProxyEventV2> {
  const text = body ?? new URLSearchParams(parameters).toString()
  const all = { origin: ORIGIN, 'content-type': 'application/x-www-form-urlencoded', ...headers }
  return {
    version: '2.0',
    routeKey: `ANY ${path}`,
    rawPath: path,
    headers: Object.fromEntries(
      Object.entries(all).filter((header): header is [string, string] => header[1] !== undefined),
    ),
    requestContext: { http: { method, path } } as APIGatewayProxyEventV2['requestContext'],
    body: base64 ? Buffer.from(text).toString('base64') : text,
    isBase64Encoded: base64,
  }
}

/** The same request as a hand-written app sends it. */
export function jsonEvent(value: unknown, overrides: EventOverrides = {}): Partial<APIGatewayProxyEventV2> {
  return event(undefined, {
    ...overrides,
    headers: { 'content-type': 'application/json', ...overrides.headers },
    body: JSON.stringify(value),
    base64: false,
  })
}
