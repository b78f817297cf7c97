import type { Configuration } from '../lib/config/source.ts'
import type { Form } from '../lib/http/form.ts'
import type { Reply } from '../lib/http/reply.ts'
import type { LogRecord } from '../lib/log.ts'
import type { Reader } from '../lib/reader.ts'
import type { Deps } from '../lib/runtime.ts'

/** One request on its way through: what the gateway handed over, and what each link of the chain has found out. */
export interface Call {
  readonly route: string
  readonly method: string
  /** Lower-cased names. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** Each as `name=value`, as they came. */
  readonly cookies: readonly string[]
  /** Without its question mark. */
  readonly query: string
  /** The payload's version is 1.0, whose answers spell cookies otherwise. */
  readonly v1: boolean
  readonly body: string | undefined
  readonly isBase64Encoded: boolean
  /** Random; in the `X-Request-Id` header and in the log. */
  readonly request_id: string
  /** `performance.now()` at its arrival. */
  readonly started: number
  /** What will be written of this request, and nothing but it. */
  readonly record: LogRecord
  /** `Set-Cookie` values of the answer, whatever becomes of the request. */
  readonly setCookies: string[]
  // Set by the links of the chain, in this order.
  deps?: Reader
  configuration?: Configuration
  corsHeaders?: Record<string, string>
  form?: Form
}

/** A call that has passed every link: what an endpoint gets. */
export type ReadyCall = Call & { deps: Deps } & Required<Pick<Call, 'configuration' | 'form'>>

/** One route: from parameters to an answer. Refuses by throwing ProxyError. */
export type Endpoint = (call: ReadyCall) => Promise<Reply>

/** The same of a navigation: there is no body. */
export type PageCall = Omit<ReadyCall, 'form'>

/** A route that a browser comes to by navigation. Refuses by throwing ProxyError. */
export type Page = (call: PageCall) => Promise<Reply>

type Loose = { readonly [name: string]: unknown }

/**
 * Reads a gateway event: API Gateway payload 2.0 (HTTP API, function URL) or 1.0 (REST API). Takes any value: what is
 * not there is empty, and then refused further on. `request_id` is Lambda's own id of the invocation, a random UUID.
 */
export function readEvent(event: unknown, request_id: string, started = performance.now()): Call {
  const { requestContext, multiValueHeaders, body, isBase64Encoded, ...rest } = loose(event)
  const method = text(loose(loose(requestContext).http).method) ?? text(rest.httpMethod) ?? ''
  const route = routeOf(text(rest.routeKey), text(rest.rawPath) ?? text(rest.path) ?? '')
  // In payload 1.0 `headers` has the last of several values alone.
  const headers = { ...lowerCased(loose(rest.headers)), ...lowerCased(joined(loose(multiValueHeaders))) }
  return {
    route,
    method,
    headers,
    cookies: cookiesOf(rest.cookies, headers.cookie),
    query: text(rest.rawQueryString) ?? queryOf(loose(rest.multiValueQueryStringParameters)),
    v1: rest.version !== '2.0' && 'httpMethod' in rest,
    body: text(body),
    isBase64Encoded: isBase64Encoded === true,
    request_id,
    started,
    record: { level: 'info', event: 'request', request_id },
    setCookies: [],
  }
}

// `ANY /token` names the route whatever stage or mapping stands before it in the path; `$default` (a function URL,
// a catch-all route) names none.
function routeOf(routeKey: string | undefined, path: string): string {
  return routeKey?.includes(' ') ? routeKey.slice(routeKey.indexOf(' ') + 1) : path
}

/**
 * Payload 2.0 has them apart; in 1.0 they stand in their header (RFC 6265 section 4.2.1). A comma separates nothing: browsers
 * take it for a part of a value, and so would let any sibling host put a cookie of ours behind one.
 */
function cookiesOf(apart: unknown, header: string | undefined): string[] {
  const values = Array.isArray(apart) ? apart : [header]
  return values.flatMap((value: unknown) => (typeof value === 'string' ? value.split(/;[ \t]*/) : []))
}

/** Payload 1.0 has the parameters decoded. */
function queryOf(parameters: Loose): string {
  const query = new URLSearchParams()
  for (const [name, values] of Object.entries(parameters)) {
    if (!Array.isArray(values)) continue
    for (const value of values) if (typeof value === 'string') query.append(name, value)
  }
  return query.toString()
}

function joined(headers: Loose): Loose {
  const several = Object.entries(headers).filter((entry): entry is [string, unknown[]] =>
    Array.isArray(entry[1]),
  )
  // RFC 9113 section 8.2.3: of all headers this one alone is not a list by commas.
  const between = (name: string) => (name.toLowerCase() === 'cookie' ? '; ' : ',')
  const texts = (values: unknown[]) => values.filter(value => typeof value === 'string')
  return Object.fromEntries(several.map(([name, values]) => [name, texts(values).join(between(name))]))
}

function lowerCased(headers: Loose): Record<string, string | undefined> {
  const result: Record<string, string | undefined> = Object.create(null)
  for (const [name, value] of Object.entries(headers)) {
    const key = name.toLowerCase()
    // Two spellings of one name are two headers: joined, as a gateway joins them, so that neither hides the other.
    if (typeof value === 'string') result[key] = key in result ? `${result[key]},${value}` : value
  }
  return result
}

function loose(value: unknown): Loose {
  return typeof value === 'object' && value !== null ? (value as Loose) : {}
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
