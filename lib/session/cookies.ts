import { createHash } from 'node:crypto'
import { ProxyError } from '../errors.ts'
import { COOKIE_CHUNKS_MAX, COOKIE_MAX_B, COOKIES_MAX_B } from '../limits.ts'

/**
 * Of a client: what tells its cookies from those of the others of the deployment. A client_id may hold what no cookie's
 * name can.
 */
export function tagOf(client_id: string): string {
  return createHash('sha256').update(client_id).digest('base64url').slice(0, 8)
}

/**
 * `__Host-Http-`: only a Secure, HttpOnly answer of this very host can set it, with Path=/ and no Domain, so no sibling
 * host can (RFC 10017; draft-ietf-httpbis-layered-cookies). A browser that does not know it knows `__Host-`, its beginning.
 */
const PREFIX = '__Host-Http-cs-'

export const sessionCookie = (client_id: string) => `${PREFIX}${tagOf(client_id)}`
export const loginCookie = (client_id: string) => `${PREFIX}login-${tagOf(client_id)}`

/**
 * Finds a cookie among those of the request, in one piece or in chunks (`…-0`, `…-1`). Throws ProxyError
 * `cookie_repeated` where one of its names came twice, or both forms did: somebody else has set one of them.
 */
export function readCookie(cookies: readonly string[], name: string): string | undefined {
  const values = new Map<string, string>()
  for (const cookie of cookies) {
    const one = nameOf(cookie)
    if (!isPart(one, name)) continue
    if (values.has(one)) throw new ProxyError('cookie_repeated')
    values.set(one, cookie.slice(cookie.indexOf('=') + 1).trim())
  }
  if (values.has(name) && values.size > 1) throw new ProxyError('cookie_repeated')
  const whole = values.get(name)
  if (whole !== undefined) return whole
  const chunks = Array.from(values, (_, index) => values.get(`${name}-${index}`))
  // One that is missing in the middle: what is left cannot be opened.
  const complete = chunks.length > 0 && chunks.every(chunk => chunk !== undefined)
  return complete ? chunks.join('') : undefined
}

/** The names under which something of it came, each once. */
export function partsOf(cookies: readonly string[], name: string): string[] {
  return [...new Set(cookies.map(nameOf))].filter(one => isPart(one, name))
}

/**
 * As a browser reads it (RFC 6265bis section 5.6): spaces and tabs are taken off, and no other character that looks like one.
 * By hand: an expression that is anchored at the end looks at a run of spaces once for each of them.
 */
function nameOf(cookie: string): string {
  let [start, end] = [0, Math.max(cookie.indexOf('='), 0)]
  while (start < end && isBlank(cookie[start]!)) start++
  while (end > start && isBlank(cookie[end - 1]!)) end--
  return cookie.slice(start, end)
}

function isBlank(character: string): boolean {
  return character === ' ' || character === '\t'
}

function isPart(cookie: string, name: string): boolean {
  return cookie === name || (cookie.startsWith(`${name}-`) && /^\d$/.test(cookie.slice(name.length + 1)))
}

const ATTRIBUTES = 'Path=/; Secure; HttpOnly; SameSite='

export interface CookieOptions {
  /** Seconds. */
  max_age: number
  /** Lax alone survives the way back from the provider, which is a navigation from another site. */
  same_site: 'Strict' | 'Lax'
}

/** Every name that a cookie can have something under. */
function allParts(name: string): string[] {
  return [name, ...Array.from({ length: COOKIE_CHUNKS_MAX }, (_, index) => `${name}-${index}`)]
}

/**
 * The `Set-Cookie` values that put a value into the browser, and take away what may be there under its other names: what is
 * there nobody can say, since a Strict cookie does not come along to the callback. Throws ProxyError `session_too_large`
 * (requirement COOKIE-4): nothing is ever cut off.
 */
export function setCookies(name: string, value: string, { max_age, same_site }: CookieOptions): string[] {
  const parts = chunked(name, value)
  const left = allParts(name).filter(one => !parts.some(([part]) => part === one))
  return [
    ...parts.map(([part, text]) => `${part}=${text}; Max-Age=${max_age}; ${ATTRIBUTES}${same_site}`),
    ...left.map(one => clear(one, same_site)),
  ]
}

/** The same names, path and attributes, or the browser would keep what it has (requirement COOKIE-9). */
export function clearCookies(names: readonly string[], same_site: CookieOptions['same_site']): string[] {
  return names.map(name => clear(name, same_site))
}

function clear(name: string, same_site: CookieOptions['same_site']): string {
  return `${name}=; Max-Age=0; ${ATTRIBUTES}${same_site}`
}

/** Values are ASCII, so that a character is a byte. */
function chunked(name: string, value: string): [name: string, value: string][] {
  if (name.length + value.length <= COOKIE_MAX_B) return [[name, value]]
  const size = COOKIE_MAX_B - `${name}-0`.length
  const chunks = value.match(new RegExp(`.{1,${size}}`, 'g')) ?? []
  const parts = chunks.map((chunk, index): [string, string] => [`${name}-${index}`, chunk])
  const bytes = parts.reduce((sum, [one, chunk]) => sum + one.length + chunk.length, 0)
  if (parts.length > COOKIE_CHUNKS_MAX || bytes > COOKIES_MAX_B) throw new ProxyError('session_too_large')
  return parts
}
