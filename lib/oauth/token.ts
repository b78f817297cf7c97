import type { Client } from '../config/client.ts'
import { coded, ProxyError } from '../errors.ts'
import type { Answer } from '../http/post.ts'
import { isDpop } from './dpop.ts'
import { readErrorResponse, readJsonObject } from './error-response.ts'

/** The members of a successful token response (RFC 6749 section 5.1, OpenID Connect Core 3.1.3.3) that are passed on. */
export type TokenResponse = Record<string, unknown> & { access_token: string; token_type: string }

/** Those that may be missing. */
const STRINGS = ['scope', 'id_token', 'refresh_token', 'issued_token_type'] as const

/** What was asked with, as far as the answer is held against it. */
export interface TokenRequest {
  /** A DPoP proof went along. */
  proof: boolean
  /** The names of members that this provider's answers have beside the usual ones. */
  members?: readonly string[] | undefined
}

/**
 * Reads the provider's answer. Returns the members that it gave, by allow-list, all of them; `forTheApp` takes out what
 * the app may not have. Throws ProxyError for everything that is not a token response: `upstream_malformed`,
 * `dpop_downgraded`, or what `readErrorResponse` makes of it.
 */
export function readTokenResponse(answer: Answer, { proof, members = [] }: TokenRequest): TokenResponse {
  if (answer.status !== 200) throw readErrorResponse(answer)
  const json = readJsonObject(answer)
  const malformed = (code: string) =>
    new ProxyError('upstream_malformed', { upstream: { status: answer.status }, cause: coded(code) })
  if (!json) throw malformed('NOT_JSON')
  if (!isNonEmptyString(json.access_token) || !isNonEmptyString(json.token_type)) throw malformed('NO_TOKENS')

  const { access_token, token_type } = json
  const response: TokenResponse = { access_token, token_type }
  for (const member of STRINGS) {
    const value = json[member]
    if (value === undefined || value === null) continue
    if (typeof value !== 'string') throw malformed('MEMBER_TYPE')
    response[member] = value
  }
  // Missing stays missing: RFC 6749 section 5.1 only recommends it, and a made-up life would be a lie.
  if (isLifetime(json.expires_in)) response.expires_in = Number(json.expires_in)
  else if (json.expires_in !== undefined && json.expires_in !== null) throw malformed('MEMBER_TYPE')
  if (Array.isArray(json.authorization_details)) {
    // JSON.parse takes any depth, JSON.stringify does not: better said here than when the answer is written.
    if (!isWritable(json.authorization_details)) throw malformed('TOO_DEEP')
    response.authorization_details = json.authorization_details
  }
  for (const member of members) {
    const value = json[member]
    // As it came: servers differ in how they write them, and a code is not lost over one that nobody can read.
    if (typeof value !== 'string' && typeof value !== 'boolean' && !Array.isArray(value)) continue
    if (!isWritable(value)) throw malformed('TOO_DEEP')
    response[member] = value
  }

  // RFC 9449 section 5: an app that sent a proof believes its token bound to its key, and a bearer token is not.
  if (proof && !isDpop(token_type)) {
    throw new ProxyError('dpop_downgraded', { upstream: { status: answer.status } })
  }
  return response
}

/** The members that go to the app: the same object, unless a refresh token is withheld from it. */
export function forTheApp(response: TokenResponse, { refresh }: Pick<Client, 'refresh'>): TokenResponse {
  const { refresh_token, ...others } = response
  if (refresh_token === undefined) return response
  // A refresh token in a page can be redeemed through this endpoint by whoever steals it: out, unless the operator
  // has said that the provider rotates them, or it was given for a proof (RFC 9700 section 4.14).
  const allowed = refresh === 'rotating' || (refresh === 'dpop' && isDpop(response.token_type))
  return allowed ? response : (others as TokenResponse)
}

/**
 * What became of the refresh token that was sent. A provider that gives the same one again, or none, does not rotate
 * them for this, confidential, client: then a stolen one is as good as its owner's for as long as it lives.
 */
export function rotation(sent: string, { refresh_token }: TokenResponse): 'rotated' | 'repeated' | 'kept' {
  if (refresh_token === undefined) return 'kept'
  return refresh_token === sent ? 'repeated' : 'rotated'
}

function isWritable(value: unknown): boolean {
  try {
    JSON.stringify(value)
    return true
  } catch {
    return false
  }
}

function isNonEmptyString(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

// A number of seconds; some providers write it as a string.
function isLifetime(value: unknown): boolean {
  return typeof value === 'number'
    ? Number.isFinite(value) && value >= 0
    : typeof value === 'string' && /^\d{1,10}$/.test(value)
}
